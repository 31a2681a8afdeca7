"""Go on with a network that ships on labelled images of your own; an .onnx file comes out.

`python -m training.finetune --data OUT/coco --out cups.onnx --minutes 8`; OUT is what
`picosam label` wrote. `picosam segment --model FILE` and the parameter `model` take the file.
"""

import argparse
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from picosam_ros.errors import PicosamError
from picosam_ros.models import find_model
from training import configuration
from training.data import readers
from training.data.crops import SIZE
from training.data.readers import Photo
from training.data.sampling import Mixture, Sampler
from training.evaluate import evaluate
from training.export import averaged, export
from training.export.restored import architecture
from training.train import Budget, first_batch, train
from training.trainer import Trainer

TRAIN, VALIDATION = 'instances_train', 'instances_val'
# The networks that ship whose trainer is here.
NETWORKS = ('picosam-lite-96', 'picosam2-96')
# It takes prompts and cannot be trained here: whether the own network is worth its file.
BESIDE = 'picosam-click'
FEWEST = 20
# More tell nothing more about one kind of object, and take minutes.
MOST_JUDGED = 200
HELD_OUT = 0.2


@dataclass(frozen=True)
class OwnImages:
    """Labelled images in two parts.

    Attributes:
        train: to learn from.
        judged: for the figures before and after.
        note: what must be known about the figures; may be empty.

    """

    train: list[Photo]
    judged: list[Photo]
    note: str = ''


def read(data: Path) -> OwnImages:
    """Read the labelled images of a folder with `annotations` and `images`.

    Raises:
        FileNotFoundError: there are no annotations, or none of their images.
        DatasetError: the annotations are damaged, or have no object.
        ValueError: too few images have labels.

    """
    train = readers.read_source(data, TRAIN)
    if (data / 'annotations' / f'{VALIDATION}.json').is_file():
        own = OwnImages(train, readers.read_source(data, VALIDATION))
    else:
        own = _held_out(train)
    if len(own.train) < FEWEST:
        raise ValueError(
            f'{data} has {len(own.train)} labelled images to learn from, at least {FEWEST} are '
            'needed: label more of the recording, or a second one'
        )
    return OwnImages(own.train, _thinned(own.judged), own.note)


def _held_out(photos: list[Photo]) -> OwnImages:
    count = math.ceil(HELD_OUT * len(photos))
    note = (
        f'There is no {VALIDATION}.json, as of a single recording: the last {count} images were '
        'held out. They are much like those before them, so the figures flatter; label a second '
        'recording.'
    )
    return OwnImages(photos[:-count], photos[-count:], note)


def _thinned(photos: list[Photo]) -> list[Photo]:
    """At most MOST_JUDGED, evenly spread."""
    step = len(photos) / min(len(photos), MOST_JUDGED)
    return [photos[int(index * step)] for index in range(min(len(photos), MOST_JUDGED))]


def finetune(photos: list[Photo], start: Path, out: Path, config: dict, budget: Budget) -> None:
    """Train on the photos, beginning with an exported network, and export what comes out.

    Args:
        photos: labelled.
        start: the .onnx file to begin with.
        out: the .onnx file to write.
        config: of a training; `fixed_statistics` must be true for a network of the kind lite.
        budget: how long.

    Raises:
        ValueError: `start` is not a network of `training.export` in float32.

    """
    weights = {photo.source: 1.0 for photo in photos}
    config = config | architecture(start) | {'weights': weights}
    mixture, size = Mixture(**config['mixture']), config.get('size', SIZE)
    sampler = Sampler(photos, weights, mixture, config['seed'], size)
    trainer = Trainer(config)
    trainer.initialise_from(start, first_batch(sampler, config['batch']))
    with tempfile.TemporaryDirectory() as run:
        train(trainer, sampler, Path(run), budget)
        export(averaged(Path(run) / 'checkpoint.pt'), out, out.stem)


def mean_ious(photos: list[Photo], models: list[str]) -> dict[str, list[float]]:
    """Mean IoU of each network by protocol, and in the end of the trivial answer."""
    figures: dict[str, list[float]] = {}
    trivial: dict[str, float] = {}
    for model in models:
        for protocol, report in evaluate(photos, model).items():
            figures.setdefault(protocol, []).append(report['miou'])
            trivial[protocol] = report['all_foreground']['miou']
    return {protocol: [*values, trivial[protocol]] for protocol, values in figures.items()}


def table(figures: dict[str, list[float]], titles: list[str]) -> str:
    """One line a protocol, one column a network."""
    lines = ['mIoU    ' + ''.join(f'{title:>20}' for title in titles)]
    for protocol, values in figures.items():
        lines.append(f'{protocol:8}' + ''.join(f'{value:20.3f}' for value in values))
    return '\n'.join(lines)


def _run(arguments: argparse.Namespace) -> None:
    start = _start(arguments.network)
    _check_out(arguments.out, start)
    own = read(arguments.data)
    masks = sum(len(photo.masks) for photo in own.judged)
    print(
        f'{len(own.train)} images to learn from, {len(own.judged)} with {masks} masks to judge by'
    )
    print(own.note, end='\n' if own.note else '', flush=True)
    config = configuration.read(arguments.config)
    minutes = math.inf if arguments.steps else arguments.minutes
    budget = Budget(60 * minutes, arguments.steps or math.inf)
    finetune(own.train, start, arguments.out, config, budget)
    models = [str(start), str(arguments.out), BESIDE]
    titles = [f'before: {start.stem}', f'after: {arguments.out.stem}', BESIDE, 'all foreground']
    print(table(mean_ious(own.judged, models), titles))


def _start(network: str) -> Path:
    """Find a network that can go on learning."""
    if network == BESIDE:
        raise ValueError(
            f'--network {network} was given, but its trainer is not here: give '
            f'{" or ".join(NETWORKS)}'
        )
    model = find_model(network)
    model.check()
    architecture(model.path)
    return model.path


def _check_out(out: Path, start: Path) -> None:
    """Know before the minutes are spent that the file can be written."""
    if out.suffix != '.onnx' or not out.parent.is_dir():
        raise ValueError(
            f'--out {out} was given: it must end in .onnx, and its folder must be there'
        )
    if out.exists() and out.samefile(start):
        raise ValueError(f'--out {out} is the network to begin with: give another name')


def main() -> None:
    """Train, export, and print mean IoU before and after."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--data',
        type=Path,
        required=True,
        help='folder with images/ and annotations/instances_train.json: OUT/coco of picosam label',
    )
    parser.add_argument('--out', type=Path, required=True, help='the .onnx file to write')
    parser.add_argument(
        '--network',
        default=NETWORKS[0],
        help=f'{" or ".join(NETWORKS)}, or an .onnx file of training.export, to begin with',
    )
    configuration.add_option(parser, 'own.yaml')
    parser.add_argument('--minutes', type=float, default=8)
    parser.add_argument(
        '--steps', type=int, help='instead of --minutes: can be repeated to the bit'
    )
    parser.add_argument('--threads', type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    try:
        _run(arguments)
    except (PicosamError, ValueError, OSError) as error:
        parser.error(str(error))


if __name__ == '__main__':
    main()
