"""PicoSAM2: a depthwise-separable U-Net whose only prompt is the crop (arXiv 2506.18807).

The paper gives the widths and the kinds of layers, not the biases. Convolutions without bias
before a batch normalisation, a bare stride-2 convolution between stages, and biases on the skip
and head convolutions give the 1 262 818 parameters counted in the published network. What was
added to it can be switched on part by part, so that each can be measured.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

# ImageNet mean and standard deviation of R, G, B in units of 0..255.
MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
DEVIATION = (0.229 * 255, 0.224 * 255, 0.225 * 255)

INPUT_SIZE = 96
ENCODER_WIDTHS = (48, 96, 160, 256)
BOTTLENECK_WIDTH = 320
DECODER_WIDTHS = (192, 128, 80, 40)
# Standard deviations of the gaussians that tell how near the prompt is, as shares of the crop.
GAUSSIAN_SIGMAS = (1 / 16, 1 / 6, 5 / 12)


@dataclass(frozen=True)
class Architecture:
    """What the network has beside the paper's layers; nothing by default.

    Attributes:
        position: three constant channels beside R, G, B mark the prompt: gaussians of three widths
            around the centre of the crop. Convolutions alone know it only by their borders.
        context: a dilated separable block beside the bottleneck (PicoSAM3, arXiv 2603.11917, has
            one in it); it starts as zero.
        attention: the last features are weighted by channel (PicoSAM3).
        quality: a second output, the IoU that the mask will have with the whole object.
        upsampling: 'nearest' (the paper's) or 'bilinear'.
        size: side of the crop; the four halvings need a multiple of 16.

    """

    position: bool = False
    context: bool = False
    attention: bool = False
    quality: bool = False
    upsampling: str = 'nearest'
    size: int = INPUT_SIZE

    def __post_init__(self) -> None:
        if self.size < 16 or self.size % 16:
            raise ValueError(f'size {self.size} was given: it must be a multiple of 16')

    @classmethod
    def of(cls, config: dict) -> 'Architecture':
        """Read `size` and `network` of a training's configuration."""
        return cls(**config.get('network', {}), size=config.get('size', INPUT_SIZE))


class Answer(NamedTuple):
    """Logits float [N, 1, S, S]; quality float [N], before the sigmoid, or None without a head."""

    logits: Tensor
    quality: Tensor | None


class SeparableBlock(nn.Sequential):
    """Depthwise 3x3 + BN + ReLU, then pointwise 1x1 + BN + ReLU; keeps height and width."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
            nn.BatchNorm2d(inputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Context(nn.Sequential):
    """A wider view, added to the bottleneck: no ReLU at the end, so that it can start as zero."""

    def __init__(self, width: int) -> None:
        super().__init__(
            nn.Conv2d(width, width, 3, padding=2, dilation=2, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        nn.init.zeros_(self[-1].weight)


class Attention(nn.Module):
    """Weights of the channels from their means; nearly one at the start."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(width, width, 1)
        nn.init.constant_(self.weigh.bias, 4.0)

    def forward(self, features: Tensor) -> Tensor:
        return features * self.weigh(features.mean((2, 3), keepdim=True)).sigmoid()


class Quality(nn.Module):
    """Predicts the IoU from the bottleneck and from a coarse view of the last features."""

    def __init__(self) -> None:
        super().__init__()
        width = DECODER_WIDTHS[-1]
        self.coarse = nn.Conv2d(width, width, 3, stride=2, padding=1, groups=width)
        self.mix = nn.Conv2d(width + BOTTLENECK_WIDTH, 56, 1)
        self.head = nn.Conv2d(56, 1, 1)

    def forward(self, bottleneck: Tensor, last: Tensor) -> Tensor:
        coarse = self.coarse(functional.avg_pool2d(last, 8)).relu()
        mixed = self.mix(torch.cat([bottleneck, coarse], 1)).relu()
        return self.head(mixed.mean((2, 3), keepdim=True)).flatten()


class PicoSam2(nn.Module):
    """Mask of the object at the centre of a crop."""

    def __init__(self, architecture: Architecture | None = None) -> None:
        super().__init__()
        self.architecture = architecture or Architecture()
        self.encoder = nn.ModuleList()
        self.down = nn.ModuleList()
        width = 6 if self.architecture.position else 3
        for stage in ENCODER_WIDTHS:
            self.encoder.append(SeparableBlock(width, stage))
            self.down.append(nn.Conv2d(stage, stage, 3, stride=2, padding=1, bias=False))
            width = stage
        self.bottleneck = SeparableBlock(width, BOTTLENECK_WIDTH)
        self.decoder = nn.ModuleList()
        self.skips = nn.ModuleList()
        width = BOTTLENECK_WIDTH
        for stage, skipped in zip(DECODER_WIDTHS, reversed(ENCODER_WIDTHS), strict=True):
            self.decoder.append(SeparableBlock(width, stage))
            self.skips.append(nn.Conv2d(skipped, stage, 1))
            width = stage
        self.head = nn.Conv2d(width, 1, 1)
        self._add_options(width)

    def _add_options(self, width: int) -> None:
        chosen = self.architecture
        self.context = Context(BOTTLENECK_WIDTH) if chosen.context else None
        self.attention = Attention(width) if chosen.attention else None
        self.quality = Quality() if chosen.quality else None

    @property
    def size(self) -> int:
        """Side of the crop."""
        return self.architecture.size

    def forward(self, pixels: Tensor) -> Answer:
        """Answer for crops.

        Args:
            pixels: float [N, 3, S, S], RGB, normalised with the ImageNet mean and deviation; S is
                a multiple of 16, 96 for the network that ships.

        Returns:
            logits, above 0 on the object, and the quality. The quality's gradient stops at its
            head: it judges the masks and does not shape them.

        """
        return self.answer(self._with_position(pixels))

    def answer(self, features: Tensor) -> Answer:
        """Answer for the input of `forward` with the gaussians, where it has any."""
        kept = []
        for block, down in zip(self.encoder, self.down, strict=True):
            features = block(features)
            kept.append(features)
            features = down(features)
        features = self.bottleneck(features)
        if self.context is not None:
            features = features + self.context(features)
        bottleneck = features
        for block, skip, shallow in zip(self.decoder, self.skips, reversed(kept), strict=True):
            features = self._upsample(features)
            features = block(features) + skip(shallow)
        if self.attention is not None:
            features = self.attention(features)
        _keep_channels_last(features)
        logits = self.head(features)
        if self.quality is None:
            return Answer(logits, None)
        return Answer(logits, self.quality(bottleneck.detach(), features.detach()))

    def _with_position(self, pixels: Tensor) -> Tensor:
        """Put a gaussian beside each colour: R, gaussian, G, gaussian, B, gaussian."""
        if not self.architecture.position:
            return pixels
        side = pixels.shape[-1]
        maps = gaussians(side).to(pixels).expand(len(pixels), -1, side, side)
        return torch.stack([pixels, maps], 2).flatten(1, 2)

    def _upsample(self, features: Tensor) -> Tensor:
        mode = self.architecture.upsampling
        return functional.interpolate(features, scale_factor=2, mode=mode)


def gaussians(side: int) -> Tensor:
    """Float [3, side, side]: 1 at the centre of the crop, falling with the distance from it."""
    offset = (torch.arange(side) + 0.5) / side - 0.5
    squared = offset[:, None] ** 2 + offset[None, :] ** 2
    return torch.stack([torch.exp(-squared / (2 * width**2)) for width in GAUSSIAN_SIGMAS])


def _keep_channels_last(features: Tensor) -> None:
    """One channel has no order of its own: the head's gradient would turn all others round."""
    if isinstance(features, Tensor) and features.requires_grad:
        features.register_hook(lambda grad: grad.contiguous(memory_format=torch.channels_last))


def count_parameters(network: nn.Module) -> int:
    """Trainable parameters, batch normalisation included."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_macs(network: nn.Module, side: int = INPUT_SIZE) -> int:
    """Multiply-accumulates of all convolutions for one crop."""
    total = 0

    def add(layer: nn.Conv2d, _inputs: tuple, output: Tensor) -> None:
        nonlocal total
        total += layer.weight.numel() * output.shape[2] * output.shape[3]

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    with torch.inference_mode():
        network(torch.zeros(1, 3, side, side))
    for hook in hooks:
        hook.remove()
    return total
