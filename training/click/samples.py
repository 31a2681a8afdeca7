"""Batches of squares with prompts, and what is known of them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.click import prompts, squares
from training.click.colours import recolour
from training.click.compositing import compose
from training.click.cutting import cut
from training.click.photos import Photos
from training.click.squares import Mixture, Squares
from training.networks.click import PROMPTS

# Pixels of an object below which a square teaches nothing.
FEWEST_PIXELS = 8
# Of the object: less than this outside of the square is what cutting has rounded.
ROUNDING = 0.02


@dataclass(frozen=True)
class Samples:
    """B squares of side S.

    Attributes:
        image: float [B, 3, S, S], R, G, B, 0 to 255.
        prompt: float [B, 4, S, S], 0 to 1, see ClickNetwork.
        mask: bool [B, S, S], what is seen of the object.
        outside: float [B], what of it lies outside of the square, in pixels of the square.
        valid: bool [B], whether enough of it is seen to be learnt.

    """

    image: Tensor
    prompt: Tensor
    mask: Tensor
    outside: Tensor
    valid: Tensor


@dataclass(frozen=True)
class Draws:
    """The random numbers of one batch: its seed is what it depends on, and nothing before it.

    Attributes:
        rng: for squares, kinds and strengths.
        noise: for what is drawn by pixel, on the device.

    """

    rng: np.random.Generator
    noise: torch.Generator

    @classmethod
    def of(cls, device: torch.device, *seed: int) -> 'Draws':
        """Begin with a seed."""
        rng = np.random.default_rng(seed)
        return cls(rng, torch.Generator(device).manual_seed(int(rng.integers(1 << 62))))


def draw(photos: Photos, mixture: Mixture, size: int, count: int, draws: Draws) -> Samples:
    """Draw a batch to train on."""
    chosen = squares.draw(photos, mixture, size, count, draws.rng)
    image, alpha = cut(photos, chosen, size)
    outside = _outside(chosen, alpha)
    image, alpha = compose(image, alpha, chosen.points, mixture, draws.rng)
    image = recolour(image, draws.rng, draws.noise)
    return _prompted(chosen, image, alpha > 0.5, outside, draws.rng)


def draw_as_in_use(
    photos: Photos, mixture: Mixture, size: int, count: int, draws: Draws
) -> Samples:
    """Draw a batch to measure with: nothing is pasted, recoloured, turned or stretched."""
    chosen = squares.draw(photos, mixture, size, count, draws.rng, upright=True)
    image, alpha = cut(photos, chosen, size)
    return _prompted(chosen, image, alpha > 0.5, _outside(chosen, alpha), draws.rng)


def _outside(chosen: Squares, alpha: Tensor) -> Tensor:
    whole = torch.from_numpy(chosen.whole.astype(np.float32)).to(alpha.device)
    outside = (whole - alpha.sum((1, 2))).clamp(min=0)
    return torch.where(outside < ROUNDING * whole, 0, outside)


def _prompted(
    chosen: Squares, image: Tensor, mask: Tensor, outside: Tensor, rng: np.random.Generator
) -> Samples:
    size = mask.shape[-1]
    prompt = torch.zeros(len(mask), PROMPTS, size, size, device=mask.device)
    pointed, boxed, previous = map(np.flatnonzero, (chosen.pointed, chosen.boxed, chosen.previous))
    points = torch.from_numpy(chosen.points[pointed]).to(mask.device)
    prompt[pointed, prompts.POSITIVE] = prompts.bells(size, points[:, 0], points[:, 1])
    prompt[boxed, prompts.BOX] = prompts.boxes(mask[boxed], rng)
    if len(previous):
        prompt[previous, prompts.PREVIOUS] = prompts.disturbed(mask[previous], rng)
    return Samples(image, prompt, mask, outside, mask.sum((1, 2)) >= FEWEST_PIXELS)
