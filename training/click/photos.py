"""Packed photos as tensors on the device that trains, and which object is drawn."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.photos import pieces
from training.photos.pieces import Mask, PackedPhoto

# Points of each object that a click may be drawn from; the first one is its middle.
POINTS = 32
# Bytes of decoded photos by the kind of device.
KEPT = {'cpu': 4 << 30, 'cuda': 64 << 30}


@dataclass(frozen=True)
class Objects:
    """The M objects of some photos.

    Attributes:
        owners: int64 [M], the photo.
        windows: int64 [M, 4], left, top, right, bottom; the last two excluded.
        areas: int64 [M], pixels.
        points: int16 [M, POINTS, 2], x and y of pixels on the object; the first is the middle of
            its box, or the pixel of the object next to it.

    """

    owners: np.ndarray
    windows: np.ndarray
    areas: np.ndarray
    points: np.ndarray


class Photos:
    """Photos of a folder of pieces.

    Attributes:
        sizes: int64 [P, 2], rows and columns.
        objects: of all photos.

    Args:
        folder: of `training.photos`.
        device: where pixels and masks lie.
        weights: share of the draws of each source; sources without one are left out.
        crowding: a photo of n objects is drawn n to this power as often as one of a single one.
        held: the photos that are held out, if any, instead of those to train on.
        memory: bytes of decoded photos to keep; others are decoded each time. By default what
            KEPT says for the device.

    Raises:
        ValueError: a source of `weights` has no photos to train on there.

    """

    def __init__(
        self,
        folder: Path,
        device: torch.device,
        weights: dict[str, float],
        crowding: float = 0.75,
        held: bool = False,
        memory: int | None = None,
    ) -> None:
        self.device = device
        self._packed = [
            photo
            for photo in pieces.read(folder)
            if photo.held == held and weights.get(photo.source, 0) > 0
        ]
        if not held:
            _check_sources(folder, weights, self._packed)
        self.sizes = np.array([photo.shape for photo in self._packed])
        self.objects = _objects(self._packed)
        masks = [mask for photo in self._packed for mask in photo.masks]
        self._bits = [torch.from_numpy(mask.bits.copy()).to(device) for mask in masks]
        self._shifts = torch.arange(7, -1, -1, device=device, dtype=torch.uint8)
        self._room = KEPT[device.type] if memory is None else memory
        self._kept: dict[int, Tensor] = {}
        self._odds = np.cumsum(_chances(self._packed, weights, crowding))

    def __len__(self) -> int:
        return len(self._packed)

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Indices of objects, int64 [count]."""
        return np.searchsorted(self._odds / self._odds[-1], rng.random(count), side='right')

    def pixels(self, photo: int) -> Tensor:
        """uint8 [3, rows, columns], R, G, B."""
        kept = self._kept.get(photo)
        if kept is not None:
            return kept
        planes = self._decoded(photo).to(self.device)
        if planes.nbytes <= self._room:
            self._room -= planes.nbytes
            self._kept[photo] = planes
        return planes

    def _decoded(self, photo: int) -> Tensor:
        pixels = self._packed[photo].pixels()
        return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))

    def decode(self) -> None:
        """Decode what will be kept, on all processors, so that a GPU does not wait for it later."""
        kept = np.cumsum(3 * self.sizes.prod(1)) <= self._room
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for photo, planes in enumerate(pool.map(self._decoded, np.flatnonzero(kept))):
                self._kept[photo] = planes.to(self.device)
                self._room -= planes.nbytes

    def mask(self, index: int) -> Tensor:
        """The object's window, uint8 [bottom - top, right - left], 1 on the object."""
        left, _, right, _ = self.objects.windows[index]
        bits = (self._bits[index][..., None] >> self._shifts) & 1
        return bits.flatten(1)[:, : right - left]


def _check_sources(folder: Path, weights: dict[str, float], photos: list[PackedPhoto]) -> None:
    there = {photo.source for photo in photos}
    missing = sorted(name for name, weight in weights.items() if weight > 0 and name not in there)
    if missing or not photos:
        raise ValueError(
            f'{folder} has no photos of {", ".join(missing)}, which `weights` of the configuration '
            'names: pack them with `python -m training.photos`, or take them out of the weights'
        )


def _objects(photos: list[PackedPhoto]) -> Objects:
    masks = [mask for photo in photos for mask in photo.masks]
    rng = np.random.default_rng(0)
    counts = np.array([len(photo.masks) for photo in photos], np.int64)
    # The shapes hold for no photos, too: often none is held out.
    return Objects(
        np.repeat(np.arange(len(photos)), counts),
        np.array([mask.window for mask in masks], np.int64).reshape(-1, 4),
        np.array([mask.area for mask in masks], np.int64),
        np.array([_points(mask, rng) for mask in masks], np.int16).reshape(-1, POINTS, 2),
    )


def _points(mask: Mask, rng: np.random.Generator) -> np.ndarray:
    left, top, right, bottom = mask.window
    rows, columns = np.nonzero(mask.pixels())
    middle = (right - left - 1) // 2, (bottom - top - 1) // 2
    first = np.argmin((columns - middle[0]) ** 2 + (rows - middle[1]) ** 2)
    chosen = np.append(first, rng.integers(len(rows), size=POINTS - 1))
    return np.stack([columns[chosen] + left, rows[chosen] + top], 1).astype(np.int16)


def _chances(photos: list[PackedPhoto], weights: dict[str, float], crowding: float) -> np.ndarray:
    """How often each object is drawn, not yet of sum 1."""
    counts = np.array([len(photo.masks) for photo in photos], np.int64)
    shares = counts**crowding
    sources = np.array([photo.source for photo in photos])
    for source in set(sources.tolist()):
        here = sources == source
        shares[here] *= weights[source] / shares[here].sum()
    return np.repeat(shares / counts, counts)
