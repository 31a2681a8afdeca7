import itertools
from dataclasses import replace

import numpy as np
import pytest
from helpers.discs import Threshold, picture
from helpers.harness import PATIENCE, serve_until
from helpers.scripted import ScriptedEngine
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from std_msgs.msg import Header
from std_srvs.srv import SetBool

from picosam_ros import Prompt
from picosam_ros.engines import EngineError
from picosam_ros.engines.cascade import CascadeEngine
from picosam_ros.errors import CalibrationError
from picosam_ros.frame import Frame
from picosam_ros.msg import MaskArray
from picosam_ros.results import Segmentation
from picosam_ros.ros.diagnostics import ERROR, OK, WARN
from picosam_ros.ros.messages import to_image
from picosam_ros.ros.segmentation.node import SegmentationNode
from picosam_ros.ros.segmentation.outputs import Outputs
from picosam_ros.ros.segmentation.parameters import SEGMENTATION_PARAMETERS
from picosam_ros.ros.segmentation.services import INTERRUPTED
from picosam_ros.ros.stream_health import Source
from picosam_ros.srv import Segment
from picosam_ros.tracking.tracker import Tracker

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class TestedNode(SegmentationNode):
    """A node whose frames the test offers, and whose engine it holds in its hands."""

    __test__ = False

    def __init__(self, engine):
        super().__init__('tested', SEGMENTATION_PARAMETERS)
        self.engine = engine

    def make_engine(self, **options):
        return self.engine

    def source(self):
        return Source('the test', 'look at it')

    def calibration(self):
        raise CalibrationError('none')

    def open_source(self):
        pass

    def close_source(self):
        pass


@pytest.fixture
def engine():
    return ScriptedEngine()


@pytest.fixture
def tested(engine):
    node = TestedNode(engine)
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    yield node
    engine.gate.release(10_000)
    if not node.finalized:
        node.trigger_shutdown()
    node.destroy_node()


def frame():
    return Frame(np.zeros((48, 64, 3), np.uint8))


def counted(node):
    values = node.report()['input'].values
    return values['results'], values['dropped (a newer image came first)']


def offer_and_wait_for_the_engine(node, engine):
    node.offer(frame())
    assert engine.begun.acquire(timeout=PATIENCE)


def test_every_frame_that_was_offered_is_answered_or_counted_as_dropped(tested, engine):
    offer_and_wait_for_the_engine(tested, engine)
    for _ in range(99):
        tested.offer(frame())
    assert counted(tested) == (0, 98)
    engine.gate.release(2)
    assert engine.begun.acquire(timeout=PATIENCE)
    tested.trigger_deactivate()
    assert counted(tested) == (2, 98)


def test_frames_of_a_node_that_is_switched_off_or_not_active_are_none_of_its_business(
    tested, engine
):
    tested._enable(False)
    for _ in range(3):
        tested.offer(frame())
    tested._enable(True)
    tested.trigger_deactivate()
    for _ in range(3):
        tested.offer(frame())
    assert counted(tested) == (0, 0)
    assert not engine.begun.acquire(blocking=False)


def test_an_engine_that_fails_is_an_error_until_it_answers_again(tested, engine):
    engine.faults.append(RuntimeError('the session is broken'))
    offer_and_wait_for_the_engine(tested, engine)
    engine.gate.release()
    offer_and_wait_for_the_engine(tested, engine)
    status = tested.report()['segmentation']
    assert (status.level, status.message) == (ERROR, 'RuntimeError: the session is broken')
    assert tested.report()['input'].values['refused (failure)'] == 1
    engine.gate.release()
    offer_and_wait_for_the_engine(tested, engine)
    assert tested.report()['segmentation'].level == OK


def test_a_warning_of_the_engine_is_one_of_the_node(tested, engine):
    engine.warning = 'the sensor sends no tensors'
    status = tested.report()['segmentation']
    assert (status.level, status.message) == (WARN, 'the sensor sends no tensors')


def test_an_engine_that_cannot_be_opened_leaves_the_node_unconfigured_with_the_reason(
    engine, monkeypatch
):
    def refuse():
        raise EngineError('onnxruntime is not installed')

    node = TestedNode(engine)
    monkeypatch.setattr(engine, 'open', refuse)
    assert node.trigger_configure() == FAILURE
    status = node.report()['segmentation']
    assert (status.level, status.message) == (ERROR, 'onnxruntime is not installed')
    monkeypatch.undo()
    assert node.trigger_configure() == SUCCESS
    node.trigger_shutdown()
    node.destroy_node()


def test_a_surprise_in_a_transition_leads_back_to_unconfigured_with_everything_freed(
    tested, engine, monkeypatch
):
    tested.trigger_deactivate()
    monkeypatch.setattr(tested, 'start_source', lambda: 1 / 0)
    assert tested.trigger_activate() == TransitionCallbackReturn.ERROR
    assert engine.closed == 1
    monkeypatch.undo()
    assert tested.trigger_configure() == SUCCESS
    assert tested.trigger_activate() == SUCCESS


def test_every_transition_gives_back_what_it_took(tested, engine):
    def topics():
        return {p.topic for p in tested.publishers} | {s.topic_name for s in tested.subscriptions}

    active = topics()
    for closed in range(1, 4):
        tested.trigger_deactivate()
        tested.trigger_cleanup()
        assert engine.closed == closed
        assert not [topic for topic in topics() if 'tested/' in topic or 'prompt' in topic]
        tested.trigger_configure()
        tested.trigger_activate()
        assert topics() == active


def test_the_masks_are_published_before_the_tracker_learns_from_them(tested, engine, monkeypatch):
    order = []

    def note(owner, name):
        called = getattr(owner, name)

        def noted(*arguments, **named):
            order.append(name)
            return called(*arguments, **named)

        monkeypatch.setattr(owner, name, noted)

    note(Outputs, 'publish')
    note(Tracker, 'learn')
    engine.gate.release()
    offer_and_wait_for_the_engine(tested, engine)
    tested.trigger_deactivate()
    assert order.count('publish') == 1
    assert order[-2:] == ['publish', 'learn']


class Slow(Threshold):
    """The same network under another name."""

    name = 'slow'

    def segment_frame(self, frame, prompts):
        masks = super().segment_frame(frame, prompts).masks
        return Segmentation(tuple(replace(mask, engine=self.name) for mask in masks))


def test_corrections_are_published_beside_the_masks_under_the_header_of_their_own_image():
    node = TestedNode(CascadeEngine(fast=Threshold(), slow=Slow()))
    node.trigger_configure()
    node.trigger_activate()
    heard, stamps = [], itertools.count(1)
    node.create_subscription(MaskArray, '~/masks', heard.append, 100)
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def corrections():
        node.offer(replace(picture(300), stamp_ns=next(stamps)))
        if not node._segmenter.prompts.active:
            node._segmenter.prompts.put(Prompt.from_point(300, 240))
        return [one for one in heard if [mask.engine for mask in one.masks] == ['slow']]

    serve_until(executor, corrections)
    [first, *_] = corrections()
    at_once = [one for one in heard if one.header == first.header and one is not first]
    assert [mask.engine for one in at_once for mask in one.masks] == ['threshold']
    executor.shutdown()
    node.trigger_shutdown()
    node.destroy_node()


class ObedientEngine(ScriptedEngine):
    """Leaves its work when it is interrupted."""

    def interrupt(self, interrupted=True):
        super().interrupt(interrupted)
        if interrupted:
            self.gate.release()


@pytest.fixture
def client(ros):
    node = Node('client')
    yield node
    node.destroy_node()


def test_a_call_that_takes_its_time_holds_nobody_up_and_ends_with_the_work(client):
    engine = ObedientEngine()
    node = TestedNode(engine)
    assert node.trigger_configure() == node.trigger_activate() == SUCCESS
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.add_node(client)
    segment = client.create_client(Segment, 'tested/segment')
    enable = client.create_client(SetBool, 'tested/enable')
    serve_until(executor, lambda: segment.service_is_ready() and enable.service_is_ready())
    image = to_image(np.zeros((48, 64, 3), np.uint8), 'rgb8', Header())
    slow = segment.call_async(Segment.Request(image=image))
    serve_until(executor, lambda: engine.begun.acquire(blocking=False))
    quick = enable.call_async(SetBool.Request(data=False))
    serve_until(executor, quick.done)
    assert not slow.done()
    assert node.trigger_deactivate() == SUCCESS
    serve_until(executor, slow.done)
    assert not slow.result().success
    assert slow.result().message == INTERRUPTED
    # One that follows is answered by the node, which is inactive.
    engine.gate.release()
    again = segment.call_async(Segment.Request(image=image))
    serve_until(executor, again.done)
    assert again.result().success
    node.trigger_shutdown()
    executor.shutdown()
    node.destroy_node()


def test_an_engine_that_cannot_be_closed_keeps_none_of_the_topics(tested, engine, monkeypatch):
    monkeypatch.setattr(engine, 'close', lambda: 1 / 0)
    tested.trigger_deactivate()
    assert tested.trigger_cleanup() == TransitionCallbackReturn.ERROR
    assert '/tested/masks' not in [each.topic_name for each in tested.publishers]
    monkeypatch.undo()
    assert tested.trigger_configure() == SUCCESS
