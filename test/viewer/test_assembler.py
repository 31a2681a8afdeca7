"""A mask is shown on the image that it was computed from, and on no other."""

import numpy as np
import pytest
from helpers.viewer_server import disc_mask

from picosam_ros.viewer import assembler as limits
from picosam_ros.viewer.assembler import FrameAssembler, FrameMasks, PendingImage


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
def assembler(shown, clock):
    return FrameAssembler(shown.append, clock)


def image(stamp, size=100):
    return PendingImage(stamp, 64, 48, size, lambda: np.zeros((48, 64, 3), np.uint8))


def masks(stamp, **fields):
    return FrameMasks(stamp, (disc_mask(),), **fields)


def stamps(frames):
    return [frame.stamp_ns for frame in frames]


def test_before_any_mask_images_are_shown_at_once_and_say_that_they_are_not_segmented(
    assembler, shown
):
    assembler.add_image(image(1))
    assembler.add_image(image(2))
    assert stamps(shown) == [1, 2]
    assert not any(frame.segmented for frame in shown)


def test_with_masks_an_image_waits_for_its_own(assembler, shown):
    assembler.add_masks(masks(1))
    assembler.add_image(image(1))
    assembler.add_image(image(2))
    assembler.add_image(image(3))
    assert stamps(shown) == [1]
    assembler.add_masks(masks(3))
    assert stamps(shown) == [1, 3]
    assert all(frame.segmented and len(frame.masks) == 1 for frame in shown)


@pytest.mark.parametrize('early', ['masks', 'image'])
def test_either_may_arrive_first(early, assembler, shown):
    assembler.add_masks(masks(1))
    acts = [lambda: assembler.add_masks(masks(2)), lambda: assembler.add_image(image(2))]
    for act in acts if early == 'masks' else reversed(acts):
        act()
    assert stamps(shown) == [2]
    assert shown[0].segmented


def test_nothing_older_is_shown_after_something_newer(assembler, shown):
    assembler.add_masks(masks(9))
    assembler.add_image(image(5))
    assembler.add_image(image(9))
    assembler.add_masks(masks(5))
    assembler.add_image(image(4))
    assert stamps(shown) == [9]


def test_where_the_segmentation_falls_silent_images_go_on_without_masks(assembler, shown, clock):
    assembler.add_masks(masks(1))
    assembler.add_image(image(1))
    assembler.add_image(image(2))
    assert stamps(shown) == [1]
    clock.now += limits.TIMEOUT_S + 0.1
    assembler.add_image(image(3))
    assert stamps(shown) == [1, 3]
    assert not shown[-1].segmented


def test_a_slow_engine_keeps_its_masks(assembler, shown, clock):
    assembler.add_masks(masks(1))
    clock.now += 3.0
    assembler.add_masks(masks(2))
    clock.now += 3.0
    assembler.add_image(image(3))
    assert shown == []
    assembler.add_masks(masks(3))
    assert stamps(shown) == [3]


def test_what_waits_is_bounded(assembler, shown):
    assembler.add_masks(masks(1))
    for stamp in range(2, 100):
        assembler.add_image(image(stamp, size=limits.MAX_BYTES // 10))
    assembler.add_masks(masks(50))
    assert shown == []
    assembler.add_masks(masks(95))
    assert stamps(shown) == [95]


def test_masks_without_their_image_are_counted_and_bounded(assembler, shown):
    for stamp in range(1, 100):
        assembler.add_masks(masks(stamp))
    assert assembler.unmatched == 99 - limits.MAX_EARLY_MASKS
    assembler.add_image(image(99))
    assert stamps(shown) == [99]
    assert assembler.unmatched == 98


def test_a_recording_that_restarts_is_shown_from_its_start(assembler, shown):
    start = 10 * limits.JUMP_NS
    assembler.add_image(image(start))
    assembler.add_image(image(start - 1))
    assert stamps(shown) == [start]
    assembler.add_image(image(start - 2 * limits.JUMP_NS))
    assert stamps(shown) == [start, start - 2 * limits.JUMP_NS]


def test_unanswered_prompts_come_with_the_image(assembler, shown):
    assembler.add_masks(FrameMasks(1, (), ((7, 'hidden'),)))
    assembler.add_image(image(1))
    assert shown[0].unanswered == ((7, 'hidden'),)
    assert shown[0].object_ids == {7}


def test_images_that_come_twice_are_counted_once_and_masks_are_shown_all_the_same(assembler, shown):
    assembler.add_masks(masks(1))
    assembler.add_image(image(1))
    for stamp in range(2, 200):
        for _ in range(2):
            assembler.add_image(image(stamp, size=limits.MAX_BYTES // 4))
        assembler.add_masks(masks(stamp))
        assert shown[-1].stamp_ns == stamp
    assert all(frame.segmented for frame in shown)
    assert assembler._bytes == 0
    # Twice also after its masks.
    assembler.add_image(image(199))
    assert len(shown) == 199
    assert assembler.late == 1


def test_masks_that_come_twice_for_an_image_that_was_shown_are_counted(assembler, shown):
    for _ in range(3):
        assembler.add_masks(masks(1))
        assembler.add_image(image(1))
    assert stamps(shown) == [1]
    assert assembler.unmatched == 2


def test_masks_that_come_twice_before_their_image_are_those_of_both(assembler, shown):
    first = FrameMasks(1, (disc_mask(1), disc_mask(2)), ((3, 'hidden'), (4, 'hidden')))
    assembler.add_masks(first)
    assembler.add_masks(FrameMasks(1, (disc_mask(2, generation=7), disc_mask(3))))
    assembler.add_image(image(1))
    assert {mask.object_id: mask.generation for mask in shown[0].masks} == {1: 1, 2: 7, 3: 1}
    assert shown[0].unanswered == ((4, 'hidden'),)


def test_masks_of_other_images_do_not_keep_the_picture_back(assembler, shown, clock):
    for step in range(100):
        clock.now += 0.1
        assembler.add_masks(masks(10**9 + step))
        assembler.add_image(image(step + 1))
    assert len(shown) > 80
    assert not any(frame.segmented for frame in shown)
    # Masks of images that were shown without tell that the next ones will have theirs.
    assembler.add_masks(masks(100))
    assembler.add_image(image(101))
    assembler.add_masks(masks(101))
    assert shown[-1].stamp_ns == 101
    assert shown[-1].segmented


def test_stamps_that_go_back_a_little_for_good_are_followed_after_some_images(assembler, shown):
    start = 10 * limits.JUMP_NS
    assembler.add_image(image(start))
    for step in range(limits.MAX_LATE_IMAGES):
        assembler.add_image(image(start - 500_000_000 + step))
    assert stamps(shown) == [start]
    assert assembler.late == limits.MAX_LATE_IMAGES
    assembler.add_image(image(start - 400_000_000))
    assembler.add_image(image(start - 300_000_000))
    assert stamps(shown)[1:] == [start - 400_000_000, start - 300_000_000]


def test_a_stamp_far_in_the_future_holds_nothing_up(assembler, shown):
    assembler.add_image(image(2**60))
    assembler.add_masks(masks(2**60 + 1))
    assembler.add_image(image(5))
    assembler.add_masks(masks(5))
    assembler.add_image(image(6))
    assembler.add_masks(masks(6))
    assert stamps(shown) == [2**60, 5, 6]


def test_images_without_a_stamp_are_all_shown_without_masks(assembler, shown):
    assembler.add_image(image(7))
    for _ in range(3):
        assembler.add_masks(masks(0))
        assembler.add_image(image(0))
    assert stamps(shown) == [7, 0, 0, 0]
    assert not any(frame.segmented for frame in shown)
    assert [frame.number for frame in shown] == [1, 2, 3, 4]
    assert (assembler.unstamped, assembler.unmatched) == (3, 3)


def test_masks_of_an_image_that_was_shown_before_are_handed_on(shown, clock):
    late = []
    assembler = FrameAssembler(shown.append, clock, on_late=late.append)
    assembler.add_masks(masks(1))
    assembler.add_image(image(1))
    assembler.add_masks(masks(2))
    assembler.add_masks(masks(1))
    assert stamps(shown) == [1]
    assert stamps(late) == [1]
