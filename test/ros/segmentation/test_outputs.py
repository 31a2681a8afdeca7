import threading

import numpy as np
import pytest
from helpers.harness import serve_until
from helpers.rig import array_of
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CompressedImage, Image

from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask
from picosam_ros.msg import Latency, MaskArray
from picosam_ros.prompt import Prompt
from picosam_ros.results import Result
from picosam_ros.roi import Roi
from picosam_ros.ros.segmentation import outputs as module
from picosam_ros.ros.segmentation.outputs import Outputs


class Unchanged:
    """A Segmenter whose prompts nobody touches."""

    def current(self, masks):
        return tuple(masks)


@pytest.fixture
def outputs(node):
    outputs = Outputs(node, Unchanged(), threading.Lock())
    yield outputs
    outputs.destroy()


@pytest.fixture
def made(monkeypatch):
    """Count the calls of what fills a topic."""
    names = ('draw', 'to_jpeg', 'label_image', 'colour_labels', 'serialise_masks')
    counts = dict.fromkeys(names, 0)

    def counted(name, function):
        def call(*arguments, **named):
            counts[name] += 1
            return function(*arguments, **named)

        return call

    for name in counts:
        monkeypatch.setattr(module, name, counted(name, getattr(module, name)))
    return counts


@pytest.fixture
def publish(outputs):
    frame = Frame(np.zeros((48, 64, 3), np.uint8), stamp_ns=5, received_ns=9)
    result = Result(frame, (), (), (), Timing(inference=1.0, decode=0.5))
    return lambda: outputs.publish(result, offered=0.0, queue_ms=2.0, frames=1, dropped=0)


def subscribed(node, kind, topic):
    """Subscribe, and come back when the publisher knows it."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    heard = []
    subscription = node.create_subscription(kind, topic, heard.append, 10)
    publishers = [p for p in node.publishers if p.topic == subscription.topic_name]
    serve_until(executor, lambda: all(p.get_subscription_count() for p in publishers))
    return executor, heard, subscription


def test_nothing_is_made_that_nobody_wants(made, publish):
    publish()
    assert not any(made.values())


@pytest.mark.parametrize(
    ('topic', 'kind', 'names'),
    [
        ('overlay', Image, {'draw'}),
        ('overlay/compressed', CompressedImage, {'draw', 'to_jpeg'}),
        ('label_mask', Image, {'label_image'}),
        ('label_mask/color', Image, {'label_image', 'colour_labels'}),
        ('confidence', Image, {'label_image'}),
        ('masks', MaskArray, {'serialise_masks'}),
    ],
)
def test_a_topic_is_filled_while_somebody_listens(node, made, publish, topic, kind, names):
    executor, heard, subscription = subscribed(node, kind, f'~/{topic}')
    publish()
    assert made == {key: int(key in names) for key in made}
    serve_until(executor, lambda: heard)
    assert heard[0].header.stamp.nanosec == 5
    node.destroy_subscription(subscription)
    [publisher] = [p for p in node.publishers if p.topic.endswith(f'/{topic}')]
    serve_until(executor, lambda: not publisher.get_subscription_count())
    publish()
    assert made == {key: int(key in names) for key in made}
    executor.shutdown()


def test_the_meaning_of_labels_is_told_to_who_comes_later(node):
    messages = pytest.importorskip('vision_msgs.msg', reason='apt brings vision_msgs, PyPI not')
    outputs = Outputs(node, Unchanged(), threading.Lock())
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    heard = []
    node.create_subscription(messages.LabelInfo, '~/label_info', heard.append, latched)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    serve_until(executor, lambda: heard)
    executor.shutdown()
    outputs.destroy()
    assert [each.class_id for each in heard[0].class_map] == list(range(255))
    assert heard[0].class_map[0].class_name == 'nothing'


def test_the_timing_is_complete_and_that_of_the_latency_topic(node, publish):
    executor, heard, _ = subscribed(node, Latency, '~/latency')
    timing = publish()
    serve_until(executor, lambda: heard)
    executor.shutdown()
    assert timing.inference == 1
    assert timing.queue == 2
    assert timing.receive == pytest.approx(4e-6)
    assert timing.decode >= 0.5
    for stage in ('receive', 'queue', 'inference', 'decode', 'publish', 'total'):
        assert getattr(heard[0], stage) == pytest.approx(getattr(timing, stage), rel=1e-6)
    assert np.isnan(heard[0].dnn)


def test_the_overlay_is_drawn_once_for_both_of_its_topics(node, made, publish):
    executor, raw, _ = subscribed(node, Image, '~/overlay')
    executor.shutdown()
    executor, compressed, _ = subscribed(node, CompressedImage, '~/overlay/compressed')
    publish()
    serve_until(executor, lambda: raw and compressed)
    executor.shutdown()
    assert (made['draw'], made['to_jpeg']) == (1, 1)
    assert compressed[0].header == raw[0].header


def test_each_id_of_the_label_mask_has_the_colour_of_its_outline_in_the_overlay(node, outputs):
    heard = {}
    for topic in ('label_mask', 'label_mask/color', 'overlay'):
        executor, heard[topic], _ = subscribed(node, Image, f'~/{topic}')
        executor.shutdown()
    frame = Frame(np.full((48, 320, 3), 100, np.uint8), stamp_ns=7, frame_id='lens')
    logits = np.full((32, 32), -1, np.float32)
    logits[4:28, 4:28] = 1
    masks = tuple(
        Mask(
            Prompt.from_point(32 * i + 16, 24, object_id=i + 1),
            logits,
            Roi(32 * i, 8, 32, 32),
            320,
            48,
            'host',
            0.9,
        )
        for i in range(10)
    )
    result = Result(frame, masks, timing=Timing(inference=1.0, decode=0.5))
    outputs.publish(result, offered=0.0, queue_ms=0.0, frames=1, dropped=0)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    serve_until(executor, lambda: all(heard.values()))
    executor.shutdown()
    labels, coloured, overlay = (array_of(heard[topic][0]) for topic in heard)
    assert heard['label_mask/color'][0].header == heard['label_mask'][0].header
    assert heard['label_mask/color'][0].encoding == 'rgb8'
    assert coloured.shape == (*labels.shape, 3)
    assert set(labels.ravel().tolist()) == set(range(11))
    assert not coloured[labels == 0].any()
    for object_id in range(1, 11):
        [colour] = np.unique(coloured[labels == object_id], axis=0)
        distance = np.abs(overlay[labels == object_id].astype(int) - colour).sum(axis=1)
        assert distance.min() < 12, 'the outline is in the plain colour'


def test_the_overlay_tells_the_time_since_the_capture(monkeypatch, node, outputs):
    told = []

    def draw(pixels, masks, *, latency_ms):
        told.append(latency_ms)
        return pixels

    monkeypatch.setattr(module, 'draw', draw)
    monkeypatch.setattr(module.time, 'perf_counter', lambda: 10.004)
    executor, _, _ = subscribed(node, Image, '~/overlay')
    executor.shutdown()
    frame = Frame(np.zeros((48, 64, 3), np.uint8), stamp_ns=1_000_000, received_ns=21_000_000)
    result = Result(frame, (), (), (), Timing(decode=0.0))
    timing = outputs.publish(result, offered=10.0, queue_ms=0.0, frames=1, dropped=0)
    assert told == [pytest.approx(24.0)]
    assert timing.total == pytest.approx(24.0)


def test_a_mask_of_an_earlier_image_goes_out_on_masks_alone_under_that_images_header(node, outputs):
    executor, heard, _ = subscribed(node, MaskArray, 'tested/masks')
    frame = Frame(np.zeros((48, 64, 3), np.uint8), stamp_ns=7, frame_id='camera')
    roi = Roi(0, 0, 48, 48)
    mask = Mask(Prompt.from_point(5, 5), np.ones((9, 9), np.float32), roi, 64, 48, 'slow', 0.9)
    outputs.publish_late(Result(frame, (mask,), late=True))
    serve_until(executor, lambda: heard)
    [message] = heard
    assert (message.header.stamp.nanosec, message.header.frame_id) == (7, 'camera')
    assert [one.engine for one in message.masks] == ['slow']
