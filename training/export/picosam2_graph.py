"""PicoSAM2 as an ONNX graph, with the input and the outputs that the engines expect."""

from dataclasses import asdict

import numpy as np
import onnx
from onnx import TensorProto
from torch import nn

from training.export.graph import UPSAMPLING, Graph, square, to_model
from training.networks.picosam2 import (
    DEVIATION,
    MEAN,
    Architecture,
    Attention,
    PicoSam2,
    Quality,
    gaussians,
)


class PicoSam2Graph(Graph):
    """What PicoSAM2 may have beside separable blocks."""

    def context(self, source: str, context: nn.Sequential) -> str:
        """Add the wider view of the bottleneck to it."""
        depthwise, depth_norm, _, pointwise, point_norm = context
        features = self.convolution(source, 'context.depthwise', depthwise, depth_norm)
        features = self.node('Relu', [features], 'context.depthwise_relu')
        features = self.convolution(features, 'context.pointwise', pointwise, point_norm)
        return self.node('Add', [source, features], 'context.add')

    def attention(self, source: str, attention: Attention) -> str:
        """Weigh the channels by their means."""
        means = self.node('GlobalAveragePool', [source], 'attention.means')
        weights = self.convolution(means, 'attention.weigh', attention.weigh)
        weights = self.node('Sigmoid', [weights], 'attention.sigmoid')
        return self.node('Mul', [source, weights], 'attention.mul')

    def quality(self, bottleneck: str, last: str, quality: Quality) -> str:
        """Predict the IoU, float [N], 0 to 1."""
        pooled = self.node(
            'AveragePool', [last], 'quality.pool', kernel_shape=[8, 8], strides=[8, 8]
        )
        coarse = self.convolution(pooled, 'quality.coarse', quality.coarse)
        coarse = self.node('Relu', [coarse], 'quality.coarse_relu')
        both = self.node('Concat', [bottleneck, coarse], 'quality.concat', axis=1)
        mixed = self.convolution(both, 'quality.mix', quality.mix)
        mixed = self.node('Relu', [mixed], 'quality.mix_relu')
        means = self.node('GlobalAveragePool', [mixed], 'quality.means')
        rating = self.convolution(means, 'quality.head', quality.head)
        rating = self.node('Sigmoid', [rating], 'quality.sigmoid')
        axes = self.constant('quality.axes', np.array([1, 2, 3], np.int64))
        return self.node('Squeeze', [rating, axes], 'quality')

    def normalised(self, image: str, architecture: Architecture) -> str:
        """Normalise uint8 [N, H, W, 3] to float [N, 3, H, W] with a depthwise 1x1 convolution.

        With gaussians it gives [N, 6, H, W]: beside each colour a channel of zeros, to which a
        constant is added. (A concatenation would need a constant of the batch's size.)
        """
        pixels = self.node('Cast', [image], 'input.float', to=TensorProto.FLOAT)
        pixels = self.node('Transpose', [pixels], 'input.nchw', perm=[0, 3, 1, 2])
        scale, offset = 1 / np.array(DEVIATION), -np.array(MEAN) / np.array(DEVIATION)
        if architecture.position:
            scale, offset = (np.stack([part, 0 * part], 1).ravel() for part in (scale, offset))
        weight = scale.astype(np.float32).reshape(-1, 1, 1, 1)
        features = self.node(
            'Conv',
            [
                pixels,
                self.constant('normalise.weight', weight),
                self.constant('normalise.bias', offset.astype(np.float32)),
            ],
            'normalise',
            kernel_shape=[1, 1],
            group=3,
        )
        return self._positioned(features, architecture.size) if architecture.position else features

    def _positioned(self, features: str, size: int) -> str:
        maps = gaussians(size).numpy()
        beside = np.stack([np.zeros_like(maps), maps], 1).reshape(1, 6, size, size)
        return self.node('Add', [features, self.constant('gaussians', beside)], 'position')


def to_onnx(network: PicoSam2, name: str) -> onnx.ModelProto:
    """Write the network with its input and output as the engines expect them.

    Input `image`: uint8 [N, S, S, 3] RGB, S the architecture's size. Output `logits`: float32
    [N, S, S], and with a quality head `quality`: float32 [N], the IoU to expect.
    """
    graph, kept = PicoSam2Graph(), []
    features = graph.normalised('image', network.architecture)
    for index, (block, down) in enumerate(zip(network.encoder, network.down, strict=True)):
        features = graph.block(features, f'encoder.{index}', block)
        kept.append(features)
        features = graph.convolution(features, f'down.{index}', down)
    features = graph.block(features, 'bottleneck', network.bottleneck)
    if network.context is not None:
        features = graph.context(features, network.context)
    bottleneck = features
    scales = graph.constant('twice', np.array([1, 1, 2, 2], np.float32))
    stages = zip(network.decoder, network.skips, reversed(kept), strict=True)
    for index, (block, skip, shallow) in enumerate(stages):
        how = UPSAMPLING[network.architecture.upsampling]
        features = graph.node('Resize', [features, '', scales], f'up.{index}', **how)
        features = graph.block(features, f'decoder.{index}', block)
        skipped = graph.convolution(shallow, f'skip.{index}', skip)
        features = graph.node('Add', [features, skipped], f'add.{index}')
    if network.attention is not None:
        features = graph.attention(features, network.attention)
    if network.quality is not None:
        graph.quality(bottleneck, features, network.quality)
    features = graph.convolution(features, 'head', network.head)
    axis = graph.constant('channel', np.array([1], np.int64))
    graph.node('Squeeze', [features, axis], 'logits')
    size = network.architecture.size
    outputs = {'logits': ['N', size, size]}
    if network.quality is not None:
        outputs['quality'] = ['N']
    return to_model(graph, name, square(size), outputs, asdict(network.architecture))
