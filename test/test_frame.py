import re
import time

import numpy as np
import pytest

from picosam_ros.errors import ImageError
from picosam_ros.frame import Frame, SensorOutput, as_frame
from picosam_ros.roi import Roi


def test_a_frame_is_a_view_of_the_array_that_was_given(photo):
    assert Frame.from_array(photo).pixels is photo
    mirrored = photo[:, ::-1]
    assert np.shares_memory(Frame.from_array(mirrored).pixels, photo)


def test_width_counts_columns_and_height_counts_rows(photo):
    frame = Frame.from_array(photo)
    assert (frame.width, frame.height) == (160, 120)


def test_a_frame_without_a_stamp_is_stamped_now(photo):
    before = time.time_ns()
    frame = Frame.from_array(photo)
    assert before <= frame.stamp_ns == frame.received_ns <= time.time_ns()


def test_a_given_stamp_and_frame_id_are_kept_and_the_arrival_is_not_before_the_stamp(photo):
    past = Frame.from_array(photo, stamp_ns=0, frame_id='camera_optical')
    assert (past.stamp_ns, past.frame_id) == (0, 'camera_optical')
    assert past.received_ns > 0
    future = Frame.from_array(photo, stamp_ns=2**62)
    assert future.received_ns == future.stamp_ns == 2**62


def test_the_alpha_of_an_image_is_left_out_without_a_copy(photo):
    rgba = np.dstack([photo, np.zeros(photo.shape[:2], np.uint8)])
    pixels = Frame.from_array(rgba).pixels
    np.testing.assert_array_equal(pixels, photo)
    assert np.shares_memory(pixels, rgba)


@pytest.mark.parametrize('shape', [(120, 160), (120, 160, 1)])
def test_grey_becomes_three_equal_channels(photo, shape):
    grey = np.ascontiguousarray(photo[..., 0]).reshape(shape)
    pixels = Frame.from_array(grey).pixels
    assert pixels.shape == (120, 160, 3)
    for channel in range(3):
        np.testing.assert_array_equal(pixels[..., channel], photo[..., 0])


def test_what_is_a_frame_already_stays_it_and_an_array_is_wrapped(photo):
    frame = Frame.from_array(photo)
    assert as_frame(frame) is frame
    assert as_frame(photo).pixels is photo


def test_a_frame_prints_as_one_line_without_pixels(photo):
    frame = Frame.from_array(photo, stamp_ns=17, frame_id='lens')
    assert repr(frame) == "Frame(160×120, stamp_ns=17, frame_id='lens')"
    output = SensorOutput(np.zeros((8, 9), np.float32), Roi(1, 2, 3, 4), 5, 1.0, 1.0)
    assert repr(output) == 'SensorOutput(9×8, Roi(x=1, y=2, width=3, height=4), ticket=5)'


@pytest.mark.parametrize(
    ('array', 'quoted'),
    [
        (np.zeros((4, 4), np.uint16), 'shape (4, 4) and type uint16'),
        (np.zeros((4, 4, 2), np.uint8), 'shape (4, 4, 2) and type uint8'),
        (np.zeros((4, 4, 5), np.uint8), 'shape (4, 4, 5) and type uint8'),
        (np.zeros((4, 4, 3), np.float32), 'shape (4, 4, 3) and type float32'),
        (np.zeros((1, 4, 4, 3), np.uint8), 'shape (1, 4, 4, 3)'),
        ([1, 2, 3], 'shape (3,)'),
    ],
)
def test_an_array_that_is_no_image_is_refused_with_its_shape_and_type(array, quoted):
    with pytest.raises(ImageError, match=re.escape(quoted)) as refusal:
        as_frame(array)
    assert 'uint8 of height × width (grey)' in str(refusal.value)


@pytest.mark.parametrize('shape', [(0, 4, 3), (4, 0, 3)])
def test_an_image_without_pixels_is_refused(shape):
    with pytest.raises(ImageError, match=f'{re.escape(str(shape))} has no pixels'):
        Frame.from_array(np.zeros(shape, np.uint8))
