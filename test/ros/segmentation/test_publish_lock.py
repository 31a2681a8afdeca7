"""Masks, answers and cleared prompts share a lock: no mask follows the answer that ends it."""

import numpy as np
import pytest
from std_srvs.srv import Trigger

from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.prompts.recent_frames import RecentFrames
from picosam_ros.results import Answer, PromptState, Result
from picosam_ros.ros.guarded_node import GuardedNode
from picosam_ros.ros.prompt_sources import PromptContext
from picosam_ros.ros.segmentation.outputs import Outputs
from picosam_ros.ros.segmentation.services import Services


class Lock:
    """A lock that notes who had it."""

    def __init__(self):
        self.held = False

    def __enter__(self):
        assert not self.held
        self.held = True

    def __exit__(self, *_):
        self.held = False


class Recorder:
    """Stands for publisher, prompt store and Segmenter: notes whether the lock was held."""

    prompts = property(lambda self: self)

    def __init__(self, lock):
        self._lock = lock
        self.held = []

    def get_subscription_count(self):
        return 1

    def publish(self, _):
        self.held.append(self._lock.held)

    def clear(self):
        self.held.append(self._lock.held)
        return 0

    def current(self, masks):
        self.held.append(self._lock.held)
        return tuple(masks)


@pytest.fixture
def node():
    node = GuardedNode('tested')
    yield node
    node.destroy_node()


@pytest.fixture
def publish_lock():
    return Lock()


@pytest.fixture
def recorder(publish_lock):
    return Recorder(publish_lock)


def test_an_answer_waits_for_masks_that_are_being_published(node, publish_lock, recorder):
    context = PromptContext(
        node,
        recorder,
        publish_lock,
        recent=RecentFrames(),
        max_age=lambda: 1.0,
        roi_size=lambda: 0,
        calibration=lambda: None,
        clicked=lambda stamp_ns: None,
    )
    context._status = recorder
    context.publish(Answer(1, PromptState.ACCEPTED))
    assert recorder.held == [True]


def test_masks_are_checked_and_published_under_one_lock(node, publish_lock, recorder):
    outputs = Outputs(node, recorder, publish_lock)
    outputs._masks = outputs._labels = outputs._confidence = outputs._overlay = recorder
    result = Result(Frame(np.zeros((8, 8, 3), np.uint8)), (), (), (), Timing(decode=0.0))
    outputs.publish(result, offered=0.0, queue_ms=0.0, frames=1, dropped=0)
    assert recorder.held == [True] * 5
    assert not publish_lock.held


def test_prompts_are_cleared_under_the_lock_too(node, publish_lock, recorder):
    services = Services(
        node,
        recorder,
        publish_lock,
        lambda _: None,
        recent=RecentFrames(),
        roi_size=lambda: 0,
    )
    services._on_clear(Trigger.Request(), Trigger.Response())
    services.destroy()
    assert recorder.held == [True]
