"""Masks, answers and cleared prompts take turns: a mask never follows the answer that ends it."""

import numpy as np
import pytest
from std_srvs.srv import Trigger

from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.prompts.recent_frames import RecentFrames
from picosam_ros.results import Answer, Result, State
from picosam_ros.ros.prompt_sources.topics import Inputs
from picosam_ros.ros.segmentation.outputs import Outputs
from picosam_ros.ros.segmentation.services import Services


class Turn:
    """A lock that notes who had it."""

    def __init__(self):
        self.held = False

    def __enter__(self):
        assert not self.held
        self.held = True

    def __exit__(self, *_):
        self.held = False


class Recorder:
    """Stands for the publisher and for the Segmenter: notes whether the turn was held."""

    def __init__(self, turn):
        self._turn = turn
        self.held = []

    def get_subscription_count(self):
        return 1

    def publish(self, _):
        self.held.append(self._turn.held)

    def clear(self):
        self.held.append(self._turn.held)
        return 0

    def current(self, masks):
        self.held.append(self._turn.held)
        return tuple(masks)


@pytest.fixture
def turn():
    return Turn()


@pytest.fixture
def recorder(turn):
    return Recorder(turn)


def test_an_answer_waits_for_masks_that_are_being_published(node, turn, recorder):
    inputs = Inputs(
        node,
        recorder,
        turn,
        recent=RecentFrames(),
        max_age=lambda: 1.0,
        roi_size=lambda: 0,
        calibration=lambda: None,
    )
    inputs._status = recorder
    inputs.tell(Answer(1, State.ACCEPTED))
    assert recorder.held == [True]


def test_masks_are_checked_and_published_in_one_turn(node, turn, recorder):
    outputs = Outputs(node, recorder, turn)
    outputs._masks = outputs._labels = outputs._confidence = outputs._overlay = recorder
    result = Result(Frame(np.zeros((8, 8, 3), np.uint8)), (), (), (), Timing(decode=0.0))
    outputs.publish(result, offered=0.0, queue_ms=0.0, frames=1, dropped=0)
    assert recorder.held == [True] * 5
    assert not turn.held


def test_prompts_are_cleared_in_a_turn_of_their_own(node, turn, recorder):
    services = Services(node, recorder, turn, lambda _: None)
    services._on_clear(Trigger.Request(), Trigger.Response())
    assert recorder.held == [True]
