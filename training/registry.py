"""models.yaml: the networks that ship, with hash, ports, figures and how they were trained."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml

from picosam_ros.engines.runtimes import Port, load

MODELS = Path(__file__).parents[1] / 'picosam_ros' / 'models'
HEADER = '# The networks that ship; written by `python -m training.publish`.\n'


def entries(models: Path = MODELS) -> dict[str, dict[str, Any]]:
    """Entries by name; none where there is no models.yaml yet."""
    registry = models / 'models.yaml'
    return (yaml.safe_load(registry.read_text()) or {}) if registry.is_file() else {}


def describe(
    path: Path, name: str, parameters: int, metrics: dict, training: list[dict]
) -> dict[str, Any]:
    """Describe a file as models.yaml does.

    Args:
        path: of the .onnx file.
        name: of the network, and of the file that ships without its ending.
        parameters: their number.
        metrics: figures by group and protocol.
        training: its stages in order, as `training.publish` tells them; may be empty.

    """
    network = load(path, threads=1)
    entry = {
        'file': f'{name}.onnx',
        'sha256': digest(path),
        'size': path.stat().st_size,
        'inputs': [_told(port) for port in network.inputs],
        'outputs': [_told(port) for port in network.outputs],
        'licence': 'Apache-2.0',
        'parameters': parameters,
        'metrics': metrics,
    }
    return entry | ({'training': training} if training else {})


def replace(models: Path, name: str, path: Path, entry: dict[str, Any]) -> None:
    """Put a file and its entry in the place of those of this name; the others stay.

    Both are written beside their places first: a full disk or Ctrl-C leaves what was there.
    """
    file, registry = models / entry['file'], models / 'models.yaml'
    text = HEADER + yaml.safe_dump(entries(models) | {name: entry}, sort_keys=False)
    parts = [target.with_name(f'{target.name}.partial') for target in (file, registry)]
    parts[0].write_bytes(path.read_bytes())
    parts[1].write_text(text)
    for part, target in zip(parts, (file, registry), strict=True):
        part.replace(target)


def digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def prompted(path: Path) -> bool:
    """Tell whether the network of a file takes prompts."""
    return any(port.name == 'prompt' for port in load(path, threads=1).inputs)


def weights(path: Path) -> int:
    """Number of the floating-point constants of a file, its parameters for nearly all."""
    constants = (onnx.numpy_helper.to_array(held) for held in onnx.load(path).graph.initializer)
    return sum(held.size for held in constants if np.issubdtype(held.dtype, np.floating))


def _told(port: Port) -> dict[str, Any]:
    return {'name': port.name, 'shape': list(port.shape), 'dtype': port.dtype}
