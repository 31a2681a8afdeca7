"""Somebody at the other end, to be killed: `python -m benchmarks.rigs.peer KIND [URL]`.

It prints a line once it takes part.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable

import rclpy
from rclpy.node import Node
from std_msgs.msg import Header

from benchmarks.rigs import scene
from picosam_ros.msg import Latency, MaskArray
from picosam_ros.ros import process
from picosam_ros.ros.messages import to_image, to_time

from sensor_msgs.msg import Image  # isort: skip

RATE = 30.0
BEGUN = 'takes part'


def send_images(_: str) -> None:
    """Publish VGA images, as a driver does."""
    node = _node()
    image = to_image(scene.image(), 'rgb8', Header(frame_id='camera'))
    publisher = node.create_publisher(Image, 'image', 10)
    while not publisher.get_subscription_count():
        time.sleep(0.01)
    while True:
        image.header.stamp = to_time(time.time_ns())
        publisher.publish(image)
        _begun()
        time.sleep(1 / RATE)


def take_masks(_: str) -> None:
    """Subscribe to all that the segmenter publishes with each image."""
    node = _node()
    names = ('label_mask', 'confidence', 'overlay')
    topics = [*((Image, name) for name in names), (MaskArray, 'masks'), (Latency, 'latency')]
    for kind, name in topics:
        node.create_subscription(kind, f'/segmenter/{name}', lambda _: _begun(), 10)
    rclpy.spin(node)


def look(url: str) -> None:
    """Have the viewer's page open."""
    asyncio.run(_look(url))


async def _look(url: str) -> None:
    import aiohttp

    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f'{url.rstrip("/")}/socket', max_msg_size=0) as socket,
    ):
        async for message in socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                _begun()


KINDS: dict[str, Callable[[str], None]] = {
    'images': send_images,
    'masks': take_masks,
    'browser': look,
}


def _node() -> Node:
    process.prepare()
    rclpy.init()
    return Node('peer')


def _begun() -> None:
    print(BEGUN, flush=True)


if __name__ == '__main__':
    KINDS[sys.argv[1]](sys.argv[2] if len(sys.argv) > 2 else '')
