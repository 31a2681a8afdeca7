"""Put a trained network into the package: the file, its hash and its measured figures.

`python -m training.publish --data DIR --checkpoint FILE` replaces the network's entry in
`picosam_ros/models/models.yaml` and leaves the others alone.
"""

import argparse
import hashlib
from pathlib import Path

import yaml

from picosam_ros.engines.runtimes import load
from training.evaluate import evaluate, held_out_photos
from training.export import averaged, export
from training.networks import Network
from training.networks.picosam2 import count_parameters

MODELS = Path(__file__).parents[1] / 'picosam_ros' / 'models'
HEADER = '# The networks that ship; written by `python -m training.publish`.\n'


def record(path: Path, parameters: int, metrics: dict) -> dict:
    """Describe a network in the models.yaml beside it; the other entries stay as they are.

    Args:
        path: of the .onnx file; its name without the ending is the network's.
        parameters: their number.
        metrics: figures by group and protocol.

    Returns:
        the new entry.

    """
    registry = path.with_name('models.yaml')
    entries = yaml.safe_load(registry.read_text()) if registry.is_file() else {}
    inputs, outputs = _ports(path)
    entries[path.stem] = {
        'file': path.name,
        'sha256': hashlib.sha256(path.read_bytes()).hexdigest(),
        'size': path.stat().st_size,
        'inputs': inputs,
        'outputs': outputs,
        'licence': 'Apache-2.0',
        'parameters': parameters,
        'metrics': metrics,
    }
    registry.write_text(HEADER + yaml.safe_dump(entries, sort_keys=False))
    return entries[path.stem]


def _ports(path: Path) -> tuple[list[dict], list[dict]]:
    """Inputs and outputs of a file as models.yaml tells them."""
    network = load(path, threads=1)
    return tuple(
        [{'name': port.name, 'shape': list(port.shape), 'dtype': port.dtype} for port in ports]
        for ports in (network.inputs, network.outputs)
    )


def publish(network: Network, name: str, held_out: dict, models: Path = MODELS) -> dict:
    """Export, measure what was exported and record it.

    Args:
        network: with its trained weights.
        name: of the network, and of its file without the ending.
        held_out: list of photos by the name of their group.
        models: folder of models.yaml.

    Returns:
        the new entry of models.yaml.

    """
    path = models / f'{name}.onnx'
    export(network, path, name)
    metrics = {group: evaluate(photos, str(path)) for group, photos in held_out.items()}
    return record(path, count_parameters(network), metrics)


def main() -> None:
    """Publish the averaged weights of a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--data', type=Path, required=True, help='folder of the sources, see training/README.md'
    )
    parser.add_argument('--checkpoint', type=Path, required=True)
    parser.add_argument('--name', default='picosam2-96')
    parser.add_argument('--models', type=Path, default=MODELS)
    arguments = parser.parse_args()
    network, held_out = averaged(arguments.checkpoint), held_out_photos(arguments.data)
    written = publish(network, arguments.name, held_out, arguments.models)
    print(yaml.safe_dump({arguments.name: written}, sort_keys=False), end='')


if __name__ == '__main__':
    main()
