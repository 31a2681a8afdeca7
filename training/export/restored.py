"""A network from the file that `training.export` made of it.

The batch normalisations are folded into the convolutions of a file. Here each comes back as a bias
alone, so that the network answers as the file does. It can go on training with these statistics,
fixed; to learn new ones, `training.warm_start`.
"""

import json
import re
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from training import networks
from training.export import click_graph, click_trial
from training.networks import Network
from training.networks.lite import GAUSSIAN_COUNT, LiteUNet, Up
from training.networks.picosam2 import gaussians

# What the files call the layers that PyTorch calls otherwise, applied in this order.
NAMES = (
    (r'^encoder\.(stem|stages)', r'\1'),
    (r'^skips', 'skip'),
    (r'^((?:encoder|decoder|bottleneck|context).*?)\.0$', r'\1.depthwise'),
    (r'^((?:encoder|decoder|bottleneck|context).*?)\.3$', r'\1.pointwise'),
    (r'^(stem|stages.*)\.0$', r'\1'),
    (r'^decoder\.(\d+)\.blocks', r'up.\1'),
    (r'^decoder\.(\d+)\.(narrow|skip)', r'up.\1.\2'),
)
# The constant maps had this name in the files of before.
MAPS = ('gaussians', 'bells')


@torch.no_grad()
def restored(path: Path) -> Network:
    """Read the network of an exported file, in evaluation.

    Raises:
        ValueError: the file is not one of `training.export`, or was quantised.

    """
    model = onnx.load(path)
    tensors = _tensors(model)
    network = networks.make(_architecture(path, model)).eval()
    layers = list(network.named_modules())
    for (name, layer), (_, following) in zip(layers, [*layers[1:], ('', None)], strict=True):
        if isinstance(layer, nn.Linear):
            layer.weight.copy_(tensors[f'{name}.weight'].T)
            layer.bias.copy_(tensors[f'{name}.bias'])
        if isinstance(layer, nn.Conv2d) and not _sees_gaussians(network, name):
            _fill(layer, following, tensors, _named(name))
    if isinstance(network, LiteUNet):
        _solve_prompt(network, tensors)
    return network


def _tensors(model: onnx.ModelProto) -> dict[str, Tensor]:
    if click_trial.is_of_the_trial(model):
        return click_trial.tensors(model)
    tensors = {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in model.graph.initializer
    }
    parts = [tensors[name] for name in click_graph.MIXES if name in tensors]
    if parts:
        tensors['rating.mix.weight'] = torch.cat(parts, 1)
        tensors['rating.mix.bias'] = tensors[click_graph.MIXED_BIAS]
    return tensors


def architecture(path: Path) -> dict:
    """Entries of a configuration that make the network of an exported file.

    Raises:
        ValueError: the file is not one of `training.export`, or was quantised.

    """
    return _architecture(path, onnx.load(path))


def _architecture(path: Path, model: onnx.ModelProto) -> dict:
    if click_trial.is_of_the_trial(model):
        return click_trial.ARCHITECTURE
    about = {entry.key: entry.value for entry in model.metadata_props}
    weights = {tensor.name for tensor in model.graph.initializer}
    if 'architecture' not in about or 'head.weight' not in weights:
        raise ValueError(
            f'{path} was given: it must be a network in float32 that training.export has written'
        )
    told = json.loads(about['architecture'])
    if 'kind' in told:
        return told
    size = {'size': told.pop('size')} if 'size' in told else {}
    return {'network': told, **size}


def _sees_gaussians(network: Network, name: str) -> bool:
    """Whether the file has a map in place of the layer's weights for the gaussians."""
    return isinstance(network, LiteUNet) and (name == 'prompt' or name.endswith('.skip'))


def _named(name: str) -> str:
    for pattern, replacement in NAMES:
        name = re.sub(pattern, replacement, name)
    return name


def _fill(layer: nn.Conv2d, norm: nn.Module | None, tensors: dict[str, Tensor], name: str) -> None:
    layer.weight.copy_(tensors[f'{name}.weight'])
    if isinstance(norm, nn.BatchNorm2d):
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.fill_(1)
        norm.bias.copy_(tensors[f'{name}.bias'])
    elif layer.bias is not None:
        layer.bias.copy_(tensors[f'{name}.bias'])


def _solve_prompt(network: LiteUNet, tensors: dict[str, Tensor]) -> None:
    """Find the weights that the maps of the file were made with."""
    [maps] = (tensors[name] for name in MAPS if name in tensors)
    weight, bias = _solve(maps)
    network.prompt.weight.copy_(weight)
    network.prompt.bias.copy_(bias)
    for index, block in enumerate(network.decoder):
        _solve_skip(block, tensors, f'up.{index}')


def _solve_skip(block: Up, tensors: dict[str, Tensor], name: str) -> None:
    [maps] = (tensors[f'{name}.{kind}'] for kind in MAPS if f'{name}.{kind}' in tensors)
    weight, bias = _solve(maps)
    block.skip.weight[:, :-GAUSSIAN_COUNT].copy_(tensors[f'{name}.skip.weight'])
    block.skip.weight[:, -GAUSSIAN_COUNT:].copy_(weight)
    block.skip.bias.copy_(bias)


def _solve(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Weight [C, 3, 1, 1] and bias [C] that make maps [1, C, side, side] of the gaussians."""
    known = gaussians(maps.shape[-1]).double().flatten(1)
    known = torch.cat([known, torch.ones_like(known[:1])])
    solution = torch.linalg.lstsq(known.T, maps[0].double().flatten(1).T).solution.float()
    return solution[:-1].T[:, :, None, None], solution[-1]
