"""What the training minimises."""

import torch
from torch import Tensor
from torch.nn import functional

from training.data.sample import CLIP, STEPS, Sample
from training.networks.picosam2 import DEVIATION, MEAN, Answer


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
    return _to_truth(logits[:, 0].float(), masks.float(), boundary).mean()


def distillation_loss(
    logits: Tensor, sample: Sample, boundary: float = 0.0, mse: float = 1.0
) -> Tensor:
    """Learn from the teacher as far as it is confident, and from the truth for the rest.

    c·(MSE + Dice to the teacher) + (1 - c)·`mask_loss`, c the teacher's confidence in each
    sample, as in PicoSAM2 (arXiv 2506.18807). Where c is 0 it is `mask_loss`.

    Args:
        logits: float [N, 1, S, S].
        sample: a batch.
        boundary: of `mask_loss`.
        mse: weight of the mean squared error of the logits.

    Returns:
        scalar; 0 is perfect.

    """
    logits, confidence = logits[:, 0].float(), sample.confidence
    truth = _to_truth(logits, sample.mask.float(), boundary)
    if not confidence.any():
        return truth.mean()
    teacher = sample.logits.float() / STEPS
    taught = mse * _squared_error(logits, teacher) + _dice(logits.sigmoid(), teacher.sigmoid())
    return (confidence * taught + (1 - confidence) * truth).mean()


def _to_truth(logits: Tensor, truth: Tensor, boundary: float) -> Tensor:
    """Float [N] of float [N, S, S] each."""
    weight = 1 + boundary * _outline(truth) if boundary else None
    entropy = functional.binary_cross_entropy_with_logits(logits, truth, weight, reduction='none')
    return entropy.mean((1, 2)) + _dice(logits.sigmoid(), truth)


def _dice(chance: Tensor, truth: Tensor) -> Tensor:
    overlap = (chance * truth).sum((1, 2))
    total = chance.sum((1, 2)) + truth.sum((1, 2))
    # One pixel more on either side keeps the ratio defined for tiny masks.
    return 1 - (2 * overlap + 1) / (total + 1)


def _squared_error(logits: Tensor, teacher: Tensor) -> Tensor:
    """Float [N]; a teacher's logit at the clip means that or more, so more is no error."""
    low = teacher.masked_fill(teacher <= -CLIP, -torch.inf)
    high = teacher.masked_fill(teacher >= CLIP, torch.inf)
    return (logits - logits.clamp(low, high)).square().mean((1, 2))


def quality_loss(answer: Answer, masks: Tensor, seen: Tensor) -> Tensor:
    """Cross-entropy of the predicted IoU with the IoU that the answer has.

    Args:
        answer: of a network with a quality head.
        masks: uint8 [N, S, S], 0 or 1.
        seen: float [N], the share of the object that lies in the crop: what lies outside is
            missed, and a crop that cuts its object must not be rated as one that shows it. Where
            it is 0, which is not known, nothing is learnt.

    Returns:
        scalar.

    """
    known = (seen > 0).float()
    reached = reached_iou(answer.logits.detach(), masks, torch.where(seen > 0, seen, 1))
    return functional.binary_cross_entropy_with_logits(answer.quality.float(), reached, known)


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
