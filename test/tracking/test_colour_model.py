import numpy as np
import pytest

from picosam_ros.tracking.observation import ColourModel, colours_of

RED, GREEN, GREY = (220, 30, 30), (30, 200, 40), (120, 120, 120)
INSIDE = np.zeros((40, 40))
INSIDE[10:30, 10:30] = 1


def picture(colour, around=GREY):
    """Paint a square of 20 pixels in the middle of 40."""
    pixels = np.empty((40, 40, 3), np.uint8)
    pixels[...] = around
    pixels[10:30, 10:30] = colour
    return pixels


def seen(colour, around=GREY):
    return colours_of(picture(colour, around))


def of(appearance, colour):
    return float(appearance.likelihood(colours_of(np.full((1, 1, 3), colour, np.uint8)))[0, 0])


@pytest.fixture
def red():
    return ColourModel(seen(RED), INSIDE)


def test_the_colours_of_the_object_are_likely_and_those_around_it_are_not(red):
    likelihood = red.likelihood(seen(RED))
    assert likelihood.shape == (40, 40)
    assert likelihood.dtype == np.float32
    assert likelihood[20, 20] > 0.95
    assert likelihood[0, 0] < 0.05


def test_a_colour_that_neither_has_is_no_evidence(red):
    assert of(red, GREEN) == 0


def test_a_colour_that_both_have_is_half_likely():
    both = ColourModel(seen(GREY), INSIDE)
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
    appearance = ColourModel(colours_of(pixels), weights)
    assert of(appearance, GREEN) < of(appearance, RED)


def test_a_colour_that_is_hardly_ever_seen_is_no_evidence():
    pixels = picture(RED)
    pixels[20, 20] = GREEN
    weights = INSIDE.copy()
    weights[20, 20] = 1e-3
    assert of(ColourModel(colours_of(pixels), weights), GREEN) < 0.2


def test_changes_of_the_object_are_learnt_slowly():
    appearance = ColourModel(seen(RED, around=GREEN), INSIDE)
    likely = []
    for _ in range(60):
        appearance.learn(seen(GREEN, around=GREEN), INSIDE)
        likely.append(of(appearance, GREEN))
    assert likely[0] < 0.1
    assert likely == sorted(likely)
    assert likely[-1] == pytest.approx(0.5, abs=0.05)


def test_what_the_object_moves_in_front_of_is_learnt_fast(red):
    red.learn(seen(RED, around=GREEN), INSIDE)
    assert of(red, GREEN) < 0.05
    beside = ColourModel(seen(RED), INSIDE)
    for _ in range(10):
        beside.learn(seen(RED, around=RED), INSIDE)
    assert of(beside, RED) < 0.6


def test_a_mask_of_the_same_colours_is_alike_and_one_of_others_is_not(red):
    assert red.likeness(seen(RED), INSIDE) == pytest.approx(1)
    assert red.likeness(seen(GREEN), INSIDE) < 0.01


def test_a_thing_of_one_of_its_colours_is_less_alike_than_one_of_the_same_mixture():
    pixels = picture(RED)
    pixels[10:30, 10:20] = GREEN
    mixed = ColourModel(colours_of(pixels), INSIDE)
    assert mixed.likeness(colours_of(pixels[:, ::-1]), INSIDE) == pytest.approx(1)
    assert mixed.likeness(seen(RED), INSIDE) < 0.8
    assert mixed.likelihood(seen(RED))[20, 20] > 0.9


def test_of_many_squares_the_one_on_the_object_is_most_like_it(red):
    pixels = np.full((30, 60, 3), GREEN, np.uint8)
    pixels[6:14, 40:48] = RED
    likenesses = red.likenesses(colours_of(pixels), 8)
    assert likenesses.shape == (12, 27)
    assert np.unravel_index(likenesses.argmax(), likenesses.shape) == (3, 20)
    assert likenesses.max() > 0.7
    assert likenesses.min() < 0.01


@pytest.mark.parametrize('weights', [np.zeros((40, 40)), np.ones((40, 40))])
def test_an_object_of_no_pixels_or_of_all_does_no_harm(weights):
    likelihood = ColourModel(seen(RED), weights).likelihood(seen(RED))
    assert np.isfinite(likelihood).all()
    assert likelihood.min() >= 0
    assert likelihood.max() <= 1
