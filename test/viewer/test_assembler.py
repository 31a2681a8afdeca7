"""A mask is shown on the frame that it was made from, and on no other."""

import numpy as np
import pytest
from helpers.viewer_server import disc_mask

from picosam_ros.viewer import assembler
from picosam_ros.viewer.assembler import Masks, Pairing, Picture


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shown():
    return []


@pytest.fixture
def pair(shown, clock):
    return Pairing(shown.append, clock)


def picture(stamp, size=100):
    return Picture(stamp, 64, 48, size, lambda: np.zeros((48, 64, 3), np.uint8))


def masks(stamp, **fields):
    return Masks(stamp, (disc_mask(),), **fields)


def stamps(scenes):
    return [scene.stamp_ns for scene in scenes]


def test_before_any_mask_pictures_are_shown_at_once_and_say_that_nobody_segmented_them(pair, shown):
    pair.add_picture(picture(1))
    pair.add_picture(picture(2))
    assert stamps(shown) == [1, 2]
    assert not any(scene.segmented for scene in shown)


def test_with_masks_a_picture_waits_for_its_own(pair, shown):
    pair.add_masks(masks(1))
    pair.add_picture(picture(1))
    pair.add_picture(picture(2))
    pair.add_picture(picture(3))
    assert stamps(shown) == [1]
    pair.add_masks(masks(3))
    assert stamps(shown) == [1, 3]
    assert all(scene.segmented and len(scene.masks) == 1 for scene in shown)


@pytest.mark.parametrize('early', ['masks', 'picture'])
def test_either_may_arrive_first(early, pair, shown):
    pair.add_masks(masks(1))
    acts = [lambda: pair.add_masks(masks(2)), lambda: pair.add_picture(picture(2))]
    for act in acts if early == 'masks' else reversed(acts):
        act()
    assert stamps(shown) == [2]
    assert shown[0].segmented


def test_nothing_older_is_shown_after_something_newer(pair, shown):
    pair.add_masks(masks(9))
    pair.add_picture(picture(5))
    pair.add_picture(picture(9))
    pair.add_masks(masks(5))
    pair.add_picture(picture(4))
    assert stamps(shown) == [9]


def test_where_the_segmentation_falls_silent_pictures_go_on_without_masks(pair, shown, clock):
    pair.add_masks(masks(1))
    pair.add_picture(picture(1))
    pair.add_picture(picture(2))
    assert stamps(shown) == [1]
    clock.now += assembler.PATIENCE_S + 0.1
    pair.add_picture(picture(3))
    assert stamps(shown) == [1, 3]
    assert not shown[-1].segmented


def test_a_slow_engine_keeps_its_masks(pair, shown, clock):
    pair.add_masks(masks(1))
    clock.now += 3.0
    pair.add_masks(masks(2))
    clock.now += 3.0
    pair.add_picture(picture(3))
    assert shown == []
    pair.add_masks(masks(3))
    assert stamps(shown) == [3]


def test_what_waits_is_bounded(pair, shown):
    pair.add_masks(masks(1))
    for stamp in range(2, 100):
        pair.add_picture(picture(stamp, size=assembler.MAX_BYTES // 10))
    pair.add_masks(masks(50))
    assert shown == []
    pair.add_masks(masks(95))
    assert stamps(shown) == [95]


def test_masks_without_their_picture_are_counted_and_bounded(pair, shown):
    for stamp in range(1, 100):
        pair.add_masks(masks(stamp))
    assert pair.unmatched == 99 - assembler.MAX_EARLY
    pair.add_picture(picture(99))
    assert stamps(shown) == [99]
    assert pair.unmatched == 98


def test_a_recording_that_begins_anew_is_shown_anew(pair, shown):
    start = 10 * assembler.JUMP_NS
    pair.add_picture(picture(start))
    pair.add_picture(picture(start - 1))
    assert stamps(shown) == [start]
    pair.add_picture(picture(start - 2 * assembler.JUMP_NS))
    assert stamps(shown) == [start, start - 2 * assembler.JUMP_NS]


def test_unanswered_prompts_are_told_with_the_picture(pair, shown):
    pair.add_masks(Masks(1, (), ((7, 'hidden'),)))
    pair.add_picture(picture(1))
    assert shown[0].unanswered == ((7, 'hidden'),)
    assert shown[0].object_ids == {7}
