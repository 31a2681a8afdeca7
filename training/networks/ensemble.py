"""Several trained networks as one crop teacher; each sees the crop and its mirror image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.export import averaged
from training.losses import normalise
from training.networks.picosam2 import Answer


class Ensemble:
    """The mean of what the averaged weights of some checkpoints answer.

    The confidence is the mean of their ratings. If one has no quality head it is how much they
    agree: the mean IoU of each mask with that of the mean.
    """

    def __init__(self, checkpoints: Sequence[Path]) -> None:
        self._networks = [
            averaged(path).to(memory_format=torch.channels_last) for path in checkpoints
        ]

    @torch.inference_mode()
    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logits float [N, S, S] and confidence float [N] for crops uint8 [N, S, S, 3], RGB."""
        pixels = normalise(torch.from_numpy(images))
        answers, ratings = [], []
        for network in self._networks:
            with torch.autocast('cpu', torch.bfloat16):
                straight, mirrored = network(pixels), network(pixels.flip(3))
            answers += [straight.logits[:, 0].float(), mirrored.logits[:, 0].flip(2).float()]
            ratings += [_rating(answer) for answer in (straight, mirrored)]
        each = torch.stack(answers)
        mean = each.mean(0)
        unrated = any(rating is None for rating in ratings)
        sure = _agreement(each, mean) if unrated else torch.stack(ratings).sigmoid().mean(0)
        return mean.numpy(), sure.numpy()


def _rating(answer: Answer) -> Tensor | None:
    return None if answer.quality is None else answer.quality.float()


def _agreement(each: Tensor, mean: Tensor) -> Tensor:
    """Mean IoU, float [N], of the masks of logits [M, N, S, S] with those of [N, S, S]."""
    both = ((each > 0) & (mean > 0)).sum((2, 3))
    either = ((each > 0) | (mean > 0)).sum((2, 3))
    return (both / either.clamp(min=1)).mean(0)
