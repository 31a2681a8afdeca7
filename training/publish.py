"""Put a trained network into the package, if it is better than the shipped one of its name.

`python -m training.publish --data DIR --checkpoint FILE ... --name NAME` exports the averaged
weights of the last checkpoint, measures the exported file, prints it beside the shipped one, and
replaces that if `training.replacement` says so: the file, and in `picosam_ros/models/models.yaml`
hash, figures and the configuration of each stage. Otherwise it says what falls short, changes
nothing and exits with 1. `--file FILE.onnx` publishes an exported file, for example a mean of
`training.merge`; the shipped one itself is measured anew, as after a change of the engine.
"""

import argparse
import tempfile
from pathlib import Path

import torch

from training import registry, replacement, run_time
from training.evaluate import evaluate, held_out_photos
from training.export import averaged, export
from training.export.restored import restored
from training.networks.picosam2 import count_parameters
from training.registry import MODELS


def publish(
    path: Path,
    name: str,
    parameters: int,
    held_out: dict,
    models: Path = MODELS,
    *,
    training: list[dict] | None = None,
    made_of: str = '',
    dry_run: bool = False,
) -> list[str]:
    """Measure a file, and let it ship if it is better than what ships.

    Args:
        path: of the exported .onnx file, outside of `models`.
        name: of the network, and of its file without the ending.
        parameters: their number.
        held_out: list of photos by the name of their group.
        models: folder of models.yaml.
        training: stages as `stage` tells them; None keeps what the same file's entry has.
        made_of: name of the network that this one has in 8 bits.
        dry_run: compare only.

    Returns:
        what falls short; nothing is changed on the disk then.

    """
    known = registry.entries(models)
    old, prompted = known.get(name), registry.prompted(path)
    same = bool(old) and old['sha256'] == registry.digest(path)
    recorded = old.get('metrics', {}) if same else {}
    if training is None:
        training = old.get('training', []) if same else []
    metrics = _measure(path, held_out, prompted)
    new = replacement.deciding(metrics, prompted)
    short: list[str] = []
    if made_of:
        base = _shipped(known[made_of], held_out, models, metrics, prompted)
        print(replacement.table(base, new, (made_of, name)))
        short += [f'below {made_of}: {fall}' for fall in replacement.falls(base, new)]
    if old and not same:
        base = _shipped(old, held_out, models, metrics, prompted)
        times = run_time.compare(models / old['file'], path)
        print(replacement.table(base, new))
        print(f'a run, ms {times.old_ms:20.2f}{times.new_ms:10.2f}   ×{times.ratio:.3f}')
        short += replacement.shortcomings(base, new, times.ratio)
    else:
        short += replacement.unmeasured(replacement.deciding(recorded, prompted), new)
        print(replacement.table({}, new))
        print(f'{name} is the file that ships' if same else f'no {name} ships yet')
    if not (short or dry_run):
        entry = registry.describe(path, name, parameters, metrics, training)
        registry.replace(models, name, path, entry)
    return short


def _measure(path: Path, held_out: dict, prompted: bool) -> dict:
    clicks, metrics = replacement.CLICKS if prompted else 1, {}
    for group, photos in held_out.items():
        print(f'measuring {path} on {len(photos)} photos of {group}', flush=True)
        metrics[group] = evaluate(photos, str(path), clicks=clicks)
    return metrics


def _shipped(
    entry: dict, held_out: dict, models: Path, metrics: dict, prompted: bool
) -> replacement.Figures:
    """Figures of a shipped file: those that are recorded, if they are of it and of these masks."""
    path = models / entry['file']
    recorded = entry.get('metrics', {})
    believed = registry.digest(path) == entry['sha256']
    if not (believed and replacement.comparable(recorded, metrics, prompted)):
        # A group that is not measured now keeps its figures: the rule misses it then.
        recorded = recorded | _measure(path, held_out, prompted)
    return replacement.deciding(recorded, prompted)


def stage(checkpoint: Path) -> dict:
    """Tell what a stage of a training was: its configuration and how long it took."""
    state = torch.load(checkpoint, weights_only=True, map_location='cpu')
    return {
        'steps': state['step'],
        'minutes': round(state['seconds'] / 60, 1),
        'configuration': state['config'],
    }


def count(path: Path) -> int:
    """Parameters of the network of an exported file; of one that is not ours, its constants.

    What a file has multiplied out (maps of the gaussians) or folded is counted as it was trained.
    """
    if registry.prompted(path):
        return registry.weights(path)
    try:
        return count_parameters(restored(path))
    except ValueError:
        return registry.weights(path)


def report(short: list[str], name: str, dry_run: bool) -> int:
    """Print the outcome; return the exit code."""
    if short:
        print(f'{name} is not published, and nothing was changed:', *short, sep='\n  ')
        return 1
    print(f'{name} would be published' if dry_run else f'{name} is published')
    return 0


def main() -> int:
    """Publish the averaged weights of a checkpoint, or a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--data', type=Path, required=True, help='folder of the sources, see training/README.md'
    )
    parser.add_argument(
        '--checkpoint',
        type=Path,
        nargs='+',
        default=[],
        help='of every stage in order, whose configurations are recorded; the last is exported, '
        'unless there is --file',
    )
    parser.add_argument('--file', type=Path, help='an exported .onnx file instead')
    parser.add_argument('--name', default='picosam2-96')
    parser.add_argument('--models', type=Path, default=MODELS)
    parser.add_argument('--dry-run', action='store_true', help='compare only')
    arguments = parser.parse_args()
    if not (arguments.checkpoint or arguments.file):
        parser.error('neither --checkpoint nor --file was given: one of them is published')
    held_out = held_out_photos(arguments.data)
    if not held_out:
        parser.error(f'{arguments.data} has none of the photos of val_split.txt to measure on')
    training = [stage(checkpoint) for checkpoint in arguments.checkpoint] or None
    with tempfile.TemporaryDirectory() as folder:
        path, parameters = Path(folder) / f'{arguments.name}.onnx', 0
        if arguments.file:
            path.write_bytes(arguments.file.read_bytes())
            parameters = count(path)
        else:
            network = averaged(arguments.checkpoint[-1])
            export(network, path, arguments.name)
            parameters = count_parameters(network)
        short = publish(
            path,
            arguments.name,
            parameters,
            held_out,
            arguments.models,
            training=training,
            dry_run=arguments.dry_run,
        )
    return report(short, arguments.name, arguments.dry_run)


if __name__ == '__main__':
    raise SystemExit(main())
