"""Squares cut out of photos, pixels and masks together."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.click.photos import Photos
from training.click.squares import Squares

# What lies outside of the photo, R, G, B: ImageNet's mean.
PADDING = (124.0, 116.0, 104.0)
MOST_SAMPLES = 3


def cut(photos: Photos, squares: Squares, size: int) -> tuple[Tensor, Tensor]:
    """Cut each square, by means over its pixels where the photo shrinks.

    Returns:
        image float [B, 3, S, S], 0 to 255; share of each pixel on the object, float [B, S, S].

    """
    padding = torch.tensor(PADDING, device=photos.device)[:, None, None]
    cuts = [
        _cut(photos, int(index), affine, size, padding)
        for index, affine in zip(squares.objects, squares.affine, strict=True)
    ]
    planes = torch.cat(cuts)
    return planes[:, :3] + padding, planes[:, 3]


def _cut(photos: Photos, index: int, affine: np.ndarray, size: int, padding: Tensor) -> Tensor:
    """R, G, B minus the padding's, and the mask: float [1, 4, S, S]."""
    photo = int(photos.objects.owners[index])
    window = _window(affine, size, photos.sizes[photo])
    left, top, right, bottom = window
    if left >= right or top >= bottom:
        return torch.zeros(1, 4, size, size, device=photos.device)
    planes = torch.zeros(1, 4, bottom - top, right - left, device=photos.device)
    planes[0, :3] = photos.pixels(photo)[:, top:bottom, left:right]
    planes[0, :3] -= padding
    _put_mask(planes[0, 3], window, photos.objects.windows[index], photos.mask(index))
    shrinking = math.sqrt(abs(np.linalg.det(affine[:, :2])))
    samples = min(max(1, round(shrinking)), MOST_SAMPLES)
    grid = _grid(affine, size, samples, window, photos.device)
    seen = functional.grid_sample(planes, grid, align_corners=False)
    return functional.avg_pool2d(seen, samples) if samples > 1 else seen


def _window(affine: np.ndarray, size: int, photo: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the photo's pixels that the square needs."""
    edges = (-0.5, size - 0.5)
    corners = np.array([[x, y, 1] for x in edges for y in edges]) @ affine.T
    low, high = np.floor(corners.min(0)) - 1, np.ceil(corners.max(0)) + 2
    (left, top), (right, bottom) = np.maximum(low, 0), np.minimum(high, photo[::-1])
    return int(left), int(top), int(right), int(bottom)


def _put_mask(
    plane: Tensor, window: tuple[int, int, int, int], place: np.ndarray, mask: Tensor
) -> None:
    """Lay the part of the object's window that the square needs into the plane."""
    left, top = max(window[0], int(place[0])), max(window[1], int(place[1]))
    right, bottom = min(window[2], int(place[2])), min(window[3], int(place[3]))
    if left < right and top < bottom:
        part = mask[top - place[1] : bottom - place[1], left - place[0] : right - place[0]]
        plane[top - window[1] : bottom - window[1], left - window[0] : right - window[0]] = part


def _grid(
    affine: np.ndarray,
    size: int,
    samples: int,
    window: tuple[int, int, int, int],
    device: torch.device,
) -> Tensor:
    """Where to look, [1, S * samples, S * samples, 2], as `grid_sample` counts: -1 to 1."""
    left, top, right, bottom = window
    scale = np.array([2 / (right - left), 2 / (bottom - top)])
    linear = affine[:, :2] * scale[:, None]
    offset = (affine[:, 2] - (left, top) + 0.5) * scale - 1
    steps = torch.arange(size * samples, device=device, dtype=torch.float32)
    steps = (steps + 0.5) / samples - 0.5
    x = (steps * linear[0, 0])[None] + (steps * linear[0, 1] + offset[0])[:, None]
    y = (steps * linear[1, 0])[None] + (steps * linear[1, 1] + offset[1])[:, None]
    return torch.stack([x, y], -1)[None]
