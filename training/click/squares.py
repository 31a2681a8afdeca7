"""Which squares of the photos are seen, and what in them is meant: geometry, without pixels.

Coordinates are of pixel centres: the first pixel's is 0.
"""

from dataclasses import dataclass

import numpy as np

from training.click.photos import POINTS, Photos

SMALLEST = 24.0
# Of the photo's long side: beyond that there is only padding.
LARGEST = 1.45
# How far from the middle of the square, in sides, a click may lie.
FARTHEST = 0.45


@dataclass(frozen=True)
class Mixture:
    """Shares of the squares; those of what is done to them are in `compose`.

    Attributes:
        boxes: whose prompt is a box.
        previous: whose prompt is an earlier mask; the rest are clicks.
        pointed: of the boxes, those with a point, too.
        occluded: another object lies before the meant one.
        crowded: up to three do, before it and behind it.
        transplanted: the object lies before another place.
        textured: the object has another texture.
        crowding: see Photos.

    """

    boxes: float = 0.23
    previous: float = 0.17
    pointed: float = 0.3
    occluded: float = 0.15
    crowded: float = 0.08
    transplanted: float = 0.07
    textured: float = 0.05
    crowding: float = 0.75

    def __post_init__(self) -> None:
        if self.boxes + self.previous > 1:
            raise ValueError(
                f'boxes {self.boxes} and previous {self.previous} were given: '
                'together they are at most 1, the rest are clicks'
            )


@dataclass(frozen=True)
class Squares:
    """Squares of B objects.

    Attributes:
        objects: int64 [B], which ones.
        affine: float64 [B, 2, 3], from pixels of the square to pixels of the photo.
        points: float64 [B, 2], x and y of the click in the square.
        pointed, boxed, previous: bool [B], what the prompt consists of.
        whole: float64 [B], area of the whole object in pixels of the square.

    """

    objects: np.ndarray
    affine: np.ndarray
    points: np.ndarray
    pointed: np.ndarray
    boxed: np.ndarray
    previous: np.ndarray
    whole: np.ndarray


def draw(
    photos: Photos,
    mixture: Mixture,
    size: int,
    count: int,
    rng: np.random.Generator,
    upright: bool = False,
) -> Squares:
    """Draw squares of `size` pixels.

    Args:
        photos: to be drawn from.
        mixture: of prompts.
        size: S.
        count: B.
        rng: draws.
        upright: neither turned nor stretched, as they are in use.

    """
    objects = photos.draw(count, rng)
    known = photos.objects
    left, top, right, bottom = known.windows[objects].T.astype(float)
    chosen = np.where(rng.random(count) < 0.5, 0, rng.integers(POINTS, size=count))
    clicks = known.points[objects, chosen].astype(float)
    kind = rng.random(count)
    boxed = kind < mixture.boxes
    previous = (kind >= mixture.boxes) & (kind < mixture.boxes + mixture.previous)
    long = np.maximum(right - left, bottom - top)
    middles = np.stack([(left + right - 1) / 2, (top + bottom - 1) / 2], 1)
    sizes = photos.sizes[known.owners[objects]]
    sides, centres = _around_clicks(clicks, middles, long, sizes.min(1), rng)
    prompted = boxed | previous
    sides = np.where(boxed, long * rng.uniform(1.15, 1.7, count), sides)
    sides = np.where(previous, long * _spread(rng, 1.2, 2.2, count), sides)
    sides = np.minimum(np.maximum(sides, SMALLEST), LARGEST * sizes.max(1))
    shifted = middles + 0.04 * sides[:, None] * rng.standard_normal((count, 2))
    centres = np.where(prompted[:, None], shifted, centres)
    affine = _affine(centres, sides, size, rng, upright)
    return Squares(
        objects,
        affine,
        _into(affine, clicks),
        ~prompted | (boxed & (rng.random(count) < mixture.pointed)),
        boxed,
        previous,
        known.areas[objects] * (size / sides) ** 2,
    )


def _spread(rng: np.random.Generator, low: float, high: float, count: int) -> np.ndarray:
    """Between two numbers, evenly by their logarithm."""
    return np.exp(rng.uniform(np.log(low), np.log(high), count))


def _around_clicks(
    clicks: np.ndarray,
    middles: np.ndarray,
    long: np.ndarray,
    short_sides: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Sides and centres of the squares in which a click is looked at.

    A third is about the object, as at a second look; the others are of any size beside the object
    or the photo, as at the first one, mostly around the click.
    """
    count = len(clicks)
    which = rng.random(count)
    sides = short_sides * _spread(rng, 0.11, 1.54, count)
    sides = np.where(which < 0.70, long * _spread(rng, 0.5, 1.2, count), sides)
    sides = np.where(which < 0.60, long * _spread(rng, 1.5, 6.0, count), sides)
    sides = np.where(which < 0.35, long * _spread(rng, 1.1, 2.2, count), sides)
    about = (which < 0.35) | (rng.random(count) < 0.25)
    shifted = middles + 0.08 * sides[:, None] * rng.standard_normal((count, 2))
    reach = FARTHEST * sides[:, None]
    centres = np.where(about[:, None], shifted, clicks)
    return sides, np.clip(centres, clicks - reach, clicks + reach)


def _affine(
    centres: np.ndarray, sides: np.ndarray, size: int, rng: np.random.Generator, upright: bool
) -> np.ndarray:
    """Turned, mirrored, stretched; float64 [B, 2, 3]."""
    count = len(sides)
    turn = np.where(rng.random(count) < 0.3, 0.2 * rng.standard_normal(count), 0)
    stretch = np.where(rng.random(count) < 0.2, np.exp(0.12 * rng.standard_normal(count)), 1)
    mirror = np.where(rng.random(count) < 0.5, 1.0, -1.0)
    if upright:
        turn, stretch = np.zeros(count), np.ones(count)
    wide, high = sides / size * stretch * mirror, sides / size / stretch
    linear = np.stack(
        [np.cos(turn) * wide, -np.sin(turn) * high, np.sin(turn) * wide, np.cos(turn) * high], 1
    ).reshape(count, 2, 2)
    offset = centres - linear.sum(2) * (size - 1) / 2
    return np.concatenate([linear, offset[..., None]], 2)


def _into(affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points of the photo in the square."""
    return np.linalg.solve(affine[..., :2], (points - affine[..., 2])[..., None])[..., 0]
