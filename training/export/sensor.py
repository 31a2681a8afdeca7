"""The networks as the sensor feeds them: pixels 0 to 255 in, logits out.

The normalisation is a depthwise convolution inside, because the converter would otherwise take the
input for signed numbers around zero, which the sensor does not deliver.

What the networks make of the gaussians is constant. Its mean over the crop stays, in the biases.
The map itself would be an addition of unquantised numbers, and nothing public says that the
converter takes one; the model card has the figures of both.

The rating is left out: the sensor has one place to look, and nothing to choose from.
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
from training.networks.picosam2 import DEVIATION, MEAN, PicoSam2, SeparableBlock, gaussians


def for_sensor(network: Network) -> nn.Module:
    """Make one whose input is raw; it takes the network's layers.

    Returns:
        a module: pixels float [N, 3, S, S], 0 to 255, to logits float [N, 1, S, S].

    """
    return (SensorLite if isinstance(network, LiteUNet) else SensorPicoSam2)(network).eval()


class SensorPicoSam2(nn.Module):
    """PicoSAM2 without its gaussians."""

    def __init__(self, network: PicoSam2) -> None:
        super().__init__()
        self.network = network
        network.quality = None
        self.normalise = _by_channel(
            1 / torch.tensor(DEVIATION), -torch.tensor(MEAN) / torch.tensor(DEVIATION)
        )
        if network.architecture.position:
            network.encoder[0] = _without_gaussians(network.encoder[0], network.size)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.network.answer(self.normalise(pixels)).logits


@torch.no_grad()
def _without_gaussians(block: SeparableBlock, size: int) -> SeparableBlock:
    """The first block for the colours alone, which are its even channels."""
    maps = gaussians(size)
    beside = torch.stack([torch.zeros_like(maps), maps], 1).flatten(0, 1)[None]
    means = block[2](block[1](block[0](beside))).mean((2, 3))[0]
    narrow = SeparableBlock(3, block[3].out_channels).eval()
    narrow[0].weight.copy_(block[0].weight[0::2])
    narrow[1].load_state_dict(
        {
            name: values[0::2] if values.ndim else values
            for name, values in block[1].state_dict().items()
        }
    )
    narrow[3].weight.copy_(block[3].weight[:, 0::2])
    narrow[4] = block[4]
    _add_before(narrow[4], block[3].weight[:, 1::2, 0, 0] @ means[1::2])
    return narrow


class SensorLite(nn.Module):
    """The U-Net over EfficientNet-Lite0 without its gaussians."""

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
        self._fold(network)

    @torch.no_grad()
    def _fold(self, network: LiteUNet) -> None:
        """Let the first filter, which sees what the prompt is added to, add it instead.

        Along the border it adds more: there the prompt's map ends, and the bias does not.
        """
        prompt = network.prompt(gaussians(network.size // 2)[None]).mean((2, 3))[0]
        convolution, norm = network.encoder.stages[0][0].filter
        _add_before(norm, convolution.weight.sum((1, 2, 3)) * prompt)

    def forward(self, pixels: Tensor) -> Tensor:
        pixels = self.normalise(pixels)
        shallow = [self.finest(pixels).relu()]
        features = functional.relu6(self.encoder.stem(pixels))
        for index, stage in enumerate(self.encoder.stages):
            features = stage(features)
            if index in self.encoder.last:
                shallow.append(features)
        shallow.pop()
        for block in self.decoder:
            features = block(features, shallow.pop())
        return self.head(features)


class SensorUp(nn.Module):
    """A decoder stage without gaussians; `side` is that of its output, in pixels."""

    def __init__(self, block: Up, side: int) -> None:
        super().__init__()
        self.narrow, self.blocks = block.narrow, block.blocks
        weight = block.skip.weight.detach()
        self.skip = nn.Conv2d(weight.shape[1] - GAUSSIAN_COUNT, len(weight), 1)
        means = weight[:, -GAUSSIAN_COUNT:, 0, 0] @ gaussians(side).mean((1, 2))
        with torch.no_grad():
            self.skip.weight.copy_(weight[:, :-GAUSSIAN_COUNT])
            self.skip.bias.copy_(block.skip.bias + means)

    def forward(self, features: Tensor, skipped: Tensor) -> Tensor:
        features = functional.interpolate(self.narrow(features), scale_factor=2.0)
        features = torch.cat([features, self.skip(skipped)], 1)
        for block in self.blocks:
            features = block(features)
        return features


def _add_before(norm: nn.BatchNorm2d, values: Tensor) -> None:
    """Let a normalisation answer as if `values` [C] were added to its input."""
    norm.running_mean -= values


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
