"""What is wrong with three masks of one object, and with their ratings."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from training.click.samples import Samples
from training.networks.click import Candidates

# Pixels of the outline, which count twice.
OUTLINE = 5
CROSS_ENTROPY = 2.0


class Judged(NamedTuple):
    """Means over the valid squares of a batch, scalars.

    Attributes:
        masks: the loss of the masks.
        ratings: the loss of the ratings.
        best: IoU of the best mask with the whole object.
        chosen: IoU of the one with the highest rating.

    """

    masks: Tensor
    ratings: Tensor
    best: Tensor
    chosen: Tensor


def judge(candidates: Candidates, samples: Samples, mean_of_masks: float) -> Judged:
    """Judge an answer.

    The best of the masks alone is made better, and all by a share of their mean, so that none is
    forgotten. A rating is to be the IoU with the whole object, what lies outside of the square
    included.

    Args:
        candidates: the network's answer.
        samples: what it was asked about.
        mean_of_masks: that share.

    """
    logits = functional.interpolate(
        candidates.logits.float(), scale_factor=2.0, mode='bilinear', align_corners=False
    )
    loss = _mask_losses(logits, samples.mask)
    overlap = overlaps(logits.detach() > 0, samples)
    rating = candidates.rating.float()
    rated = functional.binary_cross_entropy_with_logits(rating, overlap, reduction='none').mean(1)
    chosen = overlap.gather(1, rating.argmax(1, keepdim=True))[:, 0]
    weights = samples.valid / samples.valid.sum().clamp(min=1)
    shaped = loss.amin(1) + mean_of_masks * loss.mean(1)
    values = (shaped, rated, overlap.amax(1), chosen)
    return Judged(*((value * weights).sum() for value in values))


def _mask_losses(logits: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy with a heavier outline + Dice of each mask, [B, K]."""
    truth = mask[:, None].float()
    reach = OUTLINE // 2
    grown = functional.max_pool2d(truth, OUTLINE, 1, reach)
    outline = grown + functional.max_pool2d(-truth, OUTLINE, 1, reach)
    truth = truth.expand_as(logits)
    entropy = functional.binary_cross_entropy_with_logits(logits, truth, reduction='none')
    entropy = (entropy * (1 + outline)).mean((2, 3))
    probability = logits.sigmoid()
    both = (probability * truth).sum((2, 3))
    dice = (2 * both + 1) / (probability.sum((2, 3)) + truth.sum((2, 3)) + 1)
    return CROSS_ENTROPY * entropy + 1 - dice


@torch.no_grad()
def overlaps(answers: Tensor, samples: Samples) -> Tensor:
    """IoU of masks bool [B, K, S, S] with the whole objects, float [B, K]."""
    truth = samples.mask[:, None]
    both = (answers & truth).sum((2, 3)).float()
    either = (answers | truth).sum((2, 3)) + samples.outside[:, None]
    return both / either.clamp(min=1)
