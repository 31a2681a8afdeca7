import cv2
import numpy as np
import pytest

from picosam_ros.datasets.change import Change
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.mask import encode_rle

NONE = LabelledImage(0, 0, 320, 240, ())


def at(*columns):
    """Make labels of discs, each 20 pixels across, at these columns."""
    return LabelledImage(0, 0, 320, 240, tuple(map(_disc, range(1, 9), columns)))


def _disc(object_id, column):
    rows, columns = np.ogrid[:240, :320]
    inside = (columns - column) ** 2 + (rows - 120) ** 2 <= 100
    return Label(object_id, 'cup', encode_rle(inside)['counts'] if inside.any() else '')


@pytest.fixture
def photo():
    data = pytest.importorskip('skimage.data', reason="the photographs are scikit-image's")
    return cv2.resize(data.astronaut(), (652, 480), interpolation=cv2.INTER_AREA)


def view(photo, column):
    """Cut out 640×480, as a camera sees it that has turned by so many columns."""
    return np.ascontiguousarray(photo[:, column : column + 640])


def noisy(pixels, seed):
    noise = np.random.default_rng(seed).normal(0, 15, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def test_the_first_image_is_chosen_and_the_same_one_is_not_again(photo):
    change = Change(2)
    assert [change.differs(view(photo, 0), NONE) for _ in range(3)] == [True, False, False]


def test_the_noise_of_a_sensor_is_no_change(photo):
    change = Change(2)
    pixels = view(photo, 0)
    assert [change.differs(noisy(pixels, seed), NONE) for seed in range(5)] == [True, *[False] * 4]


def test_a_camera_that_turns_by_a_hundredth_of_the_image_sees_a_change(photo):
    change = Change(2)
    assert change.differs(noisy(view(photo, 0), 1), NONE)
    assert change.differs(noisy(view(photo, 6), 2), NONE)


def test_small_changes_add_up_since_the_last_image_that_was_chosen(photo):
    change = Change(2)
    pixels = view(photo, 0) // 2
    chosen = [change.differs(pixels + np.uint8(step), NONE) for step in range(7)]
    assert chosen == [True, False, True, False, True, False, True]


def test_an_object_that_moves_before_a_still_scene_is_a_change():
    change = Change(2)
    scene = np.full((240, 320, 3), 60, np.uint8)
    assert change.differs(scene, NONE)
    scene[80:160, 100:180] = (240, 200, 180)
    assert change.differs(scene, NONE)


def test_images_smaller_than_what_is_compared_are_compared_too():
    change = Change(2)
    assert change.differs(np.zeros((9, 12, 3), np.uint8), NONE)
    assert not change.differs(np.zeros((9, 12, 3), np.uint8), NONE)
    assert change.differs(np.full((9, 12, 3), 9, np.uint8), NONE)


def test_without_a_least_difference_all_are_chosen(photo):
    change = Change(0)
    assert all(change.differs(view(photo, 0), NONE) for _ in range(3))


def test_a_small_object_that_moves_appears_or_goes_is_a_change_though_few_pixels_are():
    change = Change(2)
    pixels = np.full((240, 320, 3), 60, np.uint8)
    given = [at(100), at(101), at(110), at(110), at(110, 200), at(110, 200), at(-99, 200)]
    chosen = [change.differs(pixels, labels) for labels in given]
    assert chosen == [True, False, True, False, True, False, True]
