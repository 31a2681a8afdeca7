"""The weights of `picosam-click` as it shipped first, written by PyTorch's exporter.

It named the nodes by the modules of the trainer of that time and left most weights without a name:
here they get the names that `training.export.click_graph` gives.
"""

import re

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

ROOT = '/net/'
ARCHITECTURE = {'kind': 'click', 'encoder': 'lite0'}
# From its modules to ours, applied in this order.
NAMES = (
    (r'^encoder\.(stem|stages.*)\.0$', r'\1'),
    (r'^blocks\.(\d+)\.(\d+)\.0$', r'up.\1.\2.depthwise'),
    (r'^blocks\.(\d+)\.(\d+)\.3$', r'up.\1.\2.pointwise'),
    (r'^(narrow|skip)\.(\d+)$', r'up.\2.\1'),
    (r'^mix$', 'rating.mix'),
    (r'^rate\.0$', 'rating.hidden'),
    (r'^rate\.2$', 'rating.head'),
)


def is_of_the_trial(model: onnx.ModelProto) -> bool:
    """Whether the file is that one, or another of its exporter."""
    return any(node.name.startswith(f'{ROOT}encoder/stem/') for node in model.graph.node)


def tensors(model: onnx.ModelProto) -> dict[str, Tensor]:
    """Weights and biases, of convolutions and linear layers, by the names of `click_graph`."""
    values = {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in model.graph.initializer
    }
    found = {}
    for node in model.graph.node:
        if node.op_type in ('Conv', 'MatMul'):
            module = _module(node.name)
            bias = node.input[2] if node.op_type == 'Conv' else f'net.{module}.bias'
            found[f'{_named(module)}.weight'] = values[node.input[1]]
            found[f'{_named(module)}.bias'] = values[bias]
    return found


def _module(node: str) -> str:
    """'/net/blocks.0/blocks.0.1/blocks.0.1.3/Conv' is of the module 'blocks.0.1.3'."""
    parts: list[str] = []
    for part in node.removeprefix(ROOT).split('/')[:-1]:
        if parts and part.startswith(f'{parts[-1]}.'):
            parts[-1] = part
        else:
            parts.append(part)
    return '.'.join(parts)


def _named(module: str) -> str:
    for pattern, replacement in NAMES:
        module = re.sub(pattern, replacement, module)
    return module
