import math
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.latency import STAGES, Timing
from picosam_ros.mask import Mask
from picosam_ros.msg import Box2D, Point2D, PromptStatus
from picosam_ros.msg import Prompt as PromptMessage
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.results import Answer, State, Unanswered
from picosam_ros.roi import Roi
from picosam_ros.ros.messages import (
    from_time,
    header_of,
    to_image,
    to_jpeg,
    to_latency,
    to_mask,
    to_mask_array,
    to_points,
    to_prompt,
    to_raw_image,
    to_status,
    to_time,
)
from picosam_ros.wire.images import to_rgb

HEADER = Header(stamp=to_time(12_000_000_034), frame_id='lens')


@pytest.fixture
def frame():
    return Frame(np.zeros((60, 80, 3), np.uint8), 12_000_000_034, 'lens')


def mask_of(logits, **prompt):
    """Give a mask whose network pixels are the image pixels from (10, 20) on."""
    height, width = logits.shape
    return Mask(
        Prompt.from_point(11, 21, **prompt), logits, Roi(10, 20, width, height), 80, 60, 'test', 0.5
    )


@given(st.integers(-(2**31) * 10**9, 2**31 * 10**9 - 1))
def test_stamps_round_trip_to_the_nanosecond(nanoseconds):
    stamp = to_time(nanoseconds)
    assert 0 <= stamp.nanosec < 10**9
    assert from_time(stamp) == nanoseconds


def test_a_header_is_that_of_the_frame(frame):
    assert header_of(frame) == HEADER


@pytest.mark.parametrize(('shape', 'encoding'), [((4, 6), 'mono8'), ((4, 6, 3), 'rgb8')])
def test_pixels_become_an_image_that_reads_back_equal(shape, encoding):
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    for seen in (pixels, pixels[::-1, ::-2]):
        message = to_image(seen, encoding, HEADER)
        assert message.header == HEADER
        assert message.step * message.height == len(message.data)
        assert message.is_bigendian == (sys.byteorder == 'big')
        read = to_rgb(to_raw_image(message))
        assert np.array_equal(read[..., 0], seen if seen.ndim == 2 else seen[..., 0])
        assert to_raw_image(message).stamp_ns == 12_000_000_034


def test_an_image_message_without_data_can_be_described():
    assert to_raw_image(Image()).data.size == 0


def test_a_mask_becomes_a_message_field_by_field():
    logits = np.full((4, 5), -9, np.float32)
    logits[1, 2:4] = 9
    message = to_mask(mask_of(logits, object_id=7))
    assert (message.object_id, message.generation, message.engine) == (7, 0, 'test')
    assert message.score == 0.5
    assert not message.empty
    roi = message.roi
    assert (roi.x, roi.y, roi.width, roi.height) == (10, 20, 5, 4)
    assert (message.width, message.height) == (5, 4)
    inside = np.reshape(message.probability, (4, 5)) >= 128
    assert np.array_equal(inside, logits > 0)
    assert message.area == 2
    assert message.box == Box2D(x0=12.0, y0=21.0, x1=13.0, y1=21.0)
    assert (message.centroid_x, message.centroid_y) == (12.5, 21)


def test_an_empty_mask_says_so_and_has_no_box():
    message = to_mask(mask_of(np.full((4, 5), -9, np.float32)))
    assert message.empty
    assert message.area == 0
    assert message.box == Box2D()
    assert max(message.probability) < 128


def test_masks_and_what_was_not_answered_are_told_apart_under_the_frames_header(frame):
    mask = mask_of(np.full((4, 5), 9, np.float32), object_id=3)
    missing = Unanswered(Prompt.from_point(1, 1, object_id=254), 'the sensor had no tensor')
    message = to_mask_array(frame, [mask], [missing])
    assert message.header == HEADER
    assert (message.image_width, message.image_height) == (80, 60)
    assert [mask.object_id for mask in message.masks] == [3]
    assert list(message.unanswered) == [254]
    assert message.reasons == ['the sensor had no tensor']


def test_a_box_of_zeros_is_no_box():
    message = PromptMessage(object_id=9, points=[Point2D(x=1.5, y=2.5)])
    assert to_prompt(message) == Prompt((Point(1.5, 2.5),), None, 9)
    with pytest.raises(PromptError, match='no positive point and no box'):
        to_prompt(PromptMessage())


def test_one_number_makes_a_box():
    message = PromptMessage(box=Box2D(x1=4.0, y1=3.0))
    assert to_prompt(message).box == Box(0, 0, 4, 3)


def test_labels_are_those_of_the_message():
    points = [
        Point2D(x=1.0, y=2.0, label=Point2D.POSITIVE),
        Point2D(x=3.0, y=4.0, label=Point2D.NEGATIVE),
    ]
    message = PromptMessage(points=points)
    assert to_points(message) == (Point(1, 2), Point(3, 4, positive=False))


def test_the_roi_size_of_a_prompt_goes_before_that_of_the_node():
    points = [Point2D(x=1.0, y=2.0)]
    assert to_prompt(PromptMessage(points=points, roi_size=64), 32).roi_size == 64
    assert to_prompt(PromptMessage(points=points), 32).roi_size == 32


@pytest.mark.parametrize('state', State)
def test_the_states_have_the_messages_numbers(state):
    message = to_status(Answer(4, state, 'why', 8), HEADER)
    assert message.state == getattr(PromptStatus, state.name)
    assert (message.header, message.object_id) == (HEADER, 4)
    assert (message.generation, message.reason) == (8, 'why')


def test_a_stage_that_does_not_exist_is_nan(frame):
    message = to_latency(frame, Timing(inference=4.5), prompts=1, frames=2, dropped=3)
    assert message.header == HEADER
    assert message.inference == 4.5
    assert all(math.isnan(getattr(message, stage)) for stage in STAGES if stage != 'inference')
    assert (message.prompts, message.frames, message.dropped) == (1, 2, 3)


def test_a_jpeg_is_what_the_plugin_compressed_of_image_transport_publishes():
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, :32] = (250, 40, 30)
    message = to_jpeg(pixels, HEADER)
    assert message.header == HEADER
    assert message.format == 'rgb8; jpeg compressed bgr8'
    decoded = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_allclose(decoded[..., ::-1][:, :24], pixels[:, :24], atol=8)
    assert len(message.data) < pixels.size / 4
