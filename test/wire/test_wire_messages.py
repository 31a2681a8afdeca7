import math

import numpy as np
from helpers.mask_messages import to_mask_array
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message

from picosam_ros.frame import Frame
from picosam_ros.latency import STAGES, Timing
from picosam_ros.mask import Mask
from picosam_ros.msg import Box2D, Latency, MaskArray
from picosam_ros.prompt import Prompt
from picosam_ros.results import Unanswered
from picosam_ros.roi import Roi
from picosam_ros.wire.messages import serialise_latency, serialise_masks

# ROS texts are zero-terminated UTF-8: neither zeros nor lone surrogates can be sent.
TEXTS = st.text(st.characters(codec='utf-8', exclude_characters='\0'), max_size=20)
IDS = st.integers(1, 254)
CORNERS = st.floats(-20, 80)


@st.composite
def masks(draw):
    """Any mask: of any shape, empty or not, on and beyond the image."""
    rows, columns = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    logits = random.normal(draw(st.sampled_from((-9, 0, 9))), 2, (rows, columns))
    prompt = Prompt.from_point(1, 1, object_id=draw(IDS))
    roi = Roi(draw(CORNERS), draw(CORNERS), draw(st.floats(1, 50)), draw(st.floats(1, 50)))
    score = draw(st.floats(0, 1))
    return Mask(prompt, logits.astype(np.float32), roi, 80, 60, draw(TEXTS), score)


@given(
    stamp_ns=st.integers(-(2**31) * 10**9, 2**31 * 10**9 - 1),
    frame_id=TEXTS,
    found=st.lists(masks(), max_size=3),
    missing=st.lists(st.builds(Unanswered, st.builds(Prompt.from_point, *[st.just(1)] * 2), TEXTS)),
)
def test_the_bytes_are_those_of_the_message_that_rclpy_would_have_serialised(
    stamp_ns, frame_id, found, missing
):
    frame = Frame(np.zeros((60, 80, 3), np.uint8), stamp_ns, frame_id)
    written = deserialize_message(serialise_masks(frame, found, missing), MaskArray)
    expected = serialize_message(to_mask_array(frame, found, missing))
    assert written == deserialize_message(expected, MaskArray)


def test_an_image_without_prompts_has_a_message_of_no_masks():
    frame = Frame(np.zeros((60, 80, 3), np.uint8), 12_000_000_034, 'lens')
    message = deserialize_message(serialise_masks(frame, (), ()), MaskArray)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (12, 34)
    assert (message.image_width, message.image_height) == (80, 60)
    assert not message.masks


FRAME = Frame(np.zeros((60, 80, 3), np.uint8), 12_000_000_034, 'lens')


def mask_of(logits, **prompt):
    """Give a mask whose network pixels are the image pixels from (10, 20) on."""
    height, width = logits.shape
    return Mask(
        Prompt.from_point(11, 21, **prompt),
        logits,
        Roi(10, 20, width, height),
        80,
        60,
        'test',
        0.5,
        3,
    )


def written(mask):
    [message] = deserialize_message(serialise_masks(FRAME, [mask], ()), MaskArray).masks
    return message


def test_a_mask_becomes_a_message_field_by_field():
    logits = np.full((4, 5), -9, np.float32)
    logits[1, 2:4] = 9
    message = written(mask_of(logits, object_id=7))
    assert (message.object_id, message.generation, message.engine) == (7, 0, 'test')
    assert (message.score, message.candidates) == (0.5, 3)
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
    message = written(mask_of(np.full((4, 5), -9, np.float32)))
    assert message.empty
    assert message.area == 0
    assert message.box == Box2D()
    assert max(message.probability) < 128


def test_masks_and_what_was_not_answered_are_told_apart_under_the_frames_header():
    mask = mask_of(np.full((4, 5), 9, np.float32), object_id=3)
    missing = Unanswered(Prompt.from_point(1, 1, object_id=254), 'the sensor had no tensor')
    message = deserialize_message(serialise_masks(FRAME, [mask], [missing]), MaskArray)
    assert (message.header.stamp.sec, message.header.frame_id) == (12, 'lens')
    assert (message.image_width, message.image_height) == (80, 60)
    assert [mask.object_id for mask in message.masks] == [3]
    assert list(message.unanswered) == [254]
    assert message.reasons == ['the sensor had no tensor']


def test_a_stage_that_does_not_exist_is_nan():
    message = deserialize_message(
        serialise_latency(FRAME, Timing(inference=4.5), prompts=1, frames=2, dropped=3), Latency
    )
    assert (message.header.stamp.sec, message.header.frame_id) == (12, 'lens')
    assert message.inference == 4.5
    assert all(math.isnan(getattr(message, stage)) for stage in STAGES if stage != 'inference')
    assert (message.prompts, message.frames, message.dropped) == (1, 2, 3)
