"""Recordings of a red disc that moves, for the tests."""

import numpy as np
import pytest

pytest.importorskip('rosbags.rosbag2', reason='pip brings rosbags')
from rosbags.rosbag2 import Reader, StoragePlugin, Writer

from picosam_ros.bags.messages import COMPRESSED, IMAGE, typestore

WIDTH, HEIGHT = 160, 120
FIRST_NS, PERIOD_NS = 1_700_000_000_123_456_789, 33_333_333
# Recorded that much after its stamp.
DELAY_NS = 5_000_000
TOPIC = '/camera/image_raw'


def centre(number):
    return 40 + 2 * number, 60


def disc(number, radius=15):
    """Paint image `number`: what the tiny network finds is the disc, and nothing else."""
    pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    pixels[...] = (20, 90, 160)
    x, y = centre(number)
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    pixels[(columns - x) ** 2 + (rows - y) ** 2 <= radius**2] = (250, 40, 30)
    return pixels


def image(number, *, encoding='rgb8', pixels=None):
    """Make the sensor_msgs/Image of image `number`."""
    pixels = disc(number) if pixels is None else pixels
    return message(
        IMAGE,
        header=header(number),
        height=HEIGHT,
        width=WIDTH,
        encoding=encoding,
        is_bigendian=0,
        step=3 * WIDTH,
        data=pixels.reshape(-1),
    )


def compressed(number, data, form):
    return message(COMPRESSED, header=header(number), format=form, data=data)


def header(number):
    seconds, nanoseconds = divmod(FIRST_NS + number * PERIOD_NS, 10**9)
    stamp = message('builtin_interfaces/msg/Time', sec=seconds, nanosec=nanoseconds)
    return message('std_msgs/msg/Header', stamp=stamp, frame_id='lens')


def message(kind, **fields):
    return typestore().types[kind](**fields)


def at(number):
    """Tell when image `number` was recorded."""
    return FIRST_NS + number * PERIOD_NS + DELAY_NS


def record(path, storage='sqlite3', images=10, topics=None):
    """Write a bag; `topics` maps a topic to its messages: type, time, message or bytes."""
    topics = topics or {TOPIC: [(IMAGE, at(n), image(n)) for n in range(images)]}
    with Writer(path, version=8, storage_plugin=StoragePlugin[storage.upper()]) as writer:
        for topic, messages in topics.items():
            connection = writer.add_connection(topic, messages[0][0], typestore=typestore())
            for kind, at_ns, content in messages:
                whole = isinstance(content, bytes)
                data = content if whole else typestore().serialize_cdr(content, kind)
                writer.write(connection, at_ns, data)
    return path


def storage_file(path):
    [file] = [*path.glob('*.db3'), *path.glob('*.mcap')]
    return file


def cut(file, share):
    """Leave the first part of a file."""
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])


def read(path):
    """Give topic to a list of (time, message)."""
    found = {}
    with Reader(path) as reader:
        for connection, at_ns, serialised in reader.messages():
            decoded = typestore().deserialize_cdr(serialised, connection.msgtype)
            found.setdefault(connection.topic, []).append((at_ns, decoded))
    return found
