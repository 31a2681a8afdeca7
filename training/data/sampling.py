"""Endless stream of training crops: which photo, which object, which point, which square."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from picosam_ros.engines.squares import square_around
from picosam_ros.prompt import Box
from training.data.augment import augment
from training.data.compositing import compose
from training.data.crops import (
    SIZE,
    Window,
    bounds,
    centred,
    crop,
    cut_at_border,
    protocol_point,
    shifted_inside,
    take,
)
from training.data.readers import Decoded, Photo
from training.data.sample import Sample

# Side in photo pixels below which a square shows nothing.
SMALLEST = 16

# Standard deviation of a hand-drawn box's edges, as a share of its sides.
SLOPPY = 0.05


@dataclass(frozen=True)
class Mixture:
    """Shares of the kinds of samples; what is left of 1 goes to the last kind named."""

    native: float = 0.5  # squares of about 96 photo pixels; else sized by the object
    sides: tuple[float, float] = (0.6, 3.0)  # of the object's long side
    wide: float = 0.0  # of the squares sized by the object: far too small or too large ones
    wide_sides: tuple[float, float] = (0.25, 8.0)
    boxed: float = 0.0  # squares around a box, as the engine takes them; else around a point
    searched: float = 0.0  # squares of any side, as a search for the object's size meets them
    pasted: float = 0.0  # objects put into the crop of another one, or before it
    turned: float = 0.2  # turned and scaled, as part of the random changes
    crowding: float = 0.5  # photos are drawn by this power of their number of objects
    central: float = 0.65  # prompts near the box centre; else any pixel of the object
    cut: tuple[float, float] = (0.6, 0.2)  # at a border: cut for native, sized squares
    shifted: float = 0.2  # at a border: shifted inside; else padded
    unlabelled: float = 0.0  # prompts at any pixel, for a teacher (shards only)
    min_confidence: float = 0.7  # confidence below which a teacher's answer to them is dropped


class Prompted(NamedTuple):
    """A point of a photo and the square around it.

    Attributes:
        pixels: RGB uint8 [height, width, 3], the whole photo.
        mask: uint8 [height, width], 1 on the object at the point; None if it is not labelled.
        point: pixel (x, y).
        window: the square, or what is left of it at the border.
        photo: the same with all that is labelled in it, if that is wanted.

    """

    pixels: np.ndarray
    mask: np.ndarray | None
    point: tuple[int, int]
    window: Window
    photo: Photo | None = None

    def sample(self, size: int) -> Sample:
        """What the network will see of it, of side `size`; the mask is empty without a label."""
        if self.mask is None:
            nothing = np.zeros(self.pixels.shape[:2], np.uint8)
            return Sample.without_teacher(*crop(self.pixels, nothing, self.window, size), 0)
        inside = take(self.mask, self.window, 0).sum() / self.mask.sum()
        return Sample.without_teacher(
            *crop(self.pixels, self.mask, self.window, size), max(inside, 1e-3)
        )

    def neighbour(self, point: tuple[int, int]) -> np.ndarray | None:
        """Mask of the smallest labelled object at another pixel (x, y); None if there is none."""
        masks = map(self.photo.mask, range(len(self.photo.masks))) if self.photo else ()
        there = [mask for mask in masks if mask[point[1], point[0]]]
        return min(there, key=np.count_nonzero, default=None)

    def place(self, size: int) -> tuple[int, int]:
        """Row and column of the point in the crop."""
        x, y = self.point
        column = (x - self.window.x0 + 0.5) * size / self.window.width
        row = (y - self.window.y0 + 0.5) * size / self.window.height
        return int(row), int(column)


class Sampler:
    """Draws crops from photos, which it keeps decoded as far as they fit into memory.

    A source is drawn by its weight, a photo of it by a power of its number of objects, so that
    fourteen photos with 1750 mushrooms do not dominate, and an object evenly, so that small
    objects, the most frequent ones, get their share. The crops have the side `size`; what is
    native to the photo stays at 96 of its pixels.
    """

    def __init__(
        self,
        photos: list[Photo],
        weights: dict[str, float],
        mixture: Mixture,
        seed: int,
        size: int = SIZE,
    ) -> None:
        # One thread, before anything is decoded: the cores belong to the network, and OpenCV's
        # threads would not survive the fork into a loader's worker, which would wait for them.
        cv2.setNumThreads(1)
        self._photos = photos
        self._pixels = Decoded(photos)
        self._chances = _photo_chances(photos, weights, mixture.crowding)
        self._mixture = mixture
        self._size = size
        self._rng = np.random.default_rng(seed)
        # Takes prompts, the crops' side and a generator; see in_the_loop.
        self.correct: Callable[..., Iterator[Sample]] | None = None

    def reseed(self, *seed: int, part: int = 0, parts: int = 1) -> None:
        """Start another stream: each start needs its own, and each of the parts that it has."""
        del parts  # the stream has no end that could be shared out
        self._rng = np.random.default_rng((*seed, part))

    def __iter__(self) -> Iterator[Sample]:
        """Yield samples with a visible object, without end."""
        drawn = self.plain()
        if self.correct:
            drawn = self.correct(self.prompts(), self._size, self._rng)
        while True:
            sample = next(drawn)
            if self._rng.random() < self._mixture.pasted:
                sample = compose(sample, next(drawn), self._rng)
            if sample.mask.any():
                yield augment(sample, self._rng, self._mixture.turned)

    def plain(self) -> Iterator[Sample]:
        """Yield samples as they are in the photos, without end."""
        while True:
            yield self._draw()

    def prompts(self, row: int = 1) -> Iterator[Prompted]:
        """Yield prompts, some of them at unlabelled pixels, `row` of a photo in succession."""
        while True:
            index = self._draw_photo()
            for _ in range(row):
                labelled = self._rng.random() >= self._mixture.unlabelled
                yield self._draw_prompt(index, labelled)

    def _draw(self) -> Sample:
        return self._draw_prompt(self._draw_photo()).sample(self._size)

    def _draw_photo(self) -> int:
        return self._rng.choice(len(self._photos), p=self._chances)

    def _draw_prompt(self, index: int, labelled: bool = True) -> Prompted:
        photo = self._photos[index]
        mask = photo.mask(self._rng.integers(len(photo.masks)))
        if not mask.any():
            return self._draw_prompt(self._draw_photo(), labelled)
        pixels = self._pixels[index]
        if labelled and self._rng.random() < self._mixture.boxed:
            window = draw_box(mask, self._mixture, self._rng)
            return Prompted(pixels, mask, protocol_point(mask), window, photo)
        if labelled:
            point = draw_point(mask, self._mixture, self._rng)
        else:
            # Any pixel, in a square of the size that an object of this photo would get.
            y, x = map(int, self._rng.integers(mask.shape))
            point = (x, y)
        window = draw_window(mask, point, self._mixture, self._rng)
        return Prompted(pixels, mask if labelled else None, point, window, photo)


def draw_point(mask: np.ndarray, mixture: Mixture, rng: np.random.Generator) -> tuple[int, int]:
    """Draw a pixel (x, y) of the object, mostly near its box centre."""
    x, y = protocol_point(mask)
    if rng.random() < mixture.central:
        spread = 0.08 * _long_side(mask)
        near = np.rint(rng.normal((x, y), spread)).astype(int)
        inside = 0 <= near[0] < mask.shape[1] and 0 <= near[1] < mask.shape[0]
        return (int(near[0]), int(near[1])) if inside and mask[near[1], near[0]] else (x, y)
    # Column-major memory: scanning the transpose is the fast direction.
    pixels = np.flatnonzero(mask.T.reshape(-1))
    x, y = divmod(int(rng.choice(pixels)), mask.shape[0])
    return x, y


def draw_window(
    mask: np.ndarray, point: tuple[int, int], mixture: Mixture, rng: np.random.Generator
) -> Window:
    """Draw a square around the point, at the border in one of the three ways that occur."""
    longest = 1.3 * max(mask.shape)
    searched, native = rng.random() < mixture.searched, rng.random() < mixture.native
    if searched:
        return centred(point, int(np.exp(rng.uniform(np.log(SMALLEST), np.log(longest)))))
    if native:
        # Half of them exactly as the protocol, half zoomed a little: photos differ in scale.
        side = SIZE if rng.random() < 0.5 else SIZE * np.exp(rng.uniform(-0.4, 0.4))
    else:
        wide = rng.random() < mixture.wide
        low, high = np.log(mixture.wide_sides if wide else mixture.sides)
        side = _long_side(mask) * np.exp(rng.uniform(low, high))
    side = int(np.clip(side, SMALLEST, longest))
    window = centred(point, side)
    kind = rng.random()
    cut = mixture.cut[0] if native else mixture.cut[1]
    if kind < cut:
        return cut_at_border(window, mask.shape)
    if kind < cut + mixture.shifted:
        return shifted_inside(window, mask.shape)
    return window


def draw_box(mask: np.ndarray, mixture: Mixture, rng: np.random.Generator) -> Window:
    """Draw the square that the engine takes for a box around the object, drawn by hand.

    Each edge lies somewhat beside the object's, by 5 % of the box's side on average (SAM,
    arXiv 2304.02643, takes 10 % and no air around it).
    """
    box = bounds(mask)
    left, right = box.x0 + box.width * rng.normal((0, 1), SLOPPY)
    top, bottom = box.y0 + box.height * rng.normal((0, 1), SLOPPY)
    drawn = Box(left, top, max(right, left + 1), max(bottom, top + 1))
    roi = square_around(drawn)
    window = Window(int(roi.x), int(roi.y), int(roi.width), int(roi.height))
    return shifted_inside(window, mask.shape) if rng.random() < mixture.shifted else window


def _long_side(mask: np.ndarray) -> int:
    box = bounds(mask)
    return max(box.width, box.height)


def _photo_chances(
    photos: list[Photo], weights: dict[str, float], crowding: float = 0.5
) -> np.ndarray:
    """Return the chance of each photo: the weight of its source, shared out within the source."""
    chances = np.array([len(photo.masks) for photo in photos], float) ** crowding
    sources = np.array([photo.source for photo in photos])
    for source in set(sources):
        if source not in weights:
            raise ValueError(
                f'no weight for source {source!r}; weights are given for '
                f'{", ".join(sorted(weights))}: add it to the configuration'
            )
        chances[sources == source] *= weights[source] / chances[sources == source].sum()
    return chances / chances.sum()
