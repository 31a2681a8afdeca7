"""MCAP files as other programs write them, record by record (https://mcap.dev/spec)."""

import struct

from helpers.recorded import TOPIC, at, image

from picosam_ros.bags.messages import IMAGE, typestore

MAGIC = b'\x89MCAP0\r\n'


def text(words):
    return struct.pack('<I', len(words.encode())) + words.encode()


def record(kind, body):
    return bytes([kind]) + struct.pack('<Q', len(body)) + body


def head(profile='ros2'):
    return MAGIC + record(1, text(profile) + text('test'))


def schema(number, name, encoding):
    return record(3, struct.pack('<H', number) + text(name) + text(encoding) + text(''))


def channel(number, of_schema, topic, encoding='cdr'):
    body = struct.pack('<HH', number, of_schema) + text(topic) + text(encoding)
    return record(4, body + struct.pack('<I', 0))


def message(number, at_ns, data):
    return record(5, struct.pack('<HIQQ', number, 0, at_ns, at_ns) + data)


def picture(number, channel_number=1):
    return message(channel_number, at(number), typestore().serialize_cdr(image(number), IMAGE))


def chunk(records, first_ns, method='', packed=None, size=None):
    size = len(records) if size is None else size
    packed = records if packed is None else packed
    return record(
        6,
        struct.pack('<QQQI', first_ns, first_ns, size, 0)
        + text(method)
        + struct.pack('<Q', len(packed))
        + packed,
    )


def end():
    return record(15, bytes(4)) + record(2, bytes(20)) + MAGIC


def images():
    """Return the description of the channel of images, number 1."""
    return schema(1, IMAGE, 'ros2msg') + channel(1, 1, TOPIC)
