"""Begin with the weights of an exported network instead of random ones.

An exported file has its batch normalisations folded into the convolutions. They are unfolded here
on a batch of real crops: each normalisation takes the mean and deviation that its convolution
gives there, and the scale and shift that undo them, so that the network answers as the file does.
"""

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from training.networks.picosam2 import (
    Attention,
    Context,
    PicoSam2,
    Quality,
    SeparableBlock,
)


@torch.no_grad()
def warm_start(network: PicoSam2, path: Path, pixels: Tensor) -> None:
    """Take the weights of a file made by `training.export`.

    Args:
        network: of the file's architecture, or with parts that the file has not: they keep their
            random weights, and those that see new channels begin with zero.
        path: the .onnx file.
        pixels: float [N, 3, S, S], normalised crops as in training; a few dozen.

    Raises:
        ValueError: a layer of the file has another shape.

    """
    tensors = {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in onnx.load(path).graph.initializer
    }
    hooks = [
        hook for name, layer in network.named_children() for hook in _take(tensors, name, layer)
    ]
    network.train()(pixels)
    for hook in hooks:
        hook.remove()


@torch.no_grad()
def unfold(network: nn.Module, pixels: Tensor) -> None:
    """Give the normalisations of a network from a file the statistics that they have on real crops.

    Args:
        network: of `training.export.restored`, whose normalisations are a bias alone.
        pixels: as for `warm_start`.

    """
    hooks = [
        layer.register_forward_pre_hook(
            lambda norm, inputs: _unfold(norm, inputs[0], norm.bias.clone())
        )
        for layer in network.modules()
        if isinstance(layer, nn.BatchNorm2d)
    ]
    network.train()(pixels)
    for hook in hooks:
        hook.remove()


def _take(tensors: dict[str, Tensor], name: str, layer: nn.Module) -> list:
    """Copy what has the layer's name in the file; give the hooks that will unfold it."""
    if isinstance(layer, nn.Conv2d):
        _fill(layer.weight, tensors[f'{name}.weight'], name)
        if layer.bias is not None:
            _fill(layer.bias, tensors[f'{name}.bias'], name)
        return []
    if isinstance(layer, SeparableBlock):
        depthwise, depth_norm, _, pointwise, point_norm, _ = layer
        return [
            *_take_normalised(tensors, f'{name}.depthwise', depthwise, depth_norm),
            *_take_normalised(tensors, f'{name}.pointwise', pointwise, point_norm),
        ]
    if isinstance(layer, Context):
        return _take_context(tensors, layer)
    if isinstance(layer, Attention | Quality):
        return _take_added(tensors, name, layer)
    if isinstance(layer, nn.ModuleList):
        singular = {'skips': 'skip'}.get(name, name)
        return [
            hook
            for index, part in enumerate(layer)
            for hook in _take(tensors, f'{singular}.{index}', part)
        ]
    return []


def _take_context(tensors: dict[str, Tensor], context: Context) -> list:
    if 'context.depthwise.weight' not in tensors:
        return []
    depthwise, depth_norm, _, pointwise, point_norm = context
    return [
        *_take_normalised(tensors, 'context.depthwise', depthwise, depth_norm),
        *_take_normalised(tensors, 'context.pointwise', pointwise, point_norm),
    ]


def _take_added(tensors: dict[str, Tensor], name: str, part: nn.Module) -> list:
    """Convolutions without normalisation; a file without the part leaves them as they are."""
    for child, layer in part.named_children():
        if f'{name}.{child}.weight' in tensors:
            _take(tensors, f'{name}.{child}', layer)
    return []


def _take_normalised(
    tensors: dict[str, Tensor], name: str, layer: nn.Conv2d, norm: nn.BatchNorm2d
) -> list:
    weight, bias = tensors[f'{name}.weight'], tensors[f'{name}.bias']
    if layer.weight.shape != weight.shape and name.startswith('encoder.0'):
        weight, bias = _with_gaussians(layer, weight, bias)
    _fill(layer.weight, weight, name)
    return [norm.register_forward_pre_hook(lambda norm, inputs: _unfold(norm, inputs[0], bias))]


def _with_gaussians(layer: nn.Conv2d, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Make room for the gaussians between the colours, seen with weight zero by the pointwise."""
    if layer.groups > 1:
        wide = layer.weight.detach().clone()
        wide[0::2] = weight
        return wide, torch.stack([bias, torch.zeros_like(bias)], 1).flatten()
    wide = torch.zeros_like(layer.weight)
    wide[:, 0::2] = weight
    return wide, bias


def _fill(parameter: nn.Parameter, values: Tensor, name: str) -> None:
    if parameter.shape != values.shape:
        raise ValueError(
            f'{name} has the shape {tuple(values.shape)} in the file and '
            f'{tuple(parameter.shape)} here: choose the same architecture'
        )
    parameter.copy_(values)


def _unfold(norm: nn.BatchNorm2d, features: Tensor, bias: Tensor) -> None:
    variance, mean = torch.var_mean(features.float(), (0, 2, 3), correction=0)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.copy_(bias + mean)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
