"""PicoSAM2: a depthwise-separable U-Net whose only prompt is the crop (arXiv 2506.18807).

The paper gives the widths and the kinds of layers, not the biases. Convolutions without bias
before a batch normalisation, a bare stride-2 convolution between stages, and biases on the skip
and head convolutions give the 1 262 818 parameters counted in the published network.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUT_SIZE = 96
ENCODER_WIDTHS = (48, 96, 160, 256)
BOTTLENECK_WIDTH = 320
DECODER_WIDTHS = (192, 128, 80, 40)


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


class PicoSam2(nn.Module):
    """Mask of the object at the centre of a crop."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.ModuleList()
        self.down = nn.ModuleList()
        width = 3
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

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits of the object's mask.

        Args:
            pixels: float [N, 3, 96, 96], RGB, normalised with the ImageNet mean and deviation.

        Returns:
            float [N, 1, 96, 96], above 0 on the object.

        """
        features, kept = pixels, []
        for block, down in zip(self.encoder, self.down, strict=True):
            features = block(features)
            kept.append(features)
            features = down(features)
        features = self.bottleneck(features)
        for block, skip, shallow in zip(self.decoder, self.skips, reversed(kept), strict=True):
            features = functional.interpolate(features, scale_factor=2, mode='nearest')
            features = block(features) + skip(shallow)
        return self.head(features)


def count_parameters(network: nn.Module) -> int:
    """Trainable parameters, batch normalisation included."""
    return sum(parameter.numel() for parameter in network.parameters())


def count_macs(network: nn.Module) -> int:
    """Multiply-accumulates of all convolutions for one 96x96 crop."""
    total = 0

    def add(layer: nn.Conv2d, _inputs: tuple, output: Tensor) -> None:
        nonlocal total
        total += layer.weight.numel() * output.shape[2] * output.shape[3]

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    with torch.inference_mode():
        network(torch.zeros(1, 3, INPUT_SIZE, INPUT_SIZE))
    for hook in hooks:
        hook.remove()
    return total
