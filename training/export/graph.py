"""ONNX nodes in the making: small graphs whose bytes depend on the weights alone.

Every node has a name that a quantiser can refer to.
"""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

OPSET = 17
# The oldest that carries opset 17: readable by every runtime of the last years.
IR_VERSION = 8
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
            pads=_pads(layer),
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


def _pads(layer: nn.Conv2d) -> list[int]:
    """Rows and columns added above, left, below, right."""
    before, after = getattr(layer, 'pads', (layer.padding[0], layer.padding[0]))
    return [before, before, after, after]


def square(size: int) -> dict[str, list]:
    """The one input of a network whose only prompt is the crop of S = size pixels, RGB."""
    return {'image': ['N', size, size, 3]}


def to_model(
    graph: Graph,
    name: str,
    inputs: dict[str, list],
    outputs: dict[str, list],
    about: dict,
    prompt: str = 'centre of the image',
) -> onnx.ModelProto:
    """Close a graph.

    Args:
        graph: its nodes; one is called as each of the outputs.
        name: of the network.
        inputs: shape of each, uint8.
        outputs: shape of each, float32.
        about: the architecture, for the file's properties.
        prompt: what tells the network what is meant, for the same.

    """
    given = [
        helper.make_tensor_value_info(source, TensorProto.UINT8, shape)
        for source, shape in inputs.items()
    ]
    ports = [
        helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)
        for output, shape in outputs.items()
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, name, given, ports, graph.constants),
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
            'prompt': prompt,
            'architecture': json.dumps(about),
        },
    )
    onnx.checker.check_model(model, full_check=True)
    return model
