"""The four channels that tell what is meant: two kinds of points, the mask of before, the box."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.click.colours import blur
from training.networks.click import PROMPTS

POSITIVE, NEGATIVE, PREVIOUS, BOX = range(PROMPTS)
# Standard deviation of a point's bell, in sides of the square.
BELL = 1 / 64
# How far the edges of a box drawn by hand lie from the object's, in its sides.
BY_HAND = 0.06


def bells(size: int, x: Tensor, y: Tensor) -> Tensor:
    """Bells of height 1 at points, float [N, S, S]; x and y float [N], in pixels."""
    steps = torch.arange(size, device=x.device, dtype=torch.float32)
    spread = 2 * (size * BELL) ** 2
    rows = torch.exp(-((steps - y[:, None].float()) ** 2) / spread)
    columns = torch.exp(-((steps - x[:, None].float()) ** 2) / spread)
    return rows[:, :, None] * columns[:, None, :]


def boxes(mask: Tensor, rng: np.random.Generator) -> Tensor:
    """Filled boxes of masks bool [N, S, S], most of them as a hand draws them: float [N, S, S]."""
    count, size = len(mask), mask.shape[-1]
    rows, columns = mask.any(2).float(), mask.any(1).float()
    left, top = columns.argmax(1), rows.argmax(1)
    right, bottom = size - 1 - columns.flip(1).argmax(1), size - 1 - rows.flip(1).argmax(1)
    by_hand = BY_HAND * (rng.random((count, 1)) < 0.7) * rng.standard_normal((count, 4))
    by_hand = torch.from_numpy(by_hand.astype(np.float32)).to(mask.device)
    wide, high = right - left + 1, bottom - top + 1
    edges = torch.stack([left, top, right, bottom], 1)
    edges = edges + by_hand * torch.stack([wide, high, wide, high], 1)
    edges = edges.round().clamp(0, size - 1)[..., None]
    steps = torch.arange(size, device=mask.device)
    within_columns = (steps >= edges[:, 0]) & (steps <= edges[:, 2])
    within_rows = (steps >= edges[:, 1]) & (steps <= edges[:, 3])
    return (within_rows[:, :, None] & within_columns[:, None, :]).float()


def disturbed(mask: Tensor, rng: np.random.Generator) -> Tensor:
    """Masks as they were before: bool [N, S, S] moved, turned, grown, shrunk, blotted, blurred.

    Returns:
        probabilities float [N, S, S].

    """
    count, size = len(mask), mask.shape[-1]
    planes = functional.grid_sample(mask[:, None].float(), _moves(mask, rng), align_corners=False)
    reach = int(rng.integers(0, 5))
    if reach:
        way = torch.from_numpy(rng.random((count, 1, 1, 1))).to(mask.device)
        grown = functional.max_pool2d(planes, 2 * reach + 1, 1, reach)
        shrunk = -functional.max_pool2d(-planes, 2 * reach + 1, 1, reach)
        planes = torch.where(way < 0.35, grown, torch.where(way < 0.7, shrunk, planes))
    if rng.random() < 0.4:
        planes = torch.where(_blots(mask, rng), _flags(mask, rng).float(), planes)
    return blur(planes, size / 192 * rng.uniform(0.6, 3))[:, 0]


def _moves(mask: Tensor, rng: np.random.Generator) -> Tensor:
    count, size = len(mask), mask.shape[-1]
    turn, zoom = 0.12 * rng.standard_normal(count), np.exp(0.08 * rng.standard_normal(count))
    shift = 0.07 * rng.standard_normal((count, 2))
    cosine, sine = np.cos(turn) / zoom, np.sin(turn) / zoom
    theta = np.stack([cosine, -sine, shift[:, 0], sine, cosine, shift[:, 1]], 1)
    theta = torch.from_numpy(theta.reshape(count, 2, 3).astype(np.float32)).to(mask.device)
    return functional.affine_grid(theta, [count, 1, size, size], align_corners=False)


def _blots(mask: Tensor, rng: np.random.Generator) -> Tensor:
    """A disc somewhere in each, bool [N, 1, S, S]."""
    count, size = len(mask), mask.shape[-1]
    places = rng.random((count, 2)) * size
    radius = rng.random(count) * size / 8 + 3
    x, y, r = (
        torch.from_numpy(values.astype(np.float32)).to(mask.device)[:, None]
        for values in (places[:, 0], places[:, 1], radius)
    )
    steps = torch.arange(size, device=mask.device)
    columns, rows = (steps - x) ** 2, (steps - y) ** 2
    return (rows[:, :, None] + columns[:, None, :] < (r**2)[..., None])[:, None]


def _flags(mask: Tensor, rng: np.random.Generator) -> Tensor:
    return torch.from_numpy(rng.random((len(mask), 1, 1, 1)) < 0.5).to(mask.device)
