import sys

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from picosam_ros.errors import ImageError, PromptError
from picosam_ros.frame import Frame
from picosam_ros.msg import Box2D, Point2D, PromptStatus
from picosam_ros.msg import Prompt as PromptMessage
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.results import Answer, PromptState
from picosam_ros.ros.messages import (
    from_time,
    header_of,
    to_image,
    to_jpeg,
    to_points,
    to_prompt,
    to_raw_image,
    to_status,
    to_time,
)
from picosam_ros.wire.images import to_rgb
from picosam_ros.wire.messages import read_compressed_image, read_image

HEADER = Header(stamp=to_time(12_000_000_034), frame_id='lens')


@pytest.fixture
def frame():
    return Frame(np.zeros((60, 80, 3), np.uint8), 12_000_000_034, 'lens')


@given(st.integers(0, 2**31 * 10**9 - 1))
def test_stamps_round_trip_to_the_nanosecond(nanoseconds):
    stamp = to_time(nanoseconds)
    assert 0 <= stamp.nanosec < 10**9
    assert from_time(stamp) == nanoseconds


@pytest.mark.parametrize(('sec', 'nanosec'), [(-1, 0), (5, 10**9), (5, 2**32 - 1), (-(2**31), 1)])
def test_a_stamp_that_is_none_is_refused_and_not_made_into_another(sec, nanosec):
    told = f'the stamp is {sec} s and {nanosec} ns; allowed are'
    stamp = Time(sec=sec, nanosec=nanosec)
    with pytest.raises(ImageError, match=told):
        from_time(stamp)
    with pytest.raises(PromptError, match=told):
        from_time(stamp, PromptError)
    image = Image(header=Header(stamp=stamp))
    with pytest.raises(ImageError, match=told):
        to_raw_image(image)
    with pytest.raises(ImageError, match=told):
        read_image(serialize_message(image))
    with pytest.raises(ImageError, match=told):
        read_compressed_image(serialize_message(CompressedImage(header=Header(stamp=stamp))))


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


@pytest.mark.parametrize(
    ('label', 'hint'),
    [(2, "give SAM's corners 2 and 3 as `box`"), (3, '`box`'), (255, 'leave such a point out')],
)
def test_another_label_is_refused_beside_a_positive_point(label, hint):
    points = [Point2D(x=1.0, y=2.0), Point2D(x=3.5, y=4.0, label=label)]
    with pytest.raises(PromptError, match=rf'\(3.5, 4\) has label {label}; allowed are 0 .*{hint}'):
        to_prompt(PromptMessage(points=points))


def test_the_roi_size_of_a_prompt_goes_before_that_of_the_node():
    points = [Point2D(x=1.0, y=2.0)]
    assert to_prompt(PromptMessage(points=points, roi_size=64), 32).roi_size == 64
    assert to_prompt(PromptMessage(points=points), 32).roi_size == 32


@pytest.mark.parametrize('state', PromptState)
def test_the_states_have_the_messages_numbers(state):
    message = to_status(Answer(4, state, 'why', 8), HEADER)
    assert message.state == getattr(PromptStatus, state.name)
    assert (message.header, message.object_id) == (HEADER, 4)
    assert (message.generation, message.reason) == (8, 'why')


def test_a_jpeg_is_what_the_plugin_compressed_of_image_transport_publishes():
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, :32] = (250, 40, 30)
    message = to_jpeg(pixels, HEADER)
    assert message.header == HEADER
    assert message.format == 'rgb8; jpeg compressed bgr8'
    decoded = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_allclose(decoded[..., ::-1][:, :24], pixels[:, :24], atol=8)
    assert len(message.data) < pixels.size / 4
