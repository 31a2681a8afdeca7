"""Ten short films with known masks: objects cut out of photos move over other photos."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.films.photo_files import photo_file
from picosam_ros.cameras.photo_walk import Photo
from picosam_ros.frame import Pixels

WIDTH, HEIGHT = 640, 480
FRAMES = 150

Inside = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CutOut:
    """An object and its outline in a photo, in the file's pixels."""

    photo: str
    outline: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Pose:
    """Where the object is: centre in pixels of the film, long side in pixels, turn in degrees."""

    x: float
    y: float
    size: float
    turn: float = 0.0


@dataclass(frozen=True)
class Sequence:
    """A film.

    Attributes:
        name: what happens.
        object: a key of OBJECTS.
        background: a photo's name.
        pose: from 0 to 1, the part of the film that has passed.
        occluded: whether the object is hidden or outside for a while.

    """

    name: str
    object: str
    background: str
    pose: Callable[[float], Pose]
    occluded: bool = False
    bar: bool = False

    def frames(self) -> Iterator[tuple[Pixels, Inside]]:
        """Yield each image, HEIGHT×WIDTH×3 uint8 RGB, and the object's visible pixels."""
        background = _background(self.background)
        for index in range(FRAMES):
            passed = index / (FRAMES - 1)
            image, inside = _pasted(background, OBJECTS[self.object], self.pose(passed))
            if self.bar:
                image[:, 290:370] = background[::-1, 290:370]
                inside[:, 290:370] = False
            yield image, inside


def _ellipse(x: float, y: float, a: float, b: float) -> tuple[tuple[float, float], ...]:
    angles = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    return tuple((x + a * math.cos(t), y + b * math.sin(t)) for t in angles)


OBJECTS = {
    'headlamp': CutOut('motorcycle_left', _ellipse(538, 152, 27, 33)),
    'patch': CutOut('astronaut', _ellipse(171, 385, 37, 37)),
    'spoon': CutOut('coffee', _ellipse(365, 283, 38, 42)),
    'cup': CutOut('coffee', _ellipse(290, 115, 115, 95)),
    'helmet': CutOut('astronaut', _ellipse(392, 450, 108, 100)),
}

_TAU = 2 * math.pi

SEQUENCES = (
    Sequence('crosses', 'patch', 'rocket', lambda t: Pose(90 + 460 * t, 240, 110)),
    Sequence(
        'circles',
        'cup',
        'motorcycle_left',
        lambda t: Pose(320 + 150 * math.cos(_TAU * t), 240 + 100 * math.sin(_TAU * t), 130),
    ),
    Sequence('comes closer', 'patch', 'chelsea', lambda t: Pose(300, 230, 60 + 200 * t)),
    Sequence('goes away', 'headlamp', 'coffee', lambda t: Pose(330, 260, 240 - 180 * t)),
    Sequence('turns', 'spoon', 'astronaut', lambda t: Pose(200 + 200 * t, 150, 120, 360 * t)),
    Sequence(
        'zigzags',
        'patch',
        'coffee',
        lambda t: Pose(90 + 460 * t, 240 + 130 * math.sin(3 * _TAU * t), 110),
    ),
    Sequence(
        'comes, turns and moves',
        'headlamp',
        'chelsea',
        lambda t: Pose(120 + 380 * t, 330 - 180 * t, 80 + 110 * t, 90 * t),
    ),
    Sequence(
        'shakes',
        'cup',
        'rocket',
        lambda t: Pose(320 + 14 * math.sin(23 * _TAU * t), 220 + 14 * math.cos(19 * _TAU * t), 160),
    ),
    Sequence(
        'passes behind a bar',
        'patch',
        'motorcycle_left',
        lambda t: Pose(110 + 420 * t, 250, 120),
        occluded=True,
        bar=True,
    ),
    Sequence(
        'leaves and comes back',
        'cup',
        'astronaut',
        lambda t: Pose(320 - 440 * math.sin(math.pi * t) ** 2, 250, 150),
        occluded=True,
    ),
)


@cache
def _photo(name: str) -> tuple[Pixels, float]:
    """A photo's kept pixels, and their size relative to the file's."""
    photo = Photo.read(photo_file(name))
    return photo.pixels, photo.pixels.shape[1] / photo.width


@cache
def _background(name: str) -> Pixels:
    pixels, _ = _photo(name)
    scale = max(WIDTH / pixels.shape[1], HEIGHT / pixels.shape[0])
    size = math.ceil(pixels.shape[1] * scale), math.ceil(pixels.shape[0] * scale)
    resized = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(resized[:HEIGHT, :WIDTH])


def _pasted(background: Pixels, cut_out: CutOut, pose: Pose) -> tuple[Pixels, Inside]:
    photo, kept = _photo(cut_out.photo)
    outline = np.array(cut_out.outline) * kept
    middle = (outline.max(0) + outline.min(0)) / 2
    scale = pose.size / np.ptp(outline, axis=0).max()
    matrix = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), pose.turn, scale)
    matrix[:, 2] += (pose.x, pose.y) - middle
    alpha = np.zeros(photo.shape[:2], np.float32)
    cv2.fillPoly(alpha, [np.round(outline).astype(np.int32)], 1.0, cv2.LINE_AA)
    size = (WIDTH, HEIGHT)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    moved = cv2.warpAffine(photo, matrix, size, flags=how)
    cover = cv2.warpAffine(alpha, matrix, size, flags=cv2.INTER_LINEAR)
    mixed = background + cover[..., None] * (moved.astype(np.float32) - background)
    return np.round(mixed).astype(np.uint8), cover > 0.5
