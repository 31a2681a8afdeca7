"""Settings that change between two frames."""

import numpy as np
import pytest

from picosam_ros.engines import open_engine
from picosam_ros.frame import Frame
from picosam_ros.prompt import Prompt
from picosam_ros.results import PromptState
from picosam_ros.segmenter import Segmenter

WIDTH, HEIGHT = 160, 120
DEFAULTS = {'track': False, 'lost_after': 90, 'max_prompts': 32}


@pytest.fixture
def segmenter(tiny_network):
    with open_engine('host', model=tiny_network(), threads=1) as engine:
        segmenter = Segmenter(engine)
        segmenter.step(disc(60))
        yield segmenter


def disc(x, y=60, radius=15):
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    pixels[(columns - x) ** 2 + (rows - y) ** 2 <= radius**2] = (250, 40, 30)
    return Frame.from_array(pixels)


def tuned(segmenter, **changes):
    segmenter.tune(**{**DEFAULTS, **changes})
    return segmenter


def click(segmenter, object_id=1):
    return segmenter.prompts.put(Prompt.from_point(60, 60, object_id=object_id))


def test_a_lower_limit_leaves_the_objects_that_are_there_and_refuses_more(segmenter):
    assert [click(segmenter, n).state for n in (1, 2)] == [PromptState.ACCEPTED] * 2
    tuned(segmenter, max_prompts=1)
    assert len(segmenter.step(disc(60)).masks) == 2
    assert click(segmenter, 3).state == PromptState.REFUSED
    assert click(segmenter, 2).state == PromptState.ACCEPTED
    tuned(segmenter, max_prompts=3)
    assert click(segmenter, 3).state == PromptState.ACCEPTED


def test_tracking_that_is_switched_on_again_begins_at_the_prompt(segmenter):
    click(segmenter)
    rois = []
    for x, track in ((60, True), (66, True), (66, True), (66, False), (66, True)):
        [mask] = tuned(segmenter, track=track).step(disc(x)).masks
        rois.append(mask.roi.x)
    begun, _, followed, still, again = rois
    assert followed > begun
    assert begun == still == again


def test_a_track_stays_when_its_limit_changes(segmenter):
    click(segmenter)
    for x in (60, 66, 66):
        [before] = tuned(segmenter, track=True).step(disc(x)).masks
    [after] = tuned(segmenter, track=True, lost_after=3).step(disc(66)).masks
    assert after.roi.x == pytest.approx(before.roi.x, abs=2)
    nothing = disc(-99)
    held = [tuned(segmenter, track=True, lost_after=3).step(nothing) for _ in range(3)]
    assert not any(result.lost for result in held)
    [answer] = tuned(segmenter, track=True, lost_after=3).step(nothing).lost
    assert answer.state == PromptState.LOST
