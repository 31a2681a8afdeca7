"""What the training minimises."""

import torch
from torch import Tensor
from torch.nn import functional

# ImageNet mean and standard deviation of R, G, B in units of 0..255.
MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
DEVIATION = (0.229 * 255, 0.224 * 255, 0.225 * 255)


def normalise(images: Tensor) -> Tensor:
    """Take uint8 [N, 96, 96, 3] RGB to float [N, 3, 96, 96], zero mean (channels-last memory)."""
    mean, deviation = torch.tensor(MEAN), torch.tensor(DEVIATION)
    return ((images.float() - mean) / deviation).permute(0, 3, 1, 2)


def mask_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy of the pixels plus the soft Dice loss of each mask.

    Args:
        logits: float [N, 1, 96, 96].
        masks: uint8 [N, 96, 96], 0 or 1.

    Returns:
        scalar; 0 is perfect.

    """
    logits, truth = logits[:, 0].float(), masks.float()
    entropy = functional.binary_cross_entropy_with_logits(logits, truth)
    chance = logits.sigmoid()
    overlap = (chance * truth).sum((1, 2))
    total = chance.sum((1, 2)) + truth.sum((1, 2))
    # One pixel more on either side keeps the ratio defined for tiny masks.
    dice = 1 - (2 * overlap + 1) / (total + 1)
    return entropy + dice.mean()
