"""LiteUNet as an ONNX graph, with the input and the outputs that the engines expect."""

import numpy as np
import onnx
import torch
from onnx import TensorProto
from torch.nn import functional

from training.export.graph import UPSAMPLING, Graph, square, to_model
from training.networks.lite import (
    GAUSSIAN_COUNT,
    Encoder,
    Inverted,
    LiteUNet,
    Norm,
    Rating,
    Up,
)
from training.networks.picosam2 import gaussians


class LiteGraph(Graph):
    """What EfficientNet-Lite needs beside separable blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.constant('zero', np.float32(0))
        self.constant('six', np.float32(6))
        self.constant('twice', np.array([1, 1, 2, 2], np.float32))

    def pixels(self) -> str:
        """Bring uint8 [N, S, S, 3] to float [N, 3, S, S], -1 to 1."""
        pixels = self.node('Cast', ['image'], 'input.float', to=TensorProto.FLOAT)
        pixels = self.node('Transpose', [pixels], 'input.nchw', perm=[0, 3, 1, 2])
        pixels = self.node(
            'Sub', [pixels, self.constant('input.mean', np.float32(127))], 'input.sub'
        )
        return self.node(
            'Div', [pixels, self.constant('input.range', np.float32(128))], 'input.div'
        )

    def encoder(
        self, pixels: str, encoder: Encoder, prompt: str, name: str = 'prompt'
    ) -> list[str]:
        """Add the encoder; give its features, the largest first.

        Args:
            pixels: what it sees.
            encoder: its layers.
            prompt: what is added after its stem.
            name: of that addition.

        """
        features = self.norm_relu6(pixels, 'stem', encoder.stem)
        features = self.node('Add', [features, prompt], name)
        kept = []
        for index, stage in enumerate(encoder.stages):
            for number, block in enumerate(stage):
                features = self.inverted(features, f'stages.{index}.{number}', block)
            if index in encoder.last:
                kept.append(features)
        return kept

    def inverted(self, source: str, name: str, block: Inverted) -> str:
        """Add an inverted residual block."""
        wide = source
        if block.widen is not None:
            wide = self.norm_relu6(source, f'{name}.widen', block.widen)
        wide = self.norm_relu6(wide, f'{name}.filter', block.filter)
        answer = self.norm(wide, f'{name}.narrow', block.narrow)
        return self.node('Add', [source, answer], f'{name}.add') if block.adds else answer

    def norm_relu6(self, source: str, name: str, layer: Norm) -> str:
        """Add a convolution with its batch normalisation, cut to 0..6."""
        features = self.norm(source, name, layer)
        return self.node('Clip', [features, 'zero', 'six'], f'{name}_relu6')

    def norm(self, source: str, name: str, layer: Norm) -> str:
        """Add the same as it is."""
        return self.convolution(source, name, layer[0], layer[1])

    def up(self, source: str, skipped: str, name: str, block: Up, side: int) -> str:
        """Add a decoder stage of `side` rows; its part from the gaussians is a constant."""
        features = self.convolution(source, f'{name}.narrow', block.narrow)
        features = self.node('Resize', [features, '', 'twice'], name, **UPSAMPLING['nearest'])
        weight, bias = block.skip.weight.detach(), block.skip.bias.detach()
        kernels = self.constant(f'{name}.skip.weight', weight[:, :-GAUSSIAN_COUNT].numpy())
        skipped = self.node('Conv', [skipped, kernels], f'{name}.skip', kernel_shape=[1, 1])
        maps = functional.conv2d(gaussians(side)[None], weight[:, -GAUSSIAN_COUNT:], bias).numpy()
        maps = self.constant(f'{name}.gaussians', maps)
        skipped = self.node('Add', [skipped, maps], f'{name}.prompt')
        features = self.node('Concat', [features, skipped], f'{name}.concat', axis=1)
        for index, part in enumerate(block.blocks):
            features = self.block(features, f'{name}.{index}', part)
        return features

    def rating(self, deepest: str, first: str, rating: Rating) -> str:
        """Predict the IoU, float [N], 0 to 1."""
        pooled = self.node(
            'AveragePool', [first], 'quality.pool', kernel_shape=[2, 2], strides=[2, 2]
        )
        both = self.node('Concat', [deepest, pooled], 'quality.concat', axis=1)
        mixed = self.convolution(both, 'quality.mix', rating.mix)
        mixed = self.node('Relu', [mixed], 'quality.mix_relu')
        rated = self.convolution(mixed, 'quality.head', rating.head)
        rated = self.node('GlobalAveragePool', [rated], 'quality.means')
        rated = self.node('Sigmoid', [rated], 'quality.sigmoid')
        axes = self.constant('quality.axes', np.array([1, 2, 3], np.int64))
        return self.node('Squeeze', [rated, axes], 'quality')


@torch.no_grad()
def to_onnx(network: LiteUNet, name: str) -> onnx.ModelProto:
    """Write the network; see `training.export.to_onnx`."""
    graph, size = LiteGraph(), network.size
    pixels = graph.pixels()
    prompt = graph.constant('gaussians', network.prompt(gaussians(size // 2)[None]).numpy())
    *shallow, deepest = graph.encoder(pixels, network.encoder, prompt)
    finest = graph.convolution(pixels, 'finest', network.finest)
    shallow.insert(0, graph.node('Relu', [finest], 'finest_relu'))
    features, first = deepest, None
    for index, block in enumerate(network.decoder):
        side = size // 2 ** (len(network.decoder) - 1 - index)
        features = graph.up(features, shallow.pop(), f'up.{index}', block, side)
        first = first or features
    graph.rating(deepest, first, network.quality)
    features = graph.convolution(features, 'head', network.head)
    graph.node('Squeeze', [features, graph.constant('channel', np.array([1], np.int64))], 'logits')
    outputs = {'logits': ['N', size, size], 'quality': ['N']}
    about = {'kind': 'lite', 'size': size, 'blocks': network.blocks}
    return to_model(graph, name, square(size), outputs, about)
