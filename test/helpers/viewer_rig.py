"""A viewer beside a segmenter, and the WebSocket of a page."""

import contextlib
import time

import numpy as np
from helpers.harness import Client, Process
from helpers.rig import picture
from helpers.socket_page import SocketPage
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from picosam_ros.ros.messages import from_time

CENTRE = (150, 100)
PERIOD = 0.05
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@contextlib.contextmanager
def viewer_beside(segmenter):
    """Run a viewer beside a segmenter; that it ends well is checked."""
    with Process(
        'viewer',
        {'segmentation': 'segmenter', 'port': 0},
        namespace=segmenter.namespace,
    ) as process:
        client = Client(process)
        urls = client.subscribe(String, f'{process.name}/url', LATCHED)
        client.wait_for(lambda: urls)
        process.url = urls[0].data
        yield process
        client.close()
        process.stop()


@contextlib.contextmanager
def page_of(viewer, rig):
    """Open a page, and wait until images reach it."""
    with SocketPage(viewer.url) as page:
        # Not the last one of the test before.
        seen(rig, page, lambda frame: frame['segmented'] and masked()(frame))
        page.frames.clear()
        yield page


def seen(rig, page, condition=lambda frame: frame['segmented'], pixels=None):
    """Publish images until the frame of one of them meets the condition; return it."""
    pixels = picture(CENTRE) if pixels is None else pixels
    due, stamps = 0.0, set()

    def met():
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + PERIOD
            image = rig.image(pixels)
            stamps.add(stamp_of(image))
            rig.images.publish(image)
        ours = (frame for frame in list(page.frames) if frame['stamp'] in stamps)
        return next(filter(condition, ours), None)

    return rig.wait_for(met)


def told(rig, page, kind, condition=lambda message: True):
    return rig.wait_for(lambda: next(filter(condition, list(page.texts[kind])), None))


def answered(rig, page, tag):
    return told(rig, page, 'answer', lambda answer: answer['tag'] == tag)


def masked(*object_ids):
    return lambda frame: {mask['object'] for mask in frame['masks']} == set(object_ids)


def stamp_of(message):
    return str(from_time(message.header.stamp))


def centre_of(mask):
    points = np.concatenate([np.reshape(curve, (-1, 2)) for curve in mask['outline']])
    return (points.min(axis=0) + points.max(axis=0)) / 2
