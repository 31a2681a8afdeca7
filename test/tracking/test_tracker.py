"""Where the tracker looks next, what it doubts, and when it gives up."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from helpers.discs import BLUE, EMPTY, SIDE, mask_of, picture

from picosam_ros import Frame, Prompt
from picosam_ros.engines.cascade import STILL
from picosam_ros.engines.squares import square_for
from picosam_ros.mask import Mask
from picosam_ros.prompt import Box, Point
from picosam_ros.results import Correction
from picosam_ros.roi import Affine
from picosam_ros.tracking import tracker as tracking
from picosam_ros.tracking.optical_flow import TrackedPoints
from picosam_ros.tracking.track import Limits
from picosam_ros.tracking.tracker import OBJECT_SHARE


class Tracker(tracking.Tracker):
    """Knows the frame that it evaluated last: there the tests ask where it looks."""

    frame = EMPTY

    def evaluate(self, frame, masks):
        self.frame = frame
        return super().evaluate(frame, masks)

    def look(self, prompt):
        return self.predict(prompt, self.frame)


def begun(x=300, y=240, **limits):
    """Give a tracker that has seen a disc once, and the prompt that it was clicked with."""
    tracker = Tracker(Limits(**limits))
    prompt = Prompt.from_point(x, y, roi_size=SIDE)
    frame = picture(x, y)
    verdict = tracker.evaluate(frame, [mask_of(frame, prompt)])
    assert len(verdict.accepted) == 1
    return tracker, prompt


def shown(tracker, prompt, frame, **mask):
    """Let the tracker see one frame more."""
    return tracker.evaluate(frame, [mask_of(frame, tracker.predict(prompt, frame), **mask)])


def place(tracker, prompt):
    square = tracker.look(prompt).square
    return *square.centre, square.width


# Where it looks


def test_the_first_frame_takes_the_users_prompt_as_it_is():
    prompt = Prompt.from_point(300, 240, roi_size=SIDE)
    assert Tracker().look(prompt) is prompt


def test_an_object_that_rests_is_looked_at_where_it_is_and_as_large_as_the_user_did():
    tracker, prompt = begun()
    for _ in range(60):
        shown(tracker, prompt, picture(300))
    assert place(tracker, prompt) == pytest.approx((300, 240, SIDE), abs=1.5)


def test_a_click_beside_the_middle_is_centred():
    tracker, prompt = Tracker(), Prompt.from_point(285, 252, roi_size=SIDE)
    for _ in range(10):
        shown(tracker, prompt, picture(300))
    assert place(tracker, prompt)[:2] == pytest.approx((300, 240), abs=1.5)


def test_the_aimed_prompt_is_of_the_same_object_and_generation():
    tracker, prompt = Tracker(), Prompt.from_point(300, 240, roi_size=SIDE, object_id=7)
    frame = picture(300)
    tracker.evaluate(frame, [mask_of(frame, prompt)])
    aimed = tracker.look(prompt)
    assert (aimed.object_id, aimed.generation, aimed.box) == (7, prompt.generation, None)


@pytest.mark.parametrize(('dx', 'dy'), [(50, 0), (-50, 0), (0, 50), (0, -50)])
def test_what_no_texture_tells_moves_the_roi_by_its_limit_at_most(dx, dy, monkeypatch):
    monkeypatch.setattr(TrackedPoints, 'motion', lambda *_: None)
    tracker, prompt = begun(shift=0.1)
    shown(tracker, prompt, picture(300 + dx, 240 + dy))
    x, y, _ = place(tracker, prompt)
    expected = 300 + 0.1 * SIDE * np.sign(dx), 240 + 0.1 * SIDE * np.sign(dy)
    assert (x, y) == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize(('radius', 'factor'), [(55, 1.04), (12, 1 / 1.04)])
def test_in_one_frame_the_roi_grows_or_shrinks_by_its_limit_at_most(radius, factor):
    tracker, prompt = begun(growth=1.04)
    sides = [place(tracker, prompt)[2]]
    for _ in range(5):
        shown(tracker, prompt, picture(300, radius=radius))
        sides.append(place(tracker, prompt)[2])
    assert sides == pytest.approx([SIDE * factor**n for n in range(6)], abs=1)


@pytest.mark.parametrize('radius', [20, 50])
def test_in_the_end_the_object_fills_as_much_of_the_roi_as_at_the_beginning(radius):
    tracker, prompt = begun()
    for _ in range(120):
        shown(tracker, prompt, picture(300, radius=radius))
    assert place(tracker, prompt)[2] == pytest.approx(SIDE * radius / 30, rel=0.1)


def test_a_thin_leak_of_the_mask_moves_the_roi_little():
    tracker, prompt = begun()
    frame = picture(300)
    mask = mask_of(frame, tracker.predict(prompt, frame))
    mask.logits[2:8, 20:] = 9
    tracker.evaluate(frame, [mask])
    assert place(tracker, prompt)[:2] == pytest.approx((300, 240), abs=1.5)


def test_an_object_that_fills_all_of_the_roi_does_no_harm():
    tracker, prompt = begun()
    for _ in range(20):
        assert shown(tracker, prompt, picture(300, radius=400)).accepted
    x, y, side = place(tracker, prompt)
    assert (x, y) == pytest.approx((300, 240), abs=0.3 * SIDE)
    assert side > 1.5 * SIDE


def test_a_mask_that_takes_in_a_neighbour_for_a_frame_pulls_the_roi_a_little_only():
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    frame = Frame(cv2.GaussianBlur(noise, (0, 0), 2))
    tracker, prompt = Tracker(), Prompt.from_point(300, 240, roi_size=SIDE)
    rows, columns = np.mgrid[:96, :96] - 47.5
    small = 20 - np.hypot(columns, rows)
    neighbour = 20 - np.hypot(columns - 26, rows)
    for logits in (small, small, np.maximum(small, neighbour)):
        aimed = tracker.predict(prompt, frame)
        roi = square_for(aimed, 640, 480)
        tracker.evaluate(
            frame, [Mask(aimed, logits.astype(np.float32), roi, 640, 480, 'test', 1.0)]
        )
    assert place(tracker, prompt)[:2] == pytest.approx((300, 240), abs=4)


# Doubt


@pytest.mark.parametrize(
    ('frame', 'mask', 'reason'),
    [
        (EMPTY, {}, 'the network sees nothing there'),
        (picture(300), {'score': 0.04}, 'the score fell to 0.04'),
        (picture(300, colour=BLUE), {'channel': 2}, 'what is there looks different'),
    ],
    ids=['nothing', 'unsure', 'another colour'],
)
def test_what_does_not_look_like_the_object_is_held_and_then_lost_with_the_reason(
    frame, mask, reason
):
    tracker, prompt = begun(patience=5)
    for _ in range(5):
        verdict = shown(tracker, prompt, frame, **mask)
        assert (verdict.accepted, verdict.lost) == ((), ())
        [doubt] = verdict.missing
        assert doubt.prompt.object_id == prompt.object_id
        assert doubt.reason.startswith(reason)
    verdict = shown(tracker, prompt, frame, **mask)
    assert (verdict.accepted, verdict.missing) == ((), ())
    assert verdict.lost[0].reason.startswith(f'not seen for 6 frames: {reason}')


def test_a_lost_object_is_forgotten():
    tracker, prompt = begun(patience=1)
    for _ in range(2):
        shown(tracker, prompt, EMPTY)
    assert tracker.look(prompt) is prompt


def test_seen_again_it_has_all_its_patience_back():
    tracker, prompt = begun(patience=3)
    for _ in range(5):
        for _ in range(3):
            assert shown(tracker, prompt, EMPTY).missing
        assert shown(tracker, prompt, picture(300)).accepted


def test_an_object_that_was_never_seen_is_no_track_and_no_doubt():
    tracker, prompt = Tracker(), Prompt.from_point(300, 240, roi_size=SIDE)
    for _ in range(200):
        [mask] = shown(tracker, prompt, EMPTY).accepted
        assert mask.empty
    assert tracker.look(prompt) is prompt


# Search


def test_while_nothing_is_seen_the_roi_waits_and_grows_up_to_its_limit():
    tracker, prompt = begun(widen=1.1, widest=2.0)
    sides = []
    for _ in range(20):
        shown(tracker, prompt, EMPTY)
        x, y, side = place(tracker, prompt)
        assert (x, y) == pytest.approx((300, 240), abs=1)
        sides.append(side)
    assert sides[:3] == pytest.approx([SIDE * 1.1**n for n in (1, 2, 3)], abs=1)
    assert sides[-1] == pytest.approx(2 * SIDE, abs=1)


def test_what_was_seen_is_learnt_at_leisure_or_when_it_is_next_asked_for():
    early, prompt = begun()
    late, _ = begun()
    for x in (310, 330, -500, 345):
        shown(early, prompt, picture(x))
        early.learn()
        shown(late, prompt, picture(x))
        assert place(early, prompt) == place(late, prompt)


def test_an_object_that_comes_back_elsewhere_is_found_by_looking_wider():
    tracker, prompt = begun()
    for _ in range(40):
        shown(tracker, prompt, EMPTY)
    for _ in range(40):
        verdict = shown(tracker, prompt, picture(400, 200))
    assert verdict.accepted
    assert place(tracker, prompt) == pytest.approx((400, 200, SIDE), abs=8)


def test_where_its_colours_are_is_looked_at_although_no_mask_is_believed():
    tracker, prompt = begun()
    for _ in range(2):
        shown(tracker, prompt, picture(340, 220), score=0.0)
    assert place(tracker, prompt)[:2] == pytest.approx((340, 220), abs=8)


def test_what_blinks_for_one_frame_is_looked_for_where_it_was():
    tracker, prompt = begun()
    before = place(tracker, prompt)
    shown(tracker, prompt, picture(340, 220), score=0.0)
    assert place(tracker, prompt)[:2] == pytest.approx(before[:2], abs=1)


def test_what_is_found_again_is_not_moved_on_by_what_was_before():
    noise = np.random.default_rng(0).integers(-60, 60, (480, 640, 1))
    blurred = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 2)[..., None]

    def textured(x):
        shaded = picture(x).pixels + np.roll(3 * blurred, x, 1)
        return Frame(np.clip(shaded, 0, 255).astype(np.uint8))

    tracker, prompt = Tracker(), Prompt.from_point(300, 240, roi_size=SIDE)
    tracker.evaluate(textured(300), [mask_of(textured(300), prompt)])
    # Not seen twice: the second time its colours tell where it is.
    for _ in range(2):
        assert shown(tracker, prompt, textured(318), channel=1).missing
    assert place(tracker, prompt)[0] == pytest.approx(318, abs=6)
    assert shown(tracker, prompt, textured(318)).accepted
    assert place(tracker, prompt)[0] == pytest.approx(318, abs=3)


# Corrections


def corrected(tracker, prompt, frame, *, by_user, since=STILL, **mask):
    """Let a better mask of an earlier frame come, made from the whole picture."""
    better = mask_of(frame, replace(prompt, roi_size=640), **mask)
    tracker.correct(Correction(frame, better, since, by_user))
    return place(tracker, prompt)


def test_a_correction_of_the_users_prompt_begins_the_track_anew_with_an_roi_that_fits():
    tracker, prompt = begun()
    assert corrected(tracker, prompt, picture(320, 220, 50), by_user=True) == pytest.approx(
        (320, 220, 101 / OBJECT_SHARE), abs=4
    )


def test_it_is_carried_along_with_what_happened_since():
    tracker, prompt = begun()
    since = Affine(2, 2, -400, -300)
    assert corrected(
        tracker, prompt, picture(320, 220, 50), by_user=True, since=since
    ) == pytest.approx((240, 140, 2 * 101 / OBJECT_SHARE), abs=8)


@pytest.mark.parametrize(('scale', 'side'), [(1000, 2 * 640), (0.001, 32)])
def test_however_much_the_masks_say_it_grew_or_shrank_the_roi_keeps_its_bounds(scale, side):
    tracker, prompt = begun()
    since = Affine(scale, scale, 0, 0)
    assert corrected(tracker, prompt, picture(320), by_user=True, since=since)[2] == side


def test_a_correction_that_was_derived_from_masks_must_look_like_the_object():
    tracker, prompt = begun()
    before = place(tracker, prompt)
    another = picture(400, colour=BLUE)
    assert corrected(tracker, prompt, another, by_user=False, channel=2) == before
    assert corrected(tracker, prompt, picture(330), by_user=False)[0] == pytest.approx(330, abs=3)


def test_the_users_word_on_what_it_looks_like_holds_afterwards():
    tracker, prompt = begun()
    blue = picture(300, colour=BLUE)
    corrected(tracker, prompt, blue, by_user=True, channel=2)
    assert shown(tracker, prompt, blue, channel=2).accepted
    assert shown(tracker, prompt, picture(300)).missing


def test_a_correction_that_sees_nothing_changes_nothing():
    tracker, prompt = begun()
    before = place(tracker, prompt)
    assert corrected(tracker, prompt, EMPTY, by_user=True) == before


def test_after_a_correction_that_was_derived_from_masks_no_point_is_given_again():
    tracker = Tracker()
    prompt = Prompt((Point(300, 240),), roi_size=SIDE, generation=1)
    tracker.evaluate(picture(300), [mask_of(picture(300), prompt)])
    derived = replace(Prompt.from_box(Box(275, 215, 325, 265)), generation=1)
    corrected(tracker, derived, picture(300), by_user=False)
    new = Point(310, 240)
    assert tracker.look(refined(prompt, new)).points == (new,)


def test_after_a_correction_that_was_derived_from_masks_no_step_is_taken_again():
    tracker = Tracker()
    prompt = Prompt((Point(300, 240),), roi_size=SIDE, size_step=1, generation=1)
    tracker.evaluate(picture(300), [mask_of(picture(300), prompt)])
    derived = replace(Prompt.from_box(Box(275, 215, 325, 265)), generation=1)
    corrected(tracker, derived, picture(300), by_user=False)
    assert tracker.look(refined(prompt, Point(310, 240))).size_step == 0


# Beginnings and ends


def test_a_new_generation_starts_afresh():
    tracker, prompt = begun()
    shown(tracker, prompt, picture(330))
    newer = Prompt.from_point(100, 100, roi_size=64).refined(())
    newer = Prompt(newer.points, roi_size=64, generation=prompt.generation + 1)
    assert tracker.look(newer) is newer
    frame = picture(100, 100, colour=BLUE)
    assert tracker.evaluate(frame, [mask_of(frame, newer, channel=2)]).accepted
    assert place(tracker, newer) == pytest.approx((100, 100, 64), abs=2)


def test_what_is_not_kept_is_forgotten_and_the_rest_goes_on():
    tracker, prompt = begun()
    frame = picture(100)
    other = Prompt.from_point(100, 240, object_id=2, roi_size=SIDE)
    tracker.evaluate(frame, [mask_of(frame, other)])
    tracker.begin(frame, [other])
    assert tracker.look(prompt) is prompt
    assert tracker.look(other) is not other
    tracker.begin(frame, [])
    assert tracker.look(other) is other


# Cuts of the film


def noise(seed):
    """Paint a scene of its own."""
    small = np.random.default_rng(seed).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    return Frame(cv2.resize(small, (640, 480), interpolation=cv2.INTER_NEAREST))


def test_a_cut_ends_the_tracks_with_the_reason_and_their_objects_are_forgotten():
    tracker, prompt = begun()
    assert tracker.begin(picture(300), [prompt]) == ()
    [ended] = tracker.begin(noise(0), [prompt])
    assert (ended.prompt, ended.reason) == (prompt, 'the picture changed')
    assert tracker.look(prompt) is prompt


def test_an_object_of_an_earlier_frame_ends_where_the_picture_changed_since():
    tracker, prompt = Tracker(), Prompt.from_point(300, 240, roi_size=SIDE)
    tracker.begin(noise(0), [])
    tracker.evaluate(picture(300), [mask_of(picture(300), prompt)])
    assert tracker.begin(picture(300), [prompt]) == ()
    [ended] = tracker.begin(noise(0), [prompt])
    assert ended.reason == 'the picture changed'


def test_a_cut_does_not_end_what_never_began_or_begins_with_it():
    tracker, prompt = begun()
    unseen = Prompt.from_point(20, 20, object_id=2, roi_size=SIDE)
    replaced = replace(prompt, generation=prompt.generation + 5)
    tracker.begin(picture(300), [prompt, unseen])
    assert tracker.begin(noise(0), [replaced, unseen]) == ()
    assert tracker.look(replaced) is replaced


# The mask and the points go along


def test_from_the_second_frame_on_the_prompt_has_the_last_mask_and_no_box():
    tracker = Tracker()
    prompt = replace(Prompt.from_box(Box(270, 210, 330, 270)), size_step=1, generation=1)
    frame = picture(300)
    mask = mask_of(frame, prompt)
    tracker.evaluate(frame, [mask])
    predicted = tracker.look(prompt)
    assert (predicted.box, predicted.size_step, predicted.roi_size) == (None, 0, 0)
    np.testing.assert_array_equal(predicted.previous.logits, mask.logits)
    assert predicted.previous.roi == mask.roi


def textured(x):
    """Paint a disc whose texture flows."""
    blurred = np.random.default_rng(0).integers(-60, 60, (480, 640, 1)).astype(np.float32)
    shaded = picture(x).pixels + np.roll(3 * cv2.GaussianBlur(blurred, (0, 0), 2)[..., None], x, 1)
    return Frame(np.clip(shaded, 0, 255).astype(np.uint8))


def test_the_mask_and_all_points_are_carried_along_with_the_texture():
    tracker = Tracker()
    points = Point(290, 240), Point(310, 230), Point(300, 300, positive=False)
    prompt = Prompt(points, roi_size=SIDE)
    frame = textured(300)
    tracker.evaluate(frame, [mask_of(frame, prompt)])
    for x in range(302, 322, 2):
        predicted = tracker.predict(prompt, textured(x))
        box = predicted.previous.box
        assert (box.x0 + box.x1) / 2 == pytest.approx(x, abs=2)
        tracker.evaluate(textured(x), [mask_of(textured(x), predicted)])
    moved = tracker.look(prompt).points
    assert [point.positive for point in moved] == [point.positive for point in points]
    for point, before in zip(moved, points, strict=True):
        assert (point.x, point.y) == pytest.approx((before.x + 20, before.y), abs=2)


def test_the_points_of_an_object_without_texture_go_along_with_its_masks():
    tracker = Tracker()
    points = Point(290, 240), Point(310, 230), Point(300, 280, positive=False)
    prompt = Prompt(points, roi_size=SIDE)
    tracker.evaluate(picture(300), [mask_of(picture(300), prompt)])
    for x in range(302, 342, 2):
        assert shown(tracker, prompt, picture(x)).accepted
    moved = [(point.x, point.y) for point in tracker.look(prompt).points]
    expected = [(point.x + 40, point.y) for point in points]
    assert np.array(moved) == pytest.approx(np.array(expected), abs=3)


def test_a_negative_point_further_away_than_the_object_is_large_is_dropped():
    tracker = Tracker()
    far, near = Point(300, 340, positive=False), Point(300, 300, positive=False)
    prompt = Prompt((Point(300, 240), near, far), roi_size=2 * SIDE)
    for _ in range(2):
        assert shown(tracker, prompt, picture(300)).accepted
    assert len(tracker.look(prompt).points) == 2
    assert tracker.look(prompt).points[1].y == pytest.approx(near.y, abs=1)


def test_further_points_join_those_that_were_carried_along():
    tracker = Tracker()
    prompt = Prompt((Point(290, 240),), roi_size=SIDE, generation=1)
    frame = textured(300)
    tracker.evaluate(frame, [mask_of(frame, prompt)])
    predicted = tracker.predict(prompt, textured(306))
    tracker.evaluate(textured(306), [mask_of(textured(306), predicted)])
    new = Point(320, 250), Point(340, 300, positive=False)
    refined = replace(prompt.refined(new), generation=2, refines=1)
    predicted = tracker.look(refined)
    assert (predicted.points[0].x, predicted.points[0].y) == pytest.approx((296, 240), abs=1)
    assert predicted.points[1:] == new
    assert predicted.previous is not None
    # The next frame does not add them again.
    tracker.evaluate(textured(306), [mask_of(textured(306), predicted)])
    assert len(tracker.look(refined).points) == 3


def test_a_step_is_taken_once_and_from_the_mask_of_the_frame_before():
    tracker = Tracker()
    first = replace(Prompt.from_point(300, 240, roi_size=SIDE), generation=1)
    tracker.evaluate(picture(300), [mask_of(picture(300), first)])
    stepped = replace(first, size_step=-1, generation=2, refines=1)
    predicted = tracker.look(stepped)
    assert (predicted.size_step, predicted.previous is None) == (-1, False)
    tracker.evaluate(picture(300), [mask_of(picture(300), predicted)])
    assert tracker.look(stepped).size_step == 0
    # The sum of both steps, of which one has been taken.
    again = replace(first, size_step=1, generation=3, refines=1)
    assert tracker.look(again).size_step == 2


def test_corrections_that_come_before_the_first_is_answered_are_of_the_same_object():
    tracker = Tracker()
    first = Prompt((Point(290, 240),), roi_size=SIDE, generation=4)
    frame = picture(300)
    tracker.evaluate(frame, [mask_of(frame, first)])
    points = Point(310, 240), Point(300, 250)
    latest = replace(first.refined(points), generation=6, refines=4)
    predicted = tracker.look(latest)
    assert predicted.previous is not None
    assert predicted.points[1:] == points


def test_while_it_is_searched_for_the_square_is_wanted_and_not_that_of_the_mask():
    tracker, prompt = begun()
    shown(tracker, prompt, EMPTY)
    predicted = tracker.look(prompt)
    assert predicted.roi_size == predicted.square.width > SIDE
    assert shown(tracker, prompt, picture(300)).accepted
    assert tracker.look(prompt).roi_size == 0


def refined(prompt, *points):
    """Return what the user makes of a prompt by further points."""
    return replace(prompt.refined(points), generation=prompt.generation + 1, refines=1)


@pytest.fixture
def seen():
    """Return a tracker that has seen a disc, and its prompt of the first generation."""
    tracker = Tracker()
    prompt = replace(Prompt.from_point(300, 240, roi_size=SIDE), generation=1)
    frame = picture(300)
    tracker.evaluate(frame, [mask_of(frame, prompt)])
    return tracker, prompt


def test_what_the_user_corrects_may_look_different_from_before(seen):
    tracker, prompt = seen
    blue = picture(300, colour=BLUE)
    corrected = refined(prompt, Point(305, 240))
    assert shown(tracker, corrected, blue, channel=2).accepted
    # From now on, that is what it looks like.
    assert shown(tracker, corrected, blue, channel=2).accepted
    assert shown(tracker, corrected, picture(300)).missing
    assert len(tracker.look(corrected).points) == 2


def test_each_correction_adds_its_own_points_only(seen):
    tracker, prompt = seen
    for n in range(1, 4):
        prompt = refined(prompt, Point(295 + 3 * n, 240))
        assert shown(tracker, prompt, picture(300)).accepted
        places = [(point.x, point.y) for point in tracker.look(prompt).points]
        given = [(point.x, point.y) for point in prompt.points]
        assert np.array(places) == pytest.approx(np.array(given), abs=0.01)
    assert len(prompt.points) == 4


def test_a_correction_that_finds_nothing_is_not_the_object(seen):
    tracker, prompt = seen
    [missing] = shown(tracker, refined(prompt, Point(305, 240)), EMPTY).missing
    assert missing.reason == 'the network sees nothing there'


def test_an_object_that_is_searched_for_is_where_the_user_sees_it(seen):
    tracker, prompt = seen
    for _ in range(3):
        shown(tracker, prompt, EMPTY)
    predicted = tracker.predict(refined(prompt, Point(100, 90)), picture(100, 90))
    assert predicted.square.centre == pytest.approx((100, 90), abs=1)
    assert (predicted.square.width, predicted.roi_size) == (SIDE, 0)
    box = predicted.previous.box
    assert box.centre == pytest.approx((100, 90), abs=2)
    assert tracker.evaluate(picture(100, 90), [mask_of(picture(100, 90), predicted)]).accepted


def test_a_negative_point_does_not_say_where_an_object_is_that_is_searched_for(seen):
    tracker, prompt = seen
    shown(tracker, prompt, EMPTY)
    place_before = place(tracker, prompt)
    assert place(tracker, refined(prompt, Point(100, 90, positive=False))) == place_before
