"""How things, and the camera before them, move in scenes: smooth functions of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.films.sequences import HEIGHT, WIDTH
from benchmarks.films.sprites import Matrix, Sprite


@dataclass(frozen=True)
class Waves:
    """A number that changes smoothly: a mean, and waves of amplitude, cycles and phase."""

    mean: float
    waves: tuple[tuple[float, float, float], ...] = ()

    def at(self, passed: float) -> float:
        """Return its value after this part of the scene, 0 to 1."""
        return self.mean + sum(
            amplitude * math.sin(2 * math.pi * (cycles * passed + phase))
            for amplitude, cycles, phase in self.waves
        )


@dataclass(frozen=True)
class Way:
    """How something moves: middle in pixels of the image, long side in pixels, turn in degrees."""

    x: Waves
    y: Waves
    side: Waves
    turn: Waves


@dataclass(frozen=True)
class Leave:
    """The object leaves the image and comes back."""

    start: float
    end: float
    distance: float

    def at(self, passed: float) -> float:
        """Return how far it is from its way, in pixels to the right."""
        if not self.start < passed < self.end:
            return 0.0
        along = (passed - self.start) / (self.end - self.start)
        # Outside for about half of the time.
        return self.distance * min(1.0, 1.4 * math.sin(math.pi * along) ** 2)


@dataclass(frozen=True)
class Passer:
    """Something passes before the object and hides a part of it.

    Attributes:
        sprite: what passes.
        moment: when it is nearest, 0 to 1.
        course: direction in degrees.
        beside: how far from the object's middle it passes, in pixels.
        travel: how far it comes in the whole scene, relative to the object, in pixels.

    """

    sprite: Sprite
    moment: float
    course: float
    beside: float
    travel: float

    def offset(self, passed: float) -> tuple[float, float]:
        """Return where it is, seen from the object's middle."""
        along = self.travel * (passed - self.moment)
        right, down = math.cos(math.radians(self.course)), math.sin(math.radians(self.course))
        return along * right - self.beside * down, along * down + self.beside * right


@dataclass(frozen=True)
class Camera:
    """Where the camera looks, and how its images come out.

    Attributes:
        x, y: in pixels.
        turn: in degrees.
        light: factor of the brightness.
        noise: standard deviation in grey levels.

    """

    x: Waves
    y: Waves
    turn: Waves
    light: Waves
    noise: float

    def matrix(self, passed: float) -> Matrix:
        """Return the 3×3 matrix from the scene to the image."""
        middle = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
        moved = np.eye(3)
        moved[:2] = cv2.getRotationMatrix2D(middle, self.turn.at(passed), 1.0)
        moved[:2, 2] += (self.x.at(passed), self.y.at(passed))
        return moved
