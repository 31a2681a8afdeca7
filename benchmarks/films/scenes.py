"""A cut-out object moves over a photo, before a camera in somebody's hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.films.motions import Camera, Leave, Passer, Way
from benchmarks.films.photo_files import photo_file
from benchmarks.films.sequences import HEIGHT, WIDTH, Inside
from benchmarks.films.sprites import Matrix, Sprite
from picosam_ros.frame import Pixels

# A background reaches this far beyond the image, for the camera moves.
_MARGIN = 60
_GRAIN_SIDE = 1024


@dataclass(frozen=True)
class Scene:
    """What a recording shows; the same seed and index are the same scene.

    Attributes:
        seed, index: it was drawn from.
        name: of the object.
        background: a photo's name.
        sprite, way: the object, and how it moves.
        camera: that looks at it.
        leave, passer: if they happen.
        other: another object behind this one, and how it moves; if there is one.

    """

    seed: int
    index: int
    name: str
    background: str
    sprite: Sprite
    way: Way
    camera: Camera
    leave: Leave | None = None
    passer: Passer | None = None
    other: tuple[Sprite, Way] | None = None

    @property
    def traits(self) -> str:
        """What makes it hard, in words."""
        said = {'leaves': self.leave, 'passed before': self.passer, 'another': self.other}
        return ', '.join(name for name, what in said.items() if what is not None)

    def image(self, number: int, total: int) -> Pixels:
        """Return an image, HEIGHT×WIDTH×3 uint8 RGB."""
        passed = number / max(total - 1, 1)
        camera = self.camera.matrix(passed)
        image = _seen(self.background, camera)
        for shown, matrix in self._layers(passed, camera):
            shown.paste(image, matrix)
        return self._exposed(image, number, passed)

    def inside(self, number: int, total: int) -> Inside:
        """Return the pixels of the object that are visible in an image."""
        passed = number / max(total - 1, 1)
        inside = np.zeros((HEIGHT, WIDTH), np.bool_)
        for shown, matrix in self._layers(passed, self.camera.matrix(passed)):
            covered = shown.inside((HEIGHT, WIDTH), matrix)
            inside = inside | covered if shown is self.sprite else inside & ~covered
        return inside

    def _layers(self, passed: float, camera: Matrix) -> list[tuple[Sprite, Matrix]]:
        """Return what is pasted, the farthest first, and the matrices into the image."""
        way, away = self.way, self.leave.at(passed) if self.leave else 0.0
        x, y = way.x.at(passed) + away, way.y.at(passed)
        layers = [(self.sprite, self.sprite.placed(x, y, way.side.at(passed), way.turn.at(passed)))]
        if self.other:
            shown, its = self.other
            place = its.x.at(passed), its.y.at(passed), its.side.at(passed), its.turn.at(passed)
            layers.insert(0, (shown, shown.placed(*place)))
        if self.passer:
            right, down = self.passer.offset(passed)
            shown = self.passer.sprite
            layers.append((shown, shown.placed(x + right, y + down, shown.side, 0.0)))
        return [(shown, camera[:2] @ np.vstack([at, (0, 0, 1)])) for shown, at in layers]

    def _exposed(self, image: Pixels, number: int, passed: float) -> Pixels:
        lit = cv2.convertScaleAbs(image, alpha=self.camera.light.at(passed))
        dice = np.random.default_rng((self.seed, self.index, number))
        row, column = dice.integers((_GRAIN_SIDE - HEIGHT, _GRAIN_SIDE - WIDTH))
        grain = _grain()[row : row + HEIGHT, column : column + WIDTH]
        noisy = cv2.addWeighted(
            lit.astype(np.float32), 1.0, grain, self.camera.noise, 0.0, dtype=cv2.CV_8U
        )
        return np.asarray(noisy, np.uint8)


def _seen(background: str, camera: Matrix) -> Pixels:
    """Return the photo as the camera sees it."""
    moved = camera[:2].copy()
    moved[:, 2] -= moved[:, :2] @ (_MARGIN, _MARGIN)
    image = cv2.warpAffine(
        _photo(background), moved, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(image, np.uint8)


@cache
def _photo(name: str) -> Pixels:
    """Return a photo that fills the image and the margin around it, as RGB."""
    width, height = WIDTH + 2 * _MARGIN, HEIGHT + 2 * _MARGIN
    photo = cv2.cvtColor(cv2.imread(str(photo_file(name))), cv2.COLOR_BGR2RGB)
    scale = max(width / photo.shape[1], height / photo.shape[0])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=how)
    return np.asarray(resized[:height, :width], np.uint8)


@cache
def _grain() -> npt.NDArray[np.float32]:
    """Return noise of the standard deviation 1, from which each image takes a part."""
    dice = np.random.default_rng(0)
    return dice.standard_normal((_GRAIN_SIDE, _GRAIN_SIDE, 3), np.float32)
