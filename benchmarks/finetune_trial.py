"""`python -m benchmarks.finetune_trial --folder DIR`: what some minutes of fine-tuning are worth.

Two recordings of an unusual object are learnt from, two before other photos judge. Their known
masks are written as `picosam label` writes its own; `training.finetune` does the rest, and needs
PyTorch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.films.recordings import IMAGES
from benchmarks.films.scenes import Scene
from benchmarks.films.unusual import NAME, TRAIN_BACKGROUNDS, VALIDATION_BACKGROUNDS, scenes
from picosam_ros.datasets.base import TRAIN, VALIDATION, Contents, Example
from picosam_ros.datasets.write import write_dataset
from picosam_ros.frame import Frame
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.mask import encode_rle
from picosam_ros.sequences.base import SequenceImage

# Neighbours are too alike to be worth a label each.
EVERY = 3
# Of a board that something hides.
_FEWEST_PIXELS = 100


def write_labels(folder: Path, images: int = IMAGES, every: int = EVERY) -> None:
    """Write a data set of four recordings into `coco` of a folder: two for train, two for val.

    Args:
        folder: as OUT of `picosam label`.
        images: of each recording.
        every: takes one of so many.

    """
    first = len(TRAIN_BACKGROUNDS)
    parts = {TRAIN: scenes(TRAIN_BACKGROUNDS, 0), VALIDATION: scenes(VALIDATION_BACKGROUNDS, first)}
    names = [*TRAIN_BACKGROUNDS, *VALIDATION_BACKGROUNDS]
    contents = Contents((NAME,), {name: Path(name) for name in names})
    examples = (
        example
        for split, shown in parts.items()
        for scene in shown
        for example in _examples(scene, split, images, every)
    )
    write_dataset(folder, ['coco'], contents, examples, stopped=lambda: False)


def _examples(scene: Scene, split: str, total: int, every: int) -> Iterator[Example]:
    """Yield images that show the board, and the board in them."""
    for number in range(0, total, every):
        inside = scene.inside(number, total)
        if np.count_nonzero(inside) < _FEWEST_PIXELS:
            continue
        frame = Frame.from_array(scene.image(number, total))
        height, width = inside.shape
        label = Label(1, NAME, encode_rle(inside)['counts'], 1.0)
        labels = LabelledImage(number, 0, width, height, (label,))
        image = SequenceImage(number, frame, 0)
        yield Example(scene.background, split, image, labels, chosen=True)


def main() -> None:
    """Write the labels and fine-tune; further arguments go to `training.finetune`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--folder', type=Path, required=True, help='for data and network')
    arguments, further = parser.parse_known_args()
    write_labels(arguments.folder)
    from training import finetune

    data, out = arguments.folder / 'coco', arguments.folder / f'{NAME}.onnx'
    sys.argv = ['finetune', '--data', str(data), '--out', str(out), *further]
    finetune.main()


if __name__ == '__main__':
    main()
