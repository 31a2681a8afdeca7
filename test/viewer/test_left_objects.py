"""What browsers made goes with the last of them, some time later, and nothing else does."""

import pytest
from helpers.viewer_server import RunningServer, make_frame, on_a_loop, until

from picosam_ros.results import Answer, PromptState
from picosam_ros.viewer import left_objects
from picosam_ros.viewer.left_objects import KEPT_S, LeftObjects

TOPIC_OBJECT = 7


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def objects(clock):
    objects = LeftObjects(clock)
    for object_id in (2, 1):
        objects.add(object_id)
    return objects


def test_they_live_while_a_browser_is_there_and_over_a_reload(objects, clock):
    clock.now += 10 * KEPT_S
    assert objects.take_left() == []
    objects.left()
    clock.now += KEPT_S - 1
    assert objects.take_left() == []
    objects.wanted()
    clock.now += 10 * KEPT_S
    assert objects.take_left() == []


def test_they_go_once_some_time_after_the_last_browser_has_gone(objects, clock):
    objects.left()
    clock.now += KEPT_S
    assert objects.take_left() == [1, 2]
    assert objects.take_left() == []


def test_those_that_ended_before_are_not_removed_again(objects, clock):
    objects.keep({1, 2, TOPIC_OBJECT})
    objects.keep({1, TOPIC_OBJECT})
    objects.left()
    clock.now += KEPT_S
    assert objects.take_left() == [1]


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setattr(left_objects, 'KEPT_S', 0.0)
    served = RunningServer()
    yield served
    served.server.stop()


async def click(served, client, tag, **fields):
    """Click, and let the node accept it; return the object's id."""
    await client.send('point', tag=tag, x=5, y=5, **fields)
    await until(lambda: len(served.backend.prompts) == tag)
    object_id = served.backend.prompts[-1].object_id
    served.call('broadcast_answer', Answer(object_id, PromptState.ACCEPTED, '', tag))
    await client.text('answer', lambda answer: answer['tag'] == tag)
    return object_id


@on_a_loop
async def test_only_what_browsers_made_is_removed_when_the_last_one_has_gone(served):
    async with served.client() as client:
        topics = make_frame(unanswered=((TOPIC_OBJECT, 'out of view'),), segmented=True)
        served.show(topics)
        await client.frame()
        made = await click(served, client, 1)
        await click(served, client, 2, object=TOPIC_OBJECT, refine=True)
        taken_over = await click(served, client, 3)
        # A program sets the same object anew.
        served.call('broadcast_answer', Answer(taken_over, PromptState.ACCEPTED, '', 9))
        await client.text('answer', lambda answer: answer['generation'] == 9)
        assert served.backend.removed == []
    await until(lambda: served.backend.removed)
    assert served.backend.removed == [made]
