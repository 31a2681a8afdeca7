import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message

from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.msg import MaskArray
from picosam_ros.prompt import Prompt
from picosam_ros.results import Unanswered
from picosam_ros.roi import Roi
from picosam_ros.ros.messages import to_mask_array
from picosam_ros.wire.mask_array import serialise_masks

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
