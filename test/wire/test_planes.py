import numpy as np
import pytest

from picosam_ros.errors import ImageError
from picosam_ros.wire.images import BYTES, DEPTHS, RawImage, to_plane

VALUES = np.array([[1, 2, 3], [400, 500, 600]])


def image(encoding, data, *, width=3, height=2, step=None, is_bigendian=False):
    data = np.frombuffer(data, np.uint8)
    step = len(data) // 2 if step is None else step
    return RawImage(0, '', height, width, encoding, is_bigendian, step, data)


@pytest.mark.parametrize(('encoding', 'kind'), [('16UC1', 'u2'), ('mono16', 'u2'), ('32FC1', 'f4')])
@pytest.mark.parametrize('order', '<>')
def test_depth_reads_in_either_byte_order(encoding, kind, order):
    data = VALUES.astype(order + kind).tobytes()
    plane = to_plane(image(encoding, data, is_bigendian=order == '>'), DEPTHS)
    assert plane.dtype.kind + str(plane.dtype.itemsize) == kind
    assert np.array_equal(plane, VALUES)


def test_padding_at_the_end_of_rows_is_left_out():
    padded = np.full((2, 5), 7, '<u2')
    padded[:, :3] = VALUES
    assert np.array_equal(to_plane(image('16UC1', padded.tobytes()), DEPTHS), VALUES)


def test_a_plane_is_a_view_of_the_message():
    data = bytearray(6)
    plane = to_plane(image('mono8', data), BYTES)
    data[4] = 9
    assert plane[1, 1] == 9


@pytest.mark.parametrize(
    ('given', 'words'),
    [
        (image('rgb8', bytes(18)), "encoding 'rgb8' was given; allowed are 16UC1, mono16, 32FC1"),
        (image('16UC1', b'', width=0, step=0), '0×2 pixels was given: it is empty'),
        (image('16UC1', bytes(12), step=5), 'step 5 was given for 3 pixels.*at least 6 bytes'),
        (image('16UC1', bytes(11), step=6), '11 bytes were given for 2 rows.*12 are needed'),
    ],
)
def test_what_does_not_agree_is_refused_in_words(given, words):
    with pytest.raises(ImageError, match=words):
        to_plane(given, DEPTHS)
