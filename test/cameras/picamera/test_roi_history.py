import pytest
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.cameras.picamera.tensors import (
    HISTORY_LENGTH,
    Placement,
    RoiHistory,
    Unsettled,
)
from picosam_ros.roi import Roi

PERIOD = 33_000_000
START = 1_000 * PERIOD
A, B = (Placement(Roi(10 * n, 0, 100, 100), n, START + at) for n, at in ((1, 0), (2, 20 * PERIOD)))


def ticket(history, captured_ns):
    found = history.of(captured_ns, PERIOD)
    return found.reason if isinstance(found, Unsettled) else found.ticket


@pytest.fixture
def history():
    history = RoiHistory(3)
    history.add(A)
    history.add(B)
    return history


def test_before_the_first_placement_no_roi_is_known():
    history = RoiHistory(3)
    assert ticket(history, START) == 'no ROI had been placed when this frame was captured'
    history.add(A)
    assert 'no ROI had been placed' in ticket(history, START - 2 * PERIOD)


def test_frames_captured_before_a_call_belong_to_the_placement_before_it(history):
    assert ticket(history, B.placed_ns - PERIOD - 1) == 1


def test_the_frame_that_is_captured_during_a_call_belongs_to_neither(history):
    assert ticket(history, B.placed_ns - 1) == (
        'the ROI was placed 0 frames ago, 3 are needed to settle'
    )


@pytest.mark.parametrize('count', [1, 2, 3])
def test_frames_that_may_show_either_roi_say_how_many_more_are_needed(history, count):
    captured_ns = B.placed_ns + (count - 1) * PERIOD + 5
    reason = f'the ROI was placed {count} frames ago, 3 are needed to settle'
    assert ticket(history, captured_ns) == reason


def test_after_settling_the_newest_placement_counts(history):
    assert ticket(history, B.placed_ns + 3 * PERIOD + 5) == 2
    assert ticket(history, B.placed_ns + 300 * PERIOD) == 2


def test_without_settling_the_next_frame_counts():
    history = RoiHistory(0)
    history.add(A)
    assert ticket(history, A.placed_ns + 1) == 1


def test_placements_that_never_settle_leave_frames_without_an_answer():
    history = RoiHistory(3)
    for n in range(10):
        history.add(Placement(A.roi, n, START + 2 * n * PERIOD))
    answers = [ticket(history, START + n * PERIOD + 5) for n in range(20)]
    assert all(isinstance(answer, str) for answer in answers)


def test_a_restart_forgets_all_but_one(history):
    history.restart(B)
    assert history.newest is B
    assert 'no ROI had been placed' in ticket(history, B.placed_ns - 2 * PERIOD)
    history.restart(None)
    assert history.newest is None


@given(
    st.lists(st.integers(0, 40 * PERIOD), min_size=1, max_size=HISTORY_LENGTH),
    st.integers(0, 60 * PERIOD),
    st.integers(0, 5),
)
def test_an_attributed_frame_is_younger_than_its_placement_and_older_than_the_next(
    moments, captured_ns, settle
):
    moments.sort()
    history = RoiHistory(settle)
    for number, moment in enumerate(moments):
        history.add(Placement(A.roi, number, moment))
    found = history.of(captured_ns, PERIOD)
    if isinstance(found, Placement):
        assert captured_ns >= found.placed_ns + settle * PERIOD
        later = moments[found.ticket + 1 :]
        assert all(captured_ns + PERIOD <= moment for moment in later)
