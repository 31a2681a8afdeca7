import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from picosam_ros.errors import ImageError
from picosam_ros.wire.messages import read_image

# ROS texts are zero-terminated UTF-8: neither zeros nor lone surrogates can be sent.
TEXTS = st.text(st.characters(codec='utf-8', exclude_characters='\0'), max_size=40)
UINT32 = st.integers(0, 2**32 - 1)


def image_message(frame_id='camera', encoding='rgb8', data=b'123456', **fields):
    message = Image(encoding=encoding, **fields)
    message.header.frame_id = frame_id
    message.header.stamp.sec = 3
    message.header.stamp.nanosec = 5
    message.data = data
    return message


@given(
    frame_id=TEXTS,
    encoding=TEXTS,
    data=st.binary(max_size=200),
    height=UINT32,
    width=UINT32,
    step=UINT32,
    is_bigendian=st.integers(0, 1),
)
def test_any_serialised_image_reads_back_equal(frame_id, encoding, data, **fields):
    read = read_image(serialize_message(image_message(frame_id, encoding, data, **fields)))
    assert read.stamp_ns == 3_000_000_005
    assert read.frame_id == frame_id
    assert read.encoding == encoding
    assert read.data.tobytes() == data
    assert {name: int(getattr(read, name)) for name in fields} == fields


def test_the_pixels_are_a_view_of_the_message():
    serialised = serialize_message(image_message())
    pixels = read_image(serialised).data
    assert np.shares_memory(pixels, np.frombuffer(serialised, np.uint8))


def test_big_endian_bytes_are_read():
    body = struct.pack('>iI', 7, 8)
    body += struct.pack('>I', 2) + b'f\0' + b'..'  # to a multiple of four
    body += struct.pack('>II', 1, 2)
    body += struct.pack('>I', 5) + b'rgb8\0' + b'\x01' + b'..'
    body += struct.pack('>I', 6) + struct.pack('>I', 6) + b'abcdef'
    read = read_image(b'\0\0\0\0' + body)
    assert (read.stamp_ns, read.frame_id, read.encoding) == (7_000_000_008, 'f', 'rgb8')
    assert (read.height, read.width, read.step, read.is_bigendian) == (1, 2, 6, True)
    assert read.data.tobytes() == b'abcdef'


def test_a_message_cut_at_any_byte_is_an_image_error_and_nothing_else():
    # With more pixels than the serialiser pads behind them, every cut takes one.
    serialised = serialize_message(image_message(data=bytes(range(40))))
    end = serialised.index(bytes(range(40))) + 40
    for length in range(end):
        with pytest.raises(
            ImageError, match=f'{length} bytes are not a serialised sensor_msgs/msg/Image'
        ):
            read_image(serialised[:length])
    assert read_image(serialised[:end]).data.size == 40


@given(st.binary(max_size=120))
def test_arbitrary_bytes_are_an_image_or_an_image_error(noise):
    try:
        read = read_image(noise)
    except ImageError:
        return
    assert read.data.size <= len(noise)


@given(st.integers(0, 59), st.integers(0, 255))
def test_a_changed_byte_is_an_image_or_an_image_error(at, value):
    serialised = bytearray(serialize_message(image_message()))
    serialised[min(at, len(serialised) - 1)] = value
    with contextlib.suppress(ImageError):
        read_image(bytes(serialised))
