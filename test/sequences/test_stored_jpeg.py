import cv2
import numpy as np
import pytest
from helpers.jpeg_files import with_orientation

from picosam_ros.sequences.stored_jpeg import stored_jpeg


def jpeg(shape=(40, 80, 3), *options):
    pixels = np.linspace(0, 255, np.prod(shape)).astype(np.uint8).reshape(shape)
    return cv2.imencode('.jpg', pixels, options)[1].tobytes()


@pytest.mark.parametrize(
    'encoded',
    [
        jpeg(),
        jpeg((40, 80)),
        jpeg((40, 80, 3), cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        with_orientation(jpeg(), 1),
        jpeg() + bytes(100),
    ],
    ids=['colour', 'grey', 'progressive', 'upright', 'with zeros behind it'],
)
def test_a_plain_jpeg_is_kept_byte_by_byte(encoded):
    assert stored_jpeg(encoded) == encoded


@pytest.mark.parametrize('orientation', range(2, 9))
def test_one_that_exif_turns_is_not_kept(orientation):
    assert stored_jpeg(with_orientation(jpeg(), orientation)) == b''


def test_exif_data_that_cannot_be_read_might_turn_it():
    turned = with_orientation(jpeg(), 6)
    assert stored_jpeg(turned.replace(b'II*\0', b'II+\0')) == b''
    assert stored_jpeg(turned.replace(b'II*\0\x08', b'II*\0\xf8')) == b''


def test_one_that_is_cut_off_is_not_kept_at_whatever_byte():
    whole = jpeg((16, 16, 3))
    assert not any(stored_jpeg(whole[:length]) for length in range(len(whole)))


def test_one_without_its_huffman_tables_is_not_kept():
    whole = jpeg()
    at = whole.index(b'\xff\xc4')
    while whole[at : at + 2] == b'\xff\xc4':
        length = int.from_bytes(whole[at + 2 : at + 4], 'big')
        whole = whole[:at] + whole[at + 2 + length :]
        at = whole.find(b'\xff\xc4')
    assert stored_jpeg(whole) == b''


@pytest.mark.parametrize('change', [(4, b'\x0c'), (9, b'\x04')], ids=['12 bits', 'CMYK'])
def test_one_that_few_programs_read_is_not_kept(change):
    whole, (offset, value) = jpeg(), change
    at = whole.index(b'\xff\xc0') + offset
    assert stored_jpeg(whole[:at] + value + whole[at + 1 :]) == b''


@pytest.mark.parametrize('suffix', ['.png', '.bmp', '.webp', '.tiff'])
def test_other_formats_are_not_kept(suffix):
    encoded = cv2.imencode(suffix, np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    assert stored_jpeg(encoded) == b''
