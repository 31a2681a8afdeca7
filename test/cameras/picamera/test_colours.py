import numpy as np
import pytest

from picosam_ros.cameras.picamera.colours import FORMATS, PREFERRED, to_rgb
from picosam_ros.errors import CameraError

# How a red pixel lies in memory, by the picamera2 manual.
RED = {
    'BGR888': (255, 0, 0),
    'RGB888': (0, 0, 255),
    'XBGR8888': (255, 0, 0, 255),
    'XRGB8888': (0, 0, 255, 255),
}


@pytest.mark.parametrize('name', FORMATS)
def test_a_red_square_is_red(name):
    memory = np.zeros((6, 8, len(RED[name])), np.uint8)
    memory[2:4, 3:6] = RED[name]
    rgb = to_rgb(memory, name)
    expected = np.zeros((6, 8, 3), np.uint8)
    expected[2:4, 3:6, 0] = 255
    assert np.array_equal(rgb, expected)
    assert rgb.flags.c_contiguous


def test_what_the_cameras_ask_for_is_not_converted():
    memory = np.zeros((6, 8, 3), np.uint8)
    assert to_rgb(memory, PREFERRED) is memory


def test_an_unknown_format_is_refused_with_the_known_ones():
    with pytest.raises(CameraError, match="'YUV420'; known are BGR888, RGB888, XBGR8888"):
        to_rgb(np.zeros((9, 8), np.uint8), 'YUV420')
