"""A cut of the film is another scene; motion, light and noise are not."""

from itertools import permutations

import cv2
import numpy as np
import pytest
from helpers.photo_clicks import pixels_of

from benchmarks.films import sequences
from picosam_ros.frame import Frame
from picosam_ros.tracking.scene_cut import Scene

PHOTOS = ('astronaut', 'chelsea', 'coffee', 'motorcycle_left', 'rocket')


def cuts_of(*images):
    """Return for each image whether it begins another scene."""
    before, cuts = None, []
    for image in images:
        scene = Scene.of(Frame(np.ascontiguousarray(image)))
        cuts.append(None not in (before, scene) and scene.is_cut_from(before))
        before = scene or before
    return cuts


@pytest.mark.parametrize(('before', 'after'), list(permutations(PHOTOS, 2)))
def test_another_photo_is_another_scene_once(before, after):
    images = [pixels_of(name) for name in (before, before, after, after)]
    assert cuts_of(*images) == [False, False, True, False]


@pytest.mark.parametrize('film', sequences.SEQUENCES, ids=lambda film: film.name)
def test_what_moves_through_a_film_is_no_cut_even_ten_times_as_fast(film, monkeypatch):
    monkeypatch.setattr(sequences, 'FRAMES', sequences.FRAMES // 10)
    assert not any(cuts_of(*(image for image, _ in film.frames())))


CHANGES = {
    'half of the light': lambda image: image // 2,
    'more light': lambda image: cv2.convertScaleAbs(image, alpha=1.3, beta=30),
    'warmer light': lambda image: cv2.convertScaleAbs(image * np.array([1.2, 1.0, 0.8])),
    'noise': lambda image: cv2.convertScaleAbs(
        image + np.random.default_rng(0).normal(0, 25, image.shape)
    ),
    'a turn of the camera': lambda image: np.roll(image, image.shape[1] // 5, axis=1),
    'defocus': lambda image: cv2.GaussianBlur(image, (0, 0), 6),
    'a hand before the camera': lambda image: np.where(
        np.arange(image.shape[1])[None, :, None] < 0.7 * image.shape[1], (200, 150, 120), image
    ).astype(np.uint8),
}


@pytest.mark.parametrize('change', CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize('name', PHOTOS)
def test_the_same_scene_in_other_circumstances_is_no_cut(name, change):
    image = pixels_of(name)
    assert cuts_of(image, change(image), image) == [False, False, False]


@pytest.mark.parametrize('level', [0, 12, 255], ids=['black', 'dark', 'white'])
def test_what_is_blank_between_two_scenes_hides_no_cut_and_makes_none(level):
    before, after = pixels_of('chelsea'), pixels_of('astronaut')
    noise = np.random.default_rng(0).normal(level, 4, before.shape)
    blank = np.clip(noise, 0, 255).astype(np.uint8)
    assert cuts_of(before, blank, blank, after) == [False, False, False, True]
    assert cuts_of(before, blank, blank, before) == [False, False, False, False]


def test_nothing_comes_before_the_first_frame():
    assert cuts_of(pixels_of('coffee')) == [False]


def test_a_size_that_changes_is_no_cut():
    image = pixels_of('chelsea')
    assert cuts_of(image, cv2.resize(image, (160, 106))) == [False, False]


def test_images_of_one_colour_are_compared_by_it():
    black, grey = np.zeros((48, 64, 3), np.uint8), np.full((48, 64, 3), 90, np.uint8)
    assert cuts_of(black, black, grey) == [False, False, False]
