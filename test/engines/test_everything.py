"""All things in a picture: each of them once, within a time."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from helpers.discs import BRIGHT, DARK, Threshold, picture

from picosam_ros import Frame, everything
from picosam_ros.engines.base import INTERRUPTED
from picosam_ros.engines.click_grid import LARGE, SMALL, plan
from picosam_ros.engines.work_limit import GivenUp, NotFinite
from picosam_ros.errors import EngineError, PromptError
from picosam_ros.segmenter import Segmenter

# x, y, radius: of several sizes, one of them cut by the border.
DISCS = ((120, 100, 60), (300, 90, 24), (420, 300, 90), (150, 350, 40), (620, 420, 50))


def discs(*, scale=1):
    pixels = np.empty((480 * scale, 640 * scale, 3), np.uint8)
    pixels[...] = DARK
    for x, y, radius in DISCS:
        cv2.circle(pixels, (scale * x, scale * y), scale * radius, BRIGHT, -1)
    return pixels


class Timed(Threshold):
    """Each run takes a second of a clock that only this engine moves."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.proposed = []

    def propose(self, frame, prompt):
        self.now += 1
        self.proposed.append(prompt)
        return super().propose(frame, prompt)

    def everything(self, image, budget_s):
        return everything(self, image, budget_s=budget_s, clock=lambda: self.now)


@pytest.fixture
def engine():
    return Timed()


@pytest.fixture(scope='module')
def whole():
    """Return what is found without an end, and the prompts that were asked."""
    engine = Timed()
    return engine.everything(discs(), 10_000), engine.proposed


def iou(one, other):
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


def test_each_disc_is_found_once_whatever_its_size(whole):
    found, _ = whole
    assert len(found.masks) == len(DISCS)
    assert found.asked == found.planned > 100
    assert [mask.prompt.object_id for mask in found.masks] == [1, 2, 3, 4, 5]
    areas = [mask.area for mask in found.masks]
    assert areas == sorted(areas, reverse=True)
    for disc in DISCS:
        truth = cv2.circle(np.zeros((480, 640), np.uint8), disc[:2], disc[2], 1, -1).astype(bool)
        assert max(iou(mask.to_image(), truth) for mask in found.masks) > 0.9


def test_large_images_are_compared_on_a_smaller_grid(engine):
    found = engine.everything(discs(scale=4), 10_000)
    assert len(found.masks) == len(DISCS)
    assert (found.width, found.height) == (2560, 1920)


def test_labels_are_the_ids_and_the_smaller_mask_lies_on_top(whole):
    found, _ = whole
    labels = found.labels()
    assert (labels.dtype, labels.shape) == (np.uint16, (480, 640))
    assert labels[300, 420] == 1
    assert labels[240, 250] == 0
    assert set(np.unique(labels)) == {0, 1, 2, 3, 4, 5}


def test_the_time_ends_it_and_tells_how_far_it_came(engine):
    found = engine.everything(discs(), 200)
    assert engine.now <= 200
    assert 0 < found.asked < found.planned
    assert found.masks
    assert repr(found) == (
        f'Everything({len(found.masks)} masks, {found.asked} of {found.planned} clicks)'
    )


def test_what_was_found_is_looked_at_once_more_and_not_asked_for_again(whole):
    found, proposed = whole
    again = [prompt for prompt in proposed if prompt.previous is not None]
    assert len(again) == len(DISCS)
    assert len(proposed) - len(again) < found.asked


def test_an_interruption_ends_it_with_what_was_found(engine, whole):
    engine.interrupt()
    found = engine.everything(discs(), 10_000)
    assert (found.masks, found.asked, found.planned) == ((), 0, whole[0].planned)


@pytest.mark.parametrize(
    ('error', 'ends'), [(GivenUp(INTERRUPTED), True), (NotFinite('NaN'), False)]
)
def test_a_run_without_an_answer_is_skipped_and_one_that_is_given_up_ends_it(
    engine, monkeypatch, error, ends
):
    propose, runs = engine.propose, []

    def failing(frame, prompt):
        runs.append(prompt)
        if len(runs) == 5:
            raise error
        return propose(frame, prompt)

    monkeypatch.setattr(engine, 'propose', failing)
    found = engine.everything(picture(320), 11)
    assert (found.asked == 4) == ends


def test_a_network_that_rates_all_its_masks_low_is_believed_in_its_best_ones():
    class Doubting(Timed):
        def propose(self, frame, prompt):
            near = abs(prompt.points[0].x - 300) < 40
            score = 0.16 if near else 0.3
            return tuple(replace(mask, score=score) for mask in super().propose(frame, prompt))

    found = Doubting().everything(discs(), 10_000)
    assert len(found.masks) == len(DISCS) - 1
    assert not found.labels()[90, 300]


def test_nothing_in_an_empty_picture(engine):
    assert engine.everything(np.zeros((480, 640, 3), np.uint8), 10_000).masks == ()


@pytest.mark.parametrize('budget', [0, -1, float('nan'), float('inf')])
def test_a_budget_that_is_none_is_refused(engine, budget):
    with pytest.raises(PromptError, match='allowed are seconds above 0'):
        everything(engine, discs(), budget_s=budget)


def test_the_segmenter_does_the_same_and_gives_the_engine_back():
    segmenter = Segmenter(Threshold())
    assert len(segmenter.everything(discs(), budget_s=600).masks) == len(DISCS)
    assert not segmenter.segment(discs(), []).masks
    with pytest.raises(PromptError, match='budget'):
        segmenter.everything(discs(), budget_s=0)


def test_the_plan_begins_with_the_large_squares_and_leaves_out_walls():
    frame = picture(160)
    clicks = plan(frame)
    short = frame.height
    sides = [click.side for click in clicks]
    large = {round(level.share * short) for level in LARGE}
    small = {round(level.share * short) for level in SMALL}
    first_small = next(index for index, side in enumerate(sides) if side in small)
    assert set(sides[:first_small]) == large
    assert set(sides[first_small:]) == small
    # The disc's rim is all that has contrast: of the next clicks the most lie there.
    near = [abs(click.x - 160) < 100 for click in clicks[first_small : first_small + 20]]
    assert sum(near) > 15
    assert all(0 <= c.x < frame.width and 0 <= c.y < frame.height for c in clicks)


def test_a_closed_engine_is_an_error():
    from picosam_ros.engines.host import HostEngine

    with pytest.raises(EngineError, match='is closed'):
        everything(HostEngine(), Frame(discs()))
