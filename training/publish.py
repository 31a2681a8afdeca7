"""Put a trained network into the package: the file, its hash and its measured figures.

`python -m training.publish --data DIR --checkpoint FILE` replaces the network's entry in
`picosam_ros/models/models.yaml` and leaves the others alone.
"""

import argparse
from pathlib import Path

import yaml

from training.evaluate import evaluate, held_out_photos
from training.export import averaged, export
from training.model import INPUT_SIZE, PicoSam2, count_parameters

MODELS = Path(__file__).parents[1] / 'picosam_ros' / 'models'
HEADER = '# The networks that ship; written by `python -m training.publish`.\n'


def entry(path: Path, digest: str, network: PicoSam2, metrics: dict) -> dict:
    """Describe one network for models.yaml."""
    return {
        'file': path.name,
        'sha256': digest,
        'size': path.stat().st_size,
        'input': {
            'name': 'image',
            'size': INPUT_SIZE,
            'dtype': 'uint8',
            'layout': 'NHWC',
            'colour': 'RGB',
        },
        'output': {'name': 'logits', 'height': INPUT_SIZE, 'width': INPUT_SIZE, 'dtype': 'float32'},
        'licence': 'Apache-2.0',
        'parameters': count_parameters(network),
        'metrics': metrics,
    }


def publish(network: PicoSam2, name: str, held_out: dict, models: Path = MODELS) -> dict:
    """Export, measure what was exported and record it.

    Args:
        network: with its trained weights.
        name: of the network, and of its file without the ending.
        held_out: list of photos by the name of their group.
        models: folder of models.yaml.

    Returns:
        the new entry of models.yaml.

    """
    path, registry = models / f'{name}.onnx', models / 'models.yaml'
    digest = export(network, path, name)
    metrics = {group: evaluate(photos, str(path)) for group, photos in held_out.items()}
    entries = yaml.safe_load(registry.read_text()) if registry.is_file() else {}
    entries[name] = entry(path, digest, network, metrics)
    registry.write_text(HEADER + yaml.safe_dump(entries, sort_keys=False))
    return entries[name]


def main() -> None:
    """Publish the averaged weights of a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, required=True, help='folder with one folder a source')
    parser.add_argument('--checkpoint', type=Path, required=True)
    parser.add_argument('--name', default='picosam2-96')
    parser.add_argument('--models', type=Path, default=MODELS)
    arguments = parser.parse_args()
    network, held_out = averaged(arguments.checkpoint), held_out_photos(arguments.data)
    written = publish(network, arguments.name, held_out, arguments.models)
    print(yaml.safe_dump({arguments.name: written}, sort_keys=False), end='')


if __name__ == '__main__':
    main()
