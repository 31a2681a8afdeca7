import numpy as np
import pytest

from picosam_ros.appearance import Appearance

RED, GREEN, GREY = (220, 30, 30), (30, 200, 40), (120, 120, 120)
INSIDE = np.zeros((40, 40))
INSIDE[10:30, 10:30] = 1


def picture(colour, around=GREY):
    """Paint a square of 20 pixels in the middle of 40."""
    pixels = np.empty((40, 40, 3), np.uint8)
    pixels[...] = around
    pixels[10:30, 10:30] = colour
    return pixels


def of(appearance, colour):
    return float(appearance.likelihood(np.full((1, 1, 3), colour, np.uint8))[0, 0])


@pytest.fixture
def red():
    return Appearance(picture(RED), INSIDE)


def test_the_colours_of_the_object_are_likely_and_those_around_it_are_not(red):
    likelihood = red.likelihood(picture(RED))
    assert likelihood.shape == (40, 40)
    assert likelihood.dtype == np.float32
    assert likelihood[20, 20] > 0.95
    assert likelihood[0, 0] < 0.05


def test_a_colour_that_neither_has_is_no_evidence(red):
    assert of(red, GREEN) == 0


def test_a_colour_that_both_have_is_half_likely():
    both = Appearance(picture(GREY), INSIDE)
    assert of(both, GREY) == pytest.approx(0.5, abs=0.01)


def test_a_shade_more_light_changes_little(red):
    assert of(red, tuple(min(channel + 30, 255) for channel in RED)) > 0.5


def test_what_counts_more_is_more_likely():
    pixels = picture(RED)
    pixels[10:30, 10:20] = GREEN
    weights = INSIDE.copy()
    weights[:, 10:20] *= 0.02
    pixels[0, :10] = RED
    pixels[1, :10] = GREEN
    appearance = Appearance(pixels, weights)
    assert of(appearance, GREEN) < of(appearance, RED)


def test_a_colour_that_is_hardly_ever_seen_is_no_evidence():
    pixels = picture(RED)
    pixels[20, 20] = GREEN
    weights = INSIDE.copy()
    weights[20, 20] = 1e-3
    assert of(Appearance(pixels, weights), GREEN) < 0.2


def test_changes_of_the_object_are_learnt_slowly():
    appearance = Appearance(picture(RED, around=GREEN), INSIDE)
    likely = []
    for _ in range(60):
        appearance.learn(picture(GREEN, around=GREEN), INSIDE)
        likely.append(of(appearance, GREEN))
    assert likely[0] < 0.1
    assert likely == sorted(likely)
    assert likely[-1] == pytest.approx(0.5, abs=0.05)


def test_what_the_object_moves_in_front_of_is_learnt_fast(red):
    red.learn(picture(RED, around=GREEN), INSIDE)
    assert of(red, GREEN) < 0.05
    beside = Appearance(picture(RED), INSIDE)
    for _ in range(10):
        beside.learn(picture(RED, around=RED), INSIDE)
    assert of(beside, RED) < 0.6


def test_the_pixels_are_only_read(red):
    pixels = picture(RED)
    pixels.flags.writeable = False
    red.learn(pixels, INSIDE)
    np.testing.assert_array_equal(pixels, picture(RED))


@pytest.mark.parametrize('weights', [np.zeros((40, 40)), np.ones((40, 40))])
def test_an_object_of_no_pixels_or_of_all_does_no_harm(weights):
    likelihood = Appearance(picture(RED), weights).likelihood(picture(RED))
    assert np.isfinite(likelihood).all()
    assert likelihood.min() >= 0
    assert likelihood.max() <= 1
