"""An object such as no photo has, before known photos: a board of many parts, with holes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from benchmarks.films.lots import draw_scene
from benchmarks.films.scenes import Scene
from benchmarks.films.sprites import MARGIN, RIM, Sprite
from picosam_ros.frame import Pixels

NAME = 'board'
SEED = 6
# Other photos behind it, and other ways, where the figures are measured.
TRAIN_BACKGROUNDS = ('gravel', 'chelsea')
VALIDATION_BACKGROUNDS = ('coffee', 'motorcycle_right')

_WIDTH, _HEIGHT = 260, 190
_GRIT = 14.0


def scenes(backgrounds: tuple[str, ...], first: int) -> list[Scene]:
    """Return a scene before each photo, drawn as those of other recordings from an index on."""
    return [
        replace(
            draw_scene(SEED, index), name=NAME, background=background, sprite=board(), leave=None
        )
        for index, background in enumerate(backgrounds, first)
    ]


@cache
def board() -> Sprite:
    """Draw it: stripes in three colours, a grid, rings, and two holes that show what is behind."""
    shape = (_HEIGHT + 2 * MARGIN, _WIDTH + 2 * MARGIN)
    pixels = np.full((*shape, 3), 230, np.uint8)
    _stripes(pixels)
    _grid(pixels[MARGIN + 20 : MARGIN + 100, MARGIN + 20 : MARGIN + 110])
    _rings(pixels)
    grit = np.random.default_rng(0).normal(0, _GRIT, (*shape, 1))
    rough = cv2.GaussianBlur(np.clip(pixels + grit, 0, 255).astype(np.uint8), (0, 0), 0.7)
    cover = cv2.GaussianBlur(_filled(shape).astype(np.float32) / 255, (0, 0), RIM)
    return Sprite(np.asarray(rough, np.uint8), cover)


def _stripes(pixels: Pixels) -> None:
    colours = ((214, 64, 38), (28, 46, 120), (238, 206, 60))
    for number, x in enumerate(range(-_HEIGHT, pixels.shape[1], 22)):
        corners = np.array(((x, pixels.shape[0]), (x + _HEIGHT, 0), (x + _HEIGHT + 22, 0)))
        whole = np.array((*corners, (x + 22, pixels.shape[0])), np.int32)
        cv2.fillPoly(pixels, [whole], colours[number % 3], cv2.LINE_AA)


def _grid(pixels: Pixels) -> None:
    pixels[:] = (18, 92, 60)
    pixels[::16] = pixels[1::16] = pixels[:, ::16] = pixels[:, 1::16] = (240, 240, 235)


def _rings(pixels: Pixels) -> None:
    middle = (MARGIN + 185, MARGIN + 70)
    for radius, colour in ((52, (20, 20, 24)), (42, (235, 140, 190)), (32, (20, 20, 24))):
        cv2.circle(pixels, middle, radius, colour, -1, cv2.LINE_AA)


def _filled(shape: tuple[int, int]) -> Pixels:
    filled = np.zeros(shape, np.uint8)
    ends = (MARGIN, MARGIN), (MARGIN + _WIDTH - 1, MARGIN + _HEIGHT - 1)
    cv2.rectangle(filled, *ends, 255, -1)
    cv2.circle(filled, (MARGIN + 185, MARGIN + 70), 24, 0, -1, cv2.LINE_AA)
    cv2.rectangle(filled, (MARGIN + 40, MARGIN + 125), (MARGIN + 130, MARGIN + 158), 0, -1)
    corner = MARGIN + np.array(((0, 0), (50, 0), (0, 50)), np.int32)
    cv2.fillPoly(filled, [corner], 0, cv2.LINE_AA)
    return filled
