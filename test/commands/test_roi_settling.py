import numpy as np
import pytest

from picosam_ros.commands.roi_settling import (
    Bounds,
    bounds,
    settle_frames,
)

RANDOM = np.random.default_rng(3)


def output(column, noise=0.0):
    """Return logits of an object that fills a third of the ROI, from a column on."""
    logits = np.full((24, 24), -6, np.float32)
    logits[:, column : column + 8] = 6
    return logits + noise * RANDOM.standard_normal((24, 24)).astype(np.float32)


OLD, NEW, OTHER = (output(column) for column in (0, 8, 16))


def seen(*outputs, counts=None):
    counts = counts or range(1, len(outputs) + 1)
    return list(zip(counts, outputs, strict=True))


@pytest.mark.parametrize('lag', range(5))
def test_the_last_frame_with_the_old_roi_and_the_first_with_the_new_are_found(lag):
    outputs = [OLD] * lag + [NEW] * (10 - lag)
    assert bounds(OLD, seen(*outputs)) == Bounds(lag, lag + 1)


def test_a_little_noise_changes_nothing():
    outputs = [output(0, 1.0)] * 2 + [output(8, 1.0) for _ in range(8)]
    assert bounds(output(0, 1.0), seen(*outputs)) == Bounds(2, 3)


def test_frames_without_an_output_leave_a_gap_between_the_bounds():
    found = bounds(OLD, seen(OLD, NEW, NEW, NEW, counts=(1, 4, 5, 8)))
    assert found == Bounds(1, 4)


@pytest.mark.parametrize(
    'outputs',
    [
        [OLD] * 10,
        [OLD, OLD, OTHER, NEW, NEW, NEW],
        [OLD, NEW, OLD, NEW, NEW, NEW],
        [(OLD + NEW) / 2, NEW, NEW, NEW],
        [OLD, NEW],
        [],
    ],
    ids=['both alike', 'a third one', 'back again', 'between', 'too few', 'none'],
)
def test_outputs_that_show_no_change_are_left_out(outputs):
    assert bounds(OLD, seen(*outputs)) is None


def test_outputs_that_never_rest_are_left_out():
    assert bounds(OLD, seen(OLD, NEW, OTHER, NEW, OTHER)) is None


@pytest.mark.parametrize(
    ('other', 'noise'), [(OLD + np.float32(0.1), 0.0), (output(1), 4.0)], ids=['faint', 'noisy']
)
def test_a_difference_that_could_be_chance_is_left_out(other, noise):
    def again(logits):
        return logits + noise * RANDOM.standard_normal((24, 24)).astype(np.float32)

    assert bounds(again(OLD), seen(*[again(OLD)] * 2, *(again(other) for _ in range(8)))) is None


def test_several_changes_narrow_each_other_down():
    assert settle_frames([Bounds(1, 4), Bounds(2, 3), Bounds(0, 5)]) == 2
    assert settle_frames([Bounds(1, 4), Bounds(0, 3)]) == 2


def test_if_changes_disagree_the_longest_time_counts():
    assert settle_frames([Bounds(1, 2), Bounds(3, 4)]) == 3


def test_without_a_change_that_shows_there_is_no_answer():
    assert settle_frames([]) is None
