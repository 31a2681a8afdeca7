"""What the training minimises."""

import torch
from torch import Tensor
from torch.nn import functional

from training.model import Answer

# ImageNet mean and standard deviation of R, G, B in units of 0..255.
MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
DEVIATION = (0.229 * 255, 0.224 * 255, 0.225 * 255)


def normalise(images: Tensor) -> Tensor:
    """Take uint8 [N, S, S, 3] RGB to float [N, 3, S, S], zero mean (channels-last memory)."""
    mean, deviation = torch.tensor(MEAN), torch.tensor(DEVIATION)
    mean, deviation = mean.to(images.device), deviation.to(images.device)
    return ((images.float() - mean) / deviation).permute(0, 3, 1, 2)


def mask_loss(logits: Tensor, masks: Tensor, boundary: float = 0.0) -> Tensor:
    """Cross-entropy of the pixels plus the soft Dice loss of each mask.

    Args:
        logits: float [N, 1, S, S].
        masks: uint8 [N, S, S], 0 or 1.
        boundary: how much more a pixel beside the outline counts in the cross-entropy.

    Returns:
        scalar; 0 is perfect.

    """
    logits, truth = logits[:, 0].float(), masks.float()
    weight = 1 + boundary * _outline(truth) if boundary else None
    entropy = functional.binary_cross_entropy_with_logits(logits, truth, weight)
    chance = logits.sigmoid()
    overlap = (chance * truth).sum((1, 2))
    total = chance.sum((1, 2)) + truth.sum((1, 2))
    # One pixel more on either side keeps the ratio defined for tiny masks.
    dice = 1 - (2 * overlap + 1) / (total + 1)
    return entropy + dice.mean()


def quality_loss(answer: Answer, masks: Tensor, seen: Tensor) -> Tensor:
    """Cross-entropy of the predicted IoU with the IoU that the answer has.

    Args:
        answer: of a network with a quality head.
        masks: uint8 [N, S, S], 0 or 1.
        seen: float [N], the share of the object that lies in the crop: what lies outside is
            missed, and a crop that cuts its object must not be rated as one that shows it.

    Returns:
        scalar.

    """
    return functional.binary_cross_entropy_with_logits(
        answer.quality.float(), reached_iou(answer.logits.detach(), masks, seen)
    )


def reached_iou(logits: Tensor, masks: Tensor, seen: Tensor) -> Tensor:
    """IoU, float [N], of the answers with the whole objects, of which the crop shows a share."""
    answers, truth = logits[:, 0] > 0, masks > 0
    both = (answers & truth).sum((1, 2)).float()
    either = (answers | truth).sum((1, 2)) + truth.sum((1, 2)) * (1 / seen - 1)
    return both / either.clamp(min=1)


def _outline(truth: Tensor) -> Tensor:
    """1 on the pixels with a neighbour on the other side."""
    largest = functional.max_pool2d(truth, 3, 1, 1)
    smallest = -functional.max_pool2d(-truth, 3, 1, 1)
    return largest - smallest
