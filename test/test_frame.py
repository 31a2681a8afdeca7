import re
import time

import numpy as np
import pytest

from picosam_ros.errors import ImageError
from picosam_ros.frame import Frame


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


@pytest.mark.parametrize(
    ('array', 'quoted'),
    [
        (np.zeros((4, 4), np.uint8), 'shape (4, 4) and type uint8'),
        (np.zeros((4, 4, 4), np.uint8), 'shape (4, 4, 4) and type uint8'),
        (np.zeros((4, 4, 3), np.float32), 'shape (4, 4, 3) and type float32'),
        (np.zeros((1, 4, 4, 3), np.uint8), 'shape (1, 4, 4, 3)'),
        ([1, 2, 3], 'shape (3,)'),
    ],
)
def test_an_array_that_is_no_rgb_picture_is_refused_with_its_shape_and_type(array, quoted):
    with pytest.raises(ImageError, match=re.escape(quoted)) as refusal:
        Frame.from_array(array)
    assert 'height × width × 3 of uint8 in the order R, G, B' in str(refusal.value)


@pytest.mark.parametrize('shape', [(0, 4, 3), (4, 0, 3)])
def test_a_picture_without_pixels_is_refused(shape):
    with pytest.raises(ImageError, match=f'{re.escape(str(shape))} has no pixels'):
        Frame.from_array(np.zeros(shape, np.uint8))
