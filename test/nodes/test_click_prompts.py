"""The network that takes clicks, in a node: larger and smaller masks, and corrections."""

import numpy as np
import pytest
from helpers.harness import Process
from helpers.photo_clicks import click_on, deepest, pixels_of
from helpers.rig import Rig, values_of

from picosam_ros.models import DEFAULT_MODEL, FAST_MODEL
from picosam_ros.msg import Box2D, Point2D, Prompt, PromptStatus
from picosam_ros.prompts.recent_frames import NOT_KEPT

SCENE = 'coffee/handle'
[CLICK] = click_on(SCENE).points
AT = (CLICK.x, CLICK.y)


@pytest.fixture(scope='module')
def started():
    """Run one segmenter for the module, whose objects stay at their place."""
    with Process('segmenter', {'model': DEFAULT_MODEL, 'threads': 1, 'track': False}) as process:
        rig = Rig(process)
        rig.connect()
        yield rig
        process.stop()
        rig.close()


@pytest.fixture
def rig(started):
    started.fresh()
    # The prompts lie on an image of the scene's size.
    started.show(pixels_of(SCENE))
    return started


def seen(rig):
    """Return the masks of the next image of the scene."""
    return rig.show(pixels_of(SCENE)).masks.masks


def step(rig, size_step, *, object_id=1, **fields):
    return rig.ask(Prompt(action=Prompt.REFINE, object_id=object_id, size_step=size_step, **fields))


def test_the_diagnostics_say_which_network_was_chosen_and_why():
    with Process('segmenter', {'model': 'auto', 'threads': 1}) as process:
        rig = Rig(process)
        values = values_of(rig.component('segmentation', lambda it: 'model' in values_of(it)))
        rig.close()
        process.stop()
    assert values['model'] in (DEFAULT_MODEL, FAST_MODEL)
    assert values['model chosen because'].startswith(f'{DEFAULT_MODEL} took ')


def test_a_mask_tells_from_how_many_it_was_chosen(rig):
    rig.set(AT)
    rig.set(object_id=2, box=Box2D(x0=100.0, y0=100.0, x1=300.0, y1=300.0))
    click, box = seen(rig)
    assert click.candidates > box.candidates > 1


@pytest.mark.parametrize('size_step', [1, -1], ids=['larger', 'smaller'])
def test_a_step_from_the_present_mask_is_a_mask_of_another_size(rig, size_step):
    first = rig.set(AT)
    [before] = seen(rig)
    status = step(rig, size_step)
    # Its stamp is its own, of no image.
    assert (status.state, status.reason) == (PromptStatus.ACCEPTED, NOT_KEPT)
    assert status.generation > first.generation
    [after] = seen(rig)
    assert after.generation == status.generation
    assert np.sign(after.area - before.area) == size_step


def test_a_new_object_may_be_meant_larger_or_smaller(rig):
    for object_id, size_step in ((1, -1), (2, 0), (3, 1)):
        rig.set(AT, object_id=object_id, size_step=size_step)
    areas = [mask.area for mask in seen(rig)]
    assert areas == sorted(set(areas))


def test_points_in_a_box_are_taken(rig):
    box = Box2D(x0=140.0, y0=160.0, x1=220.0, y1=240.0)
    status = rig.set(AT, (145, 165, Point2D.NEGATIVE), box=box)
    assert status.state == PromptStatus.ACCEPTED
    [mask] = seen(rig)
    assert not mask.empty


def test_a_negative_point_corrects_the_mask_that_is_there(rig):
    rig.set(AT)
    before = rig.show(pixels_of(SCENE)).labels == 1
    step(rig, -1)
    smaller = rig.show(pixels_of(SCENE)).labels == 1
    rig.set(AT)
    seen(rig)
    x, y = deepest(before & ~smaller)
    point = Point2D(x=x, y=y, label=Point2D.NEGATIVE)
    assert rig.ask(Prompt(action=Prompt.REFINE, points=[point])).state == PromptStatus.ACCEPTED
    after = rig.show(pixels_of(SCENE)).labels == 1
    assert before[int(y), int(x)] > after[int(y), int(x)]
    assert 0 < np.count_nonzero(after) < np.count_nonzero(before)


def test_a_step_of_an_object_that_does_not_exist_is_refused_with_those_that_do(rig):
    rig.set(AT, object_id=12)
    status = step(rig, 1, object_id=11)
    assert (status.state, status.generation) == (PromptStatus.REFUSED, 0)
    assert status.reason == 'object 11 is not segmented; objects that are segmented now: 12'


def test_a_step_alone_is_no_prompt(rig):
    status = rig.set(size_step=1)
    assert status.state == PromptStatus.REFUSED
    assert status.reason == 'the prompt has no positive point and no box; give one of them'
