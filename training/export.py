"""Checkpoint to ONNX: uint8 camera pixels in, logits out; nothing to normalise outside.

`python -m training.export --checkpoint FILE --out FILE.onnx` exports the averaged weights, compares
the file with PyTorch and prints its hash. The graph is written node by node: it is small, its
bytes depend on the weights alone, and every node has a name that a quantiser can refer to.
"""

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from training.evaluate import onnx_predictor
from training.losses import DEVIATION, MEAN, normalise
from training.model import Architecture, Attention, PicoSam2, Quality, bells

OPSET = 17
# The oldest that carries opset 17: readable by every runtime of the last years.
IR_VERSION = 8
TOLERANCE = 1e-3
UPSAMPLING = {
    'nearest': {
        'mode': 'nearest',
        'coordinate_transformation_mode': 'asymmetric',
        'nearest_mode': 'floor',
    },
    'bilinear': {'mode': 'linear', 'coordinate_transformation_mode': 'half_pixel'},
}


class Graph:
    """ONNX nodes and constants in the making."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: np.ndarray) -> str:
        """Store a tensor; give its name back."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, inputs: list[str], name: str, **attributes: object) -> str:
        """Add a node whose only output has the name of the node; give it back."""
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def convolution(
        self, source: str, name: str, layer: nn.Conv2d, norm: nn.BatchNorm2d | None = None
    ) -> str:
        """Add a convolution, the batch normalisation after it folded into weight and bias."""
        weight, bias = fold(layer, norm)
        inputs = [source, self.constant(f'{name}.weight', weight)]
        if bias is not None:
            inputs.append(self.constant(f'{name}.bias', bias))
        return self.node(
            'Conv',
            inputs,
            name,
            kernel_shape=list(layer.kernel_size),
            strides=list(layer.stride),
            pads=[*layer.padding, *layer.padding],
            dilations=list(layer.dilation),
            group=layer.groups,
        )

    def block(self, source: str, name: str, block: nn.Sequential) -> str:
        """Add a separable block."""
        depthwise, depth_norm, _, pointwise, point_norm, _ = block
        features = self.convolution(source, f'{name}.depthwise', depthwise, depth_norm)
        features = self.node('Relu', [features], f'{name}.depthwise_relu')
        features = self.convolution(features, f'{name}.pointwise', pointwise, point_norm)
        return self.node('Relu', [features], f'{name}.pointwise_relu')

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

        With bells it gives [N, 6, H, W]: beside each colour a channel of zeros, to which a
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
        maps = bells(size).numpy()
        beside = np.stack([np.zeros_like(maps), maps], 1).reshape(1, 6, size, size)
        return self.node('Add', [features, self.constant('bells', beside)], 'position')


def fold(layer: nn.Conv2d, norm: nn.BatchNorm2d | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Weight and bias (float32) of a convolution with the normalisation after it, in float64."""
    weight = layer.weight.detach().double().numpy()
    bias = None if layer.bias is None else layer.bias.detach().double().numpy()
    if norm is not None:
        mean, deviation = norm.running_mean.double(), (norm.running_var.double() + norm.eps).sqrt()
        scale = (norm.weight.detach().double() / deviation).numpy()
        weight = weight * scale[:, None, None, None]
        shift = (0 if bias is None else bias) - mean.numpy()
        bias = norm.bias.detach().double().numpy() + shift * scale
    return weight.astype(np.float32), None if bias is None else bias.astype(np.float32)


def to_onnx(network: PicoSam2, name: str) -> onnx.ModelProto:
    """Write the network with its input and output as the engines expect them.

    Input `image`: uint8 [N, S, S, 3] RGB, S the architecture's size. Output `logits`: float32
    [N, S, S], and with a quality head `quality`: float32 [N], the IoU to expect.
    """
    graph, kept = Graph(), []
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
    return _model(graph, name, network.architecture)


def _model(graph: Graph, name: str, architecture: Architecture) -> onnx.ModelProto:
    size = architecture.size
    image = helper.make_tensor_value_info('image', TensorProto.UINT8, ['N', size, size, 3])
    logits = helper.make_tensor_value_info('logits', TensorProto.FLOAT, ['N', size, size])
    quality = helper.make_tensor_value_info('quality', TensorProto.FLOAT, ['N'])
    outputs = [logits, quality] if architecture.quality else [logits]
    model = helper.make_model(
        helper.make_graph(graph.nodes, name, [image], outputs, graph.constants),
        opset_imports=[helper.make_opsetid('', OPSET)],
        ir_version=IR_VERSION,
        producer_name='picosam_ros',
    )
    helper.set_model_props(
        model,
        {
            'name': name,
            'license': 'Apache-2.0',
            'image': 'RGB',
            'prompt': 'centre of the image',
            'architecture': json.dumps(asdict(architecture)),
        },
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def averaged(checkpoint: Path) -> PicoSam2:
    """Network of a training, with its averaged weights."""
    state = torch.load(checkpoint, weights_only=True)
    network = PicoSam2(Architecture.of(state['config']))
    network.load_state_dict(state['average'])
    return network.eval()


def largest_difference(network: PicoSam2, path: Path) -> float:
    """Largest difference of the logits of PyTorch and of the file, on two random pictures."""
    size = network.architecture.size
    images = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), np.uint8)
    with torch.inference_mode():
        answer = network.eval()(normalise(torch.from_numpy(images)))
    expected = answer.logits[:, 0].numpy()
    return float(np.abs(onnx_predictor(path)(images) - expected).max())


def export(network: PicoSam2, path: Path, name: str) -> str:
    """Write the file and check it against PyTorch.

    Returns:
        SHA-256 of the file.

    Raises:
        ValueError: the file answers otherwise than the network.

    """
    path.write_bytes(to_onnx(network.eval(), name).SerializeToString(deterministic=True))
    difference = largest_difference(network, path)
    if difference > TOLERANCE:
        raise ValueError(
            f'the logits of {path} differ by {difference:.2g} from those of PyTorch, '
            f'at most {TOLERANCE} is allowed: do not ship this file'
        )
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Export the averaged weights of a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--checkpoint', type=Path, required=True)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--name', default='picosam2-96')
    arguments = parser.parse_args()
    network = averaged(arguments.checkpoint)
    digest = export(network, arguments.out, arguments.name)
    print(f'{digest}  {arguments.out} ({arguments.out.stat().st_size} bytes)')


if __name__ == '__main__':
    main()
