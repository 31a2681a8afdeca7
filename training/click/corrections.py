"""Corrections as a user gives them: a point at the deepest place of the larger error."""

from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.click.prompts import NEGATIVE, POSITIVE, PREVIOUS, bells
from training.click.samples import Draws, Samples
from training.networks.click import ClickNetwork

# Every fourth time the previous mask comes without a new point: the second look.
POINTED = 0.75
# Pixels of half the side beyond which a GPU does not tell depths apart.
DEEPEST = 20
# A hand does not find the deepest place: in pixels of half the side, of every fourth error more.
UNSTEADY, VERY_UNSTEADY = 0.3, 4.0


@torch.no_grad()
def play(
    network: ClickNetwork, samples: Samples, count: int, draws: Draws, bfloat16: bool
) -> Samples:
    """Let the network answer and correct it, `count` times.

    Args:
        network: in evaluation.
        samples: as they are drawn.
        count: of corrections.
        draws: random numbers.
        bfloat16: whether the network computes in it.

    Returns:
        the samples with the points in the prompt and the last answer as the previous mask.

    """
    for _ in range(count):
        with torch.autocast(samples.image.device.type, torch.bfloat16, enabled=bfloat16):
            logits, rating = network(samples.image, samples.prompt)
        best = rating.float().argmax(1)
        rows = torch.arange(len(best), device=best.device)
        probability = logits.float()[rows, best].sigmoid()[:, None]
        if draws.rng.random() < 0.3:  # as from another square
            halved = functional.avg_pool2d(probability, 2)
            probability = _twice(halved)
        samples = corrected(samples, _twice(probability)[:, 0], draws)
    return samples


def _twice(planes: Tensor) -> Tensor:
    return functional.interpolate(planes, scale_factor=2.0, mode='bilinear', align_corners=False)


def corrected(samples: Samples, probability: Tensor, draws: Draws, steady: bool = False) -> Samples:
    """Put the next point and the answer, float [B, S, S], into the prompt."""
    answer = probability > 0.5
    missed, added = samples.mask & ~answer, answer & ~samples.mask
    errors = torch.stack([missed, added], 1)
    depths, x, y = _deepest(errors, draws, steady)
    channel = depths.argmax(1, keepdim=True)  # POSITIVE and NEGATIVE are the first two
    chance = torch.from_numpy(draws.rng.random(len(answer))).to(answer.device)
    given = (depths.amax(1) > 0) & (steady | (chance < POINTED))
    x, y = x.gather(1, channel)[:, 0], y.gather(1, channel)[:, 0]
    bell = bells(answer.shape[-1], x, y) * given[:, None, None]
    prompt = samples.prompt.clone()
    for kind in (POSITIVE, NEGATIVE):
        mine = bell * (channel == kind)[..., None]
        prompt[:, kind] = torch.maximum(prompt[:, kind], mine)
    prompt[:, PREVIOUS] = probability
    return replace(samples, prompt=prompt)


def _deepest(errors: Tensor, draws: Draws, steady: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Depth of the deepest place of each error bool [B, 2, S, S], and its x and y: [B, 2] each."""
    eroded = -functional.max_pool2d(-errors.float(), 2, 2)
    depth = depths(eroded.flatten(0, 1) > 0).view_as(eroded)
    score = depth.clone()
    if not steady:
        unsteady = draws.rng.random(depth.shape[:2]) < 0.25
        reach = UNSTEADY + VERY_UNSTEADY * unsteady
        reach = torch.from_numpy(reach.astype(np.float32)).to(depth.device)[..., None, None]
        noise = torch.empty_like(depth).uniform_(generator=draws.noise)
        score = (depth + noise * reach) * (depth > 0)
    place = score.flatten(2).argmax(2)
    half = depth.shape[-1]
    return depth.flatten(2).amax(2), place % half * 2 + 0.5, place // half * 2 + 0.5


def depths(regions: Tensor) -> Tensor:
    """Distance of each pixel of regions bool [N, H, W] from their rim, about; beyond is rim, too.

    OpenCV measures it on a CPU; on a GPU, which must not wait for that, erosions count it up to
    DEEPEST.
    """
    if regions.device.type == 'cpu':
        padded = functional.pad(regions.to(torch.uint8), (1, 1, 1, 1)).numpy()
        return torch.from_numpy(np.stack([_distances(plane) for plane in padded]))
    return eroded_depths(regions)


def _distances(plane: np.ndarray) -> np.ndarray:
    if not plane.any():
        return np.zeros((plane.shape[0] - 2, plane.shape[1] - 2), np.float32)
    return cv2.distanceTransform(plane, cv2.DIST_L2, 3)[1:-1, 1:-1]


def eroded_depths(regions: Tensor) -> Tensor:
    """The same by turns of erosions with a cross and with a square."""
    left = functional.pad(regions[:, None].float(), (1, 1, 1, 1))
    depth = torch.zeros_like(left)
    for turn in range(DEEPEST):
        depth += left
        if turn % 2:
            left = -functional.max_pool2d(-left, 3, 1, 1)
        else:
            columns = functional.max_pool2d(-left, (3, 1), 1, (1, 0))
            left = -torch.maximum(columns, functional.max_pool2d(-left, (1, 3), 1, (0, 1)))
        # Outside is rim: pooling pads with nothing instead.
        left[..., 0, :] = left[..., -1, :] = left[..., 0] = left[..., -1] = 0
    return depth[:, 0, 1:-1, 1:-1]
