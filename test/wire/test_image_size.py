"""The size of an image by its header, as the decoder finds it."""

from contextlib import suppress

import cv2
import numpy as np
import pytest

from picosam_ros.errors import ImageError
from picosam_ros.wire.image_size import image_size

SUFFIXES = ('.png', '.jpg', '.webp', '.bmp', '.tif')


def encoded(suffix, width, height, options=()):
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.imencode(suffix, pixels, options)[1].tobytes()


@pytest.mark.parametrize('suffix', SUFFIXES)
@pytest.mark.parametrize('size', [(1, 1), (3, 700), (641, 480), (300, 2)])
def test_it_is_that_of_the_pixels(suffix, size):
    assert image_size(encoded(suffix, *size)) == size


@pytest.mark.parametrize('quality', [80, 101])  # above 100 it is lossless
def test_both_kinds_of_webp_are_read(quality):
    assert image_size(encoded('.webp', 37, 21, [cv2.IMWRITE_WEBP_QUALITY, quality])) == (37, 21)


def test_a_jpeg_whose_header_comes_after_other_segments_is_read():
    jpeg = encoded('.jpg', 30, 20, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    exif = b'\xff\xe1' + (2 + 60000).to_bytes(2, 'big') + b'\xff\xc0' * 30000
    assert image_size(jpeg[:2] + exif + jpeg[2:]) == (30, 20)


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_of_a_file_that_is_cut_off_it_is_that_or_an_error(suffix):
    whole = encoded(suffix, 30, 20)
    for length in range(min(len(whole), 700)):
        with suppress(ImageError):
            assert image_size(whole[:length]) == (30, 20)


@pytest.mark.parametrize('content', [b'', b'GIF89a' + bytes(20), b'<svg></svg>', b'RIFF1234WAVE'])
def test_what_is_no_such_image_is_told(content):
    with pytest.raises(ImageError, match='its format is not known'):
        image_size(content)
