"""A U-Net over EfficientNet-Lite that takes prompts: points, a box, the mask of before.

It is fully convolutional, so one set of weights serves every side S that is a multiple of 32. The
prompt enters twice: after the encoder's stem, through two small convolutions that begin as zero,
and as it is, pooled, beside each skip connection.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.lite import STAGES, STEM, Encoder
from training.networks.picosam2 import SeparableBlock

PROMPTS = 4  # positive points, negative points, previous mask, box
MASKS = 3
PROMPT_WIDTH = 16
DECODER_WIDTHS = (128, 96, 64, 32)
RATING_WIDTH = 96
# Beside the means of its features a mask is rated by its share, its rim, its cut and its certainty.
MEASURES = 4
DEEPER = (1, 3, 3, 4, 4, 5, 1)
WIDER = (16, 24, 48, 88, 120, 208, 352)
# EfficientNet-Lite 0, 1 and 2 (arXiv 1905.11946, without squeeze-and-excitation).
ENCODERS = {
    'lite0': STAGES,
    'lite1': tuple(stage._replace(repeats=n) for stage, n in zip(STAGES, DEEPER, strict=True)),
    'lite2': tuple(
        stage._replace(repeats=n, width=width)
        for stage, n, width in zip(STAGES, DEEPER, WIDER, strict=True)
    ),
}


class Candidates(NamedTuple):
    """Logits float [N, 3, S/2, S/2], in no order; ratings float [N, 3], before the sigmoid."""

    logits: Tensor
    rating: Tensor


class Up(nn.Module):
    """Twice the size, with the encoder's features and the prompt of that size beside them."""

    def __init__(self, inputs: int, skipped: int, width: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, width, 1)
        self.skip = nn.Conv2d(skipped + PROMPTS, width, 1)
        self.blocks = nn.ModuleList(
            [SeparableBlock(2 * width, width), SeparableBlock(width, width)]
        )

    def forward(self, features: Tensor, skipped: Tensor, prompt: Tensor) -> Tensor:
        features = functional.interpolate(self.narrow(features), scale_factor=2.0)
        features = torch.cat([features, self.skip(torch.cat([skipped, prompt], 1))], 1)
        for block in self.blocks:
            features = block(features)
        return features


class Rating(nn.Module):
    """Predicts the IoU of each mask from the features in it, on its rim and everywhere.

    Its gradient flows into the features, but not into the masks.
    """

    def __init__(self, deepest: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(deepest + sum(DECODER_WIDTHS[:2]) + PROMPTS, RATING_WIDTH, 1)
        self.hidden = nn.Linear(3 * RATING_WIDTH + MEASURES, RATING_WIDTH)
        self.head = nn.Linear(RATING_WIDTH, 1)

    def mixes(self) -> tuple[Tensor, ...]:
        """Weights of `mix` for features of S/32, S/16 and S/8 (the last with the prompt)."""
        finest = DECODER_WIDTHS[1] + PROMPTS
        widths = [self.mix.in_channels - DECODER_WIDTHS[0] - finest, DECODER_WIDTHS[0], finest]
        return self.mix.weight.split(widths, 1)

    def forward(self, coarse: Tensor, middle: Tensor, fine: Tensor, logits: Tensor) -> Tensor:
        """Ratings float [N, K] for features of S/32, S/16 and S/8, and logits of S/2."""
        # Mixed before they are enlarged: the same sums from a sixteenth of the pixels.
        by_32, by_16, by_8 = self.mixes()
        mixed = functional.conv2d(fine, by_8, self.mix.bias)
        mixed = mixed + functional.interpolate(functional.conv2d(middle, by_16), scale_factor=2.0)
        mixed = mixed + functional.interpolate(functional.conv2d(coarse, by_32), scale_factor=4.0)
        mixed = mixed.relu()
        masks = functional.avg_pool2d(logits.detach().float().sigmoid(), 4).to(mixed.dtype)
        rims = 4 * masks * (1 - masks)
        everywhere = mixed.mean((2, 3))[:, None].expand(-1, masks.shape[1], -1)
        sides = (masks[:, :, 0], masks[:, :, -1], masks[:, :, :, 0], masks[:, :, :, -1])
        measures = (
            masks.mean((2, 3)),
            rims.mean((2, 3)),
            sum(side.mean(2) for side in sides) / 4,
            (masks - 0.5).abs().mean((2, 3)),
        )
        seen = [_mean_inside(mixed, masks), _mean_inside(mixed, rims), everywhere]
        known = torch.cat([*seen, torch.stack(measures, 2).to(mixed.dtype)], 2)
        return self.head(self.hidden(known).relu())[..., 0]


def _mean_inside(features: Tensor, weights: Tensor) -> Tensor:
    """Mean of features [N, C, H, W] under each of weights [N, K, H, W]: [N, K, C]."""
    sums = torch.einsum('nchw,nkhw->nkc', features, weights)
    return sums / (weights.sum((2, 3))[..., None] + 0.5)


class ClickNetwork(nn.Module):
    """Three masks of what is meant in a square, and how good each will be.

    Attributes:
        encoder_name: one of ENCODERS.

    """

    def __init__(self, encoder: str = 'lite0') -> None:
        super().__init__()
        if encoder not in ENCODERS:
            raise ValueError(f'encoder {encoder!r} was given: known are {", ".join(ENCODERS)}')
        self.encoder_name = encoder
        self.encoder = Encoder(stages=ENCODERS[encoder])
        self.prompt = nn.Sequential(
            nn.Conv2d(PROMPTS, PROMPT_WIDTH, 3, 2, 1), nn.ReLU(), nn.Conv2d(PROMPT_WIDTH, STEM, 1)
        )
        nn.init.zeros_(self.prompt[2].weight)
        nn.init.zeros_(self.prompt[2].bias)
        *skipped, deepest = self.encoder.widths
        self.decoder = nn.ModuleList()
        width = deepest
        for outputs in DECODER_WIDTHS:
            self.decoder.append(Up(width, skipped.pop(), outputs))
            width = outputs
        self.head = nn.Conv2d(width, MASKS, 1)
        self.rating = Rating(deepest)

    def forward(self, image: Tensor, prompt: Tensor) -> Candidates:
        """Answer for squares.

        Args:
            image: float [N, 3, S, S], R, G, B, 0 to 255.
            prompt: float [N, 4, S, S], 0 to 1: bells (standard deviation S/64) at the positive
                points and at the negative ones, the previous mask, the filled box.

        """
        *shallow, deepest = self.encoder((image - 127) / 128, self.prompt(prompt))
        prompts = [functional.avg_pool2d(prompt, 2)]
        while len(prompts) < len(shallow):
            prompts.append(functional.avg_pool2d(prompts[-1], 2))
        by_8 = prompts[2]
        features, kept = deepest, []
        for block in self.decoder:
            features = block(features, shallow.pop(), prompts.pop())
            kept.append(features)
        logits = self.head(features)
        middle, fine = kept[0], torch.cat([kept[1], by_8], 1)
        return Candidates(logits, self.rating(deepest, middle, fine, logits))

    def initialise_from(self, classifier: dict[str, Tensor]) -> None:
        """Take the weights of EfficientNet-Lite0; layers that it has not stay random."""
        pretrained = Encoder()
        pretrained.initialise_from(classifier)
        mine = self.encoder.state_dict()
        fitting = {
            name: value
            for name, value in pretrained.state_dict().items()
            if name in mine and mine[name].shape == value.shape
        }
        self.encoder.load_state_dict(mine | fitting)
