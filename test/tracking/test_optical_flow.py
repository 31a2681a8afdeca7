"""How far the texture in a mask moved, against pictures that were moved by a known way."""

import cv2
import numpy as np
import pytest

from picosam_ros import Frame, Prompt
from picosam_ros.mask import Mask
from picosam_ros.roi import Roi
from picosam_ros.tracking.observation import GRID, Observation
from picosam_ros.tracking.optical_flow import TrackedPoints, _turn

WIDTH, HEIGHT = 640, 480
CENTRE = 300, 200


@pytest.fixture(scope='module')
def texture():
    """Blurred noise: it looks different everywhere, and is smooth enough to be moved by parts."""
    noise = np.random.default_rng(4).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 6).astype(np.float32)
    return np.clip(128 + 8 * (blurred - 128), 0, 255).astype(np.uint8)


def moved(pixels, dx, dy):
    shift = np.float32([[1, 0, dx], [0, 1, dy]])
    return cv2.warpAffine(pixels, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)


def seen(pixels, side=160, radius=24, centre=CENTRE):
    """Give the frame and the look at a disc in a square of it; the radius is the network's."""
    frame = Frame(pixels)
    rows, columns = np.mgrid[:96, :96] - 47.5
    logits = (radius - np.hypot(rows, columns)).astype(np.float32)
    prompt = Prompt.from_point(*centre, roi_size=side)
    roi = Roi.square(*centre, side)
    return frame, Observation.of(frame, Mask(prompt, logits, roi, WIDTH, HEIGHT, 'test', 1.0))


def patch_of(frame, look):
    return TrackedPoints.of(frame, look, np.ones((GRID, GRID), np.float32))


@pytest.mark.parametrize('side', [64, 160, 400])
@pytest.mark.parametrize(('dx', 'dy'), [(0, 0), (3.5, -2.25), (-9, 6)])
def test_it_is_the_way_that_the_picture_went(texture, dx, dy, side):
    patch = patch_of(*seen(texture, side))
    assert patch.motion(Frame(moved(texture, dx, dy))).shift == pytest.approx((dx, dy), abs=0.5)


def test_what_moves_around_the_mask_does_not_count(texture):
    inside = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(inside, CENTRE, 70, 1, -1)
    now = np.where(inside[..., None] > 0, texture, moved(texture, 15, 15))
    assert patch_of(*seen(texture)).motion(Frame(now)).shift == pytest.approx((0, 0), abs=0.5)


def test_what_the_mask_took_in_of_another_colour_does_not_count(texture):
    frame, look = seen(texture)
    likelihood = np.zeros((GRID, GRID), np.float32)
    likelihood[:, : GRID // 2 - 5] = 0.9
    # The right part of the mask, the larger one, is a neighbour that goes away.
    now = moved(texture, 12, 0)
    now[:, :285] = texture[:, :285]
    assert TrackedPoints.of(frame, look, likelihood).motion(Frame(now)).shift == pytest.approx(
        (0, 0), abs=0.5
    )


def test_a_part_that_is_hidden_does_not_count(texture):
    now = moved(texture, 6, 0)
    cv2.rectangle(now, (322, 0), (WIDTH, HEIGHT), (255, 255, 255), -1)
    assert patch_of(*seen(texture)).motion(Frame(now)).shift == pytest.approx((6, 0), abs=1)


def test_at_the_border_of_the_image_it_is_the_same(texture):
    patch = patch_of(*seen(texture, centre=(20, 470)))
    assert patch.motion(Frame(moved(texture, 4, -3))).shift == pytest.approx((4, -3), abs=0.5)


def test_without_texture_nothing_is_said():
    flat = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    assert patch_of(*seen(flat)).motion(Frame(flat)) is None


def test_of_a_mask_of_some_pixels_nothing_is_said(texture):
    assert patch_of(*seen(texture, radius=1)).motion(Frame(texture)) is None


@pytest.mark.parametrize(('degrees', 'growth'), [(0, 1.0), (6, 1.0), (-8, 1.03), (3, 0.96)])
def test_a_point_beside_the_object_goes_along_with_its_turn_and_its_growth(
    texture, degrees, growth
):
    matrix = cv2.getRotationMatrix2D(CENTRE, degrees, growth)
    now = cv2.warpAffine(texture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    motion = patch_of(*seen(texture)).motion(Frame(now))
    x, y = CENTRE[0] + 60, CENTRE[1] - 20
    assert motion.of(x, y) == pytest.approx(matrix @ (x, y, 1), abs=1.5)


def test_a_turn_that_no_object_makes_from_frame_to_frame_is_none():
    before = np.float32([[0, 0], [10, 0], [0, 10]])
    assert _turn(before, before[:, ::-1].copy()) == 1.0
    assert _turn(before, 2 * before) == 1.0
