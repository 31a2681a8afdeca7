"""Objects of other squares around, before and behind the meant one, other places and textures.

Of B squares each may get one of four changes; what is pasted comes from other squares of the batch.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.click.squares import Mixture

MOST_PASTED = 3
# What is pasted leaves at least this share of the object to be seen.
LEFT = 0.5
# An object that fills the square leaves no background to be seen.
LARGEST_SHARE = 0.6
# Around a point, in sides of the square, nothing is laid over the object.
FREE = 1 / 48


def compose(
    image: Tensor, alpha: Tensor, points: np.ndarray, mixture: Mixture, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Change some of the squares.

    Args:
        image: float [B, 3, S, S].
        alpha: share of each pixel on the object, float [B, S, S].
        points: x and y, float [B, 2], where the object stays to be seen.
        mixture: how often.
        rng: draws.

    Returns:
        both anew.

    """
    shares = (mixture.occluded, mixture.crowded, mixture.transplanted, mixture.textured)
    which = np.searchsorted(np.cumsum(shares), rng.random(len(image)), side='right')
    planes = torch.cat([image, alpha[:, None]], 1)
    changed = planes.clone()
    occluded, crowded, transplanted, textured = (np.flatnonzero(which == k) for k in range(4))
    _paste(planes, changed, occluded, points, np.ones(len(occluded), bool), rng)
    number = rng.integers(1, MOST_PASTED + 1, len(crowded))
    for turn in range(MOST_PASTED):
        chosen = crowded[number > turn]
        _paste(planes, changed, chosen, points, rng.random(len(chosen)) < 0.5, rng)
    _transplant(planes, changed, transplanted, rng)
    _texture(planes, changed, textured, rng)
    return changed[:, :3], changed[:, 3]


def _others(chosen: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Another square of the batch for each chosen one."""
    return (chosen + rng.integers(1, max(count, 2), len(chosen))) % count


def _paste(
    planes: Tensor,
    changed: Tensor,
    chosen: np.ndarray,
    points: np.ndarray,
    before: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Lay another square's object, moved, before or behind the object of each chosen one."""
    if not len(chosen):
        return
    layer = _moved(planes[_others(chosen, len(planes), rng)], rng)
    under, cover = changed[chosen], layer[:, 3:]
    in_front = torch.from_numpy(before).to(planes.device)[:, None, None, None]
    alpha = under[:, 3:]
    cover = torch.where(in_front, cover, cover * (1 - alpha))
    left = (alpha * (1 - cover)).sum((1, 2, 3)) >= LEFT * alpha.sum((1, 2, 3))
    fits = (left & _is_free(cover, points[chosen]))[:, None, None, None]
    cover = cover * fits
    image = under[:, :3] * (1 - cover) + layer[:, :3] * cover
    changed[chosen] = torch.cat([image, alpha * (1 - cover)], 1)


def _moved(planes: Tensor, rng: np.random.Generator) -> Tensor:
    count = len(planes)
    scale = np.exp(rng.uniform(-0.9, 0.2, count))
    turn, shift = rng.uniform(-0.5, 0.5, count), rng.uniform(-1, 1, (count, 2)) / scale[:, None]
    cosine, sine = np.cos(turn) / scale, np.sin(turn) / scale
    rows = [cosine, -sine, shift[:, 0], sine, cosine, shift[:, 1]]
    theta = torch.from_numpy(np.stack(rows, 1).reshape(count, 2, 3).astype(np.float32))
    grid = functional.affine_grid(theta.to(planes.device), list(planes.shape), align_corners=False)
    return functional.grid_sample(planes, grid, align_corners=False)


def _is_free(cover: Tensor, points: np.ndarray) -> Tensor:
    """Whether nothing lies about the point, bool [n]."""
    size = cover.shape[-1]
    reach = max(1, round(size * FREE))
    grown = functional.max_pool2d(cover, 2 * reach + 1, 1, reach)
    x, y = np.clip(np.round(points), 0, size - 1).astype(int).T
    return grown[np.arange(len(cover)), 0, y, x] < 0.3


def _transplant(
    planes: Tensor, changed: Tensor, chosen: np.ndarray, rng: np.random.Generator
) -> None:
    if len(chosen):
        image, alpha = planes[chosen, :3], planes[chosen, 3:]
        place = planes[_others(chosen, len(planes), rng), :3]
        fits = alpha.mean((1, 2, 3), keepdim=True) < LARGEST_SHARE
        shown = torch.where(fits, image * alpha + place * (1 - alpha), image)
        changed[chosen] = torch.cat([shown, alpha], 1)


def _texture(planes: Tensor, changed: Tensor, chosen: np.ndarray, rng: np.random.Generator) -> None:
    if len(chosen):
        image, alpha = planes[chosen, :3], planes[chosen, 3:]
        texture = planes[_others(chosen, len(planes), rng), :3]
        shown = image * (1 - alpha) + texture * alpha
        changed[chosen] = torch.cat([shown, alpha], 1)
