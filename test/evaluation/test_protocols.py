import numpy as np
import pytest

from picosam_ros.engines.squares import square_for
from picosam_ros.evaluation.protocols import (
    PROTOCOLS,
    SIDE,
    box,
    click,
    crop96,
    cut_at_border,
    full,
    tight_box,
)
from picosam_ros.prompt import Box, Point
from picosam_ros.roi import Roi

SHAPE = (200, 300)


def blob(x0, y0, x1, y1, shape=SHAPE):
    mask = np.zeros(shape, np.uint8)
    mask[y0:y1, x0:x1] = 1
    return mask


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (*SHAPE, 3), np.uint8)


def test_the_click_is_the_centre_of_the_box_where_the_object_covers_it():
    assert click(blob(30, 20, 71, 41)) == (50, 30)
    assert click(blob(30, 20, 70, 40)) == (50, 30)


def test_the_click_is_on_the_object_where_the_centre_of_its_box_is_empty():
    mask = blob(30, 20, 71, 61)
    mask[25:61, 35:66] = 0
    x, y = click(mask)
    assert mask[y, x]
    assert (x - 50) ** 2 + (y - 40) ** 2 == 16**2


def test_the_tight_box_names_the_outermost_pixels():
    assert tight_box(blob(30, 20, 71, 41)) == Box(30, 20, 70, 40)


def test_96_pixels_begin_48_before_the_click(pixels):
    trial = crop96(pixels, blob(130, 80, 171, 121))
    np.testing.assert_array_equal(trial.frame.pixels, pixels[52:148, 102:198])
    assert trial.truth.sum() == 41 * 41
    assert trial.truth[28:69, 28:69].all()


def test_the_network_sees_all_of_the_crop_and_nothing_else(pixels):
    trial = crop96(pixels, blob(0, 0, 9, 9))
    roi = square_for(trial.prompt, trial.frame.width, trial.frame.height)
    assert roi == Roi(0, 0, SIDE, SIDE)


@pytest.mark.parametrize(
    ('centre', 'window'),
    [
        ((10, 5), Roi(0, 0, 96, 96)),
        ((290, 190), Roi(242, 142, 58, 58)),
        ((150, 190), Roi(102, 142, 96, 58)),
    ],
)
def test_the_crop_moves_at_the_first_border_and_is_cut_at_the_last(centre, window):
    assert cut_at_border(Roi.square(*centre, SIDE), 300, 200) == window


def test_a_cut_crop_is_stretched_back_to_96_pixels():
    black = np.zeros((*SHAPE, 3), np.uint8)
    trial = crop96(black, np.ones(SHAPE, np.uint8))
    cut = crop96(black[:40, :60], np.ones((40, 60), np.uint8))
    for made in (trial, cut):
        assert made.frame.pixels.shape == (SIDE, SIDE, 3)
        assert made.truth.all()
        assert made.all_foreground.all()


def test_full_shows_the_whole_picture_and_one_click(pixels):
    trial = full(pixels, blob(30, 20, 71, 41))
    assert trial.frame.pixels is pixels
    assert trial.prompt.points == (Point(50, 30),)
    assert trial.prompt.roi_size == 0
    assert trial.truth.sum() == 41 * 21
    assert trial.all_foreground.all()


def test_box_shows_the_whole_picture_and_the_trivial_answer_fills_the_box(pixels):
    mask = blob(30, 20, 71, 41)
    mask[25:41, 40:60] = 0
    trial = box(pixels, mask)
    assert trial.frame.pixels is pixels
    assert trial.prompt.box == Box(30, 20, 70, 40)
    np.testing.assert_array_equal(trial.all_foreground, blob(30, 20, 71, 41) > 0)


def test_the_command_offers_every_protocol():
    from picosam_ros.commands import evaluate

    assert tuple(PROTOCOLS) == evaluate.PROTOCOLS
