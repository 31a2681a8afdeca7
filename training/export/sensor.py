"""The networks as the sensor feeds them: pixels 0 to 255 in, logits out.

The normalisation is a depthwise convolution inside, because the converter would otherwise take the
input for signed numbers around zero, which the sensor does not deliver. What the networks make of
the gaussians is constant, and added. The rating is left out: the sensor has one place to look, and
nothing to choose from.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks import Network
from training.networks.lite import (
    GAUSSIAN_COUNT,
    LiteUNet,
    Norm,
    SameConv,
    Up,
)
from training.networks.picosam2 import DEVIATION, MEAN, PicoSam2, gaussians


def for_sensor(network: Network) -> nn.Module:
    """Make one whose input is raw; it takes the network's layers.

    Returns:
        a module: pixels float [N, 3, S, S], 0 to 255, to logits float [N, 1, S, S].

    """
    return (SensorLite if isinstance(network, LiteUNet) else SensorPicoSam2)(network).eval()


class SensorPicoSam2(nn.Module):
    """PicoSAM2; as in the exported file the normalisation makes room for the gaussians."""

    def __init__(self, network: PicoSam2) -> None:
        super().__init__()
        self.network = network
        network.quality = None
        self.position = network.architecture.position
        scale, offset = 1 / torch.tensor(DEVIATION), -torch.tensor(MEAN) / torch.tensor(DEVIATION)
        if self.position:
            scale, offset = (torch.stack([part, 0 * part], 1).flatten() for part in (scale, offset))
        self.normalise = _by_channel(scale, offset)
        maps = gaussians(network.architecture.size)
        beside = torch.stack([torch.zeros_like(maps), maps], 1).flatten(0, 1)[None]
        self.register_buffer('beside', beside)

    def forward(self, pixels: Tensor) -> Tensor:
        features = self.normalise(pixels)
        if self.position:
            features = features + self.beside
        return self.network.answer(features).logits


class SensorLite(nn.Module):
    """The U-Net over EfficientNet-Lite0."""

    def __init__(self, network: LiteUNet) -> None:
        super().__init__()
        self.normalise = _by_channel(torch.full((3,), 1 / 128), torch.full((3,), -127 / 128))
        self.encoder, self.finest, self.head = network.encoder, network.finest, network.head
        for layer in network.encoder.modules():
            if isinstance(layer, Norm) and isinstance(layer[0], SameConv):
                layer[0] = _symmetric(layer[0])
        depth = len(network.decoder)
        self.decoder = nn.ModuleList(
            SensorUp(block, network.size // 2 ** (depth - 1 - index))
            for index, block in enumerate(network.decoder)
        )
        with torch.no_grad():
            self.register_buffer('prompt', network.prompt(gaussians(network.size // 2)[None]))

    def forward(self, pixels: Tensor) -> Tensor:
        pixels = self.normalise(pixels)
        *shallow, features = self.encoder(pixels, self.prompt)
        shallow.insert(0, self.finest(pixels).relu())
        for block in self.decoder:
            features = block(features, shallow.pop())
        return self.head(features)


class SensorUp(nn.Module):
    """A decoder stage; what it makes of the gaussians is a constant."""

    def __init__(self, block: Up, side: int) -> None:
        super().__init__()
        self.narrow, self.blocks = block.narrow, block.blocks
        weight, bias = block.skip.weight.detach(), block.skip.bias.detach()
        self.skip = nn.Conv2d(weight.shape[1] - GAUSSIAN_COUNT, len(weight), 1, bias=False)
        with torch.no_grad():
            self.skip.weight.copy_(weight[:, :-GAUSSIAN_COUNT])
        beside = functional.conv2d(gaussians(side)[None], weight[:, -GAUSSIAN_COUNT:], bias)
        self.register_buffer('beside', beside)

    def forward(self, features: Tensor, skipped: Tensor) -> Tensor:
        features = functional.interpolate(self.narrow(features), scale_factor=2.0)
        features = torch.cat([features, self.skip(skipped) + self.beside], 1)
        for block in self.blocks:
            features = block(features)
        return features


def _symmetric(layer: SameConv) -> nn.Conv2d:
    """The same with two rows and columns of zeros before, so that both sides are padded alike.

    The toolkit knows PyTorch's own layers alone, and exports a padding of its own as a dozen nodes.
    """
    side = layer.kernel_size[0] + 2
    wider = nn.Conv2d(
        layer.in_channels,
        layer.out_channels,
        side,
        layer.stride,
        padding=side // 2,
        groups=layer.groups,
        bias=False,
    )
    with torch.no_grad():
        wider.weight.copy_(functional.pad(layer.weight, [2, 0, 2, 0]))
    return wider


def _by_channel(scale: Tensor, offset: Tensor) -> nn.Conv2d:
    layer = nn.Conv2d(3, len(scale), 1, groups=3)
    with torch.no_grad():
        layer.weight.copy_(scale.reshape(-1, 1, 1, 1))
        layer.bias.copy_(offset)
    return layer
