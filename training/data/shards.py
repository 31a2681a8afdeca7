"""Crops in pieces: drawn once, asked of a teacher once, enough to train with on any machine.

`python -m training.data.shards --data DIR --config FILE.yaml --crops N --out DIR` draws crops as
they are in the photos, and writes 00000.npz, 00001.npz and so on. A piece depends on the
configuration, the teacher and its own number alone; those that are there are kept, so a stopped run
goes on.
"""

import argparse
import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from training import configuration
from training.data import readers
from training.data.crops import SIZE
from training.data.pieces import describe, save
from training.data.sample import Sample
from training.data.sampling import Mixture, Prompted, Sampler
from training.teacher import CropTeacher, Teacher, open_teacher

PIECE = 4096
# Prompts that a teacher is asked about at once.
BATCH = 64


def answered(
    prompts: Iterator[Prompted], teacher: Teacher | None, size: int, min_confidence: float
) -> Iterator[Sample]:
    """Yield the crops of prompts that show an object, with the teacher's answer, without end.

    At an unlabelled pixel the teacher's mask is the truth, if its confidence is at
    least `min_confidence` and the mask holds the pixel; its other answers there are dropped.
    """
    while True:
        batch = list(islice(prompts, BATCH))
        samples: Iterable[Sample] = [prompt.sample(size) for prompt in batch]
        if teacher:
            samples = teacher.teach(batch, samples)
        for prompt, sample in zip(batch, samples, strict=True):
            kept = _accepted(prompt, sample, min_confidence) if prompt.mask is None else sample
            if kept.mask.any():
                yield kept


def _accepted(prompt: Prompted, sample: Sample, min_confidence: float) -> Sample:
    """Take the teacher's mask for the truth, or leave the mask empty."""
    place = prompt.place(sample.mask.shape[0])
    if sample.confidence < min_confidence or sample.logits[place] <= 0:
        return sample
    return sample._replace(mask=(sample.logits > 0).astype(np.uint8), confidence=np.float32(1))


def write(
    sampler: Sampler, teacher: Teacher | None, about: dict, crops: int, out: Path, piece: int
) -> None:
    """Write the pieces that are not there yet.

    Args:
        sampler: of photos.
        teacher: without one the truth alone is written.
        about: what the crops depend on: seed, size, mixture, and what tells them from others.
        crops: of all pieces together.
        out: folder.
        piece: crops of one piece.

    Raises:
        ValueError: the folder has pieces about something else.

    """
    out.mkdir(parents=True, exist_ok=True)
    with tqdm(total=crops, unit=' crops') as bar:
        for number in range(math.ceil(crops / piece)):
            path, count = out / f'{number:05}.npz', min(piece, crops - number * piece)
            if _crops_in(path, about) >= count:
                bar.update(count)
                continue
            sampler.reseed(about['seed'], part=number)
            prompts = sampler.prompts(teacher.row if teacher else 1)
            samples = answered(prompts, teacher, about['size'], about['mixture']['min_confidence'])
            save(path, _counted(islice(samples, count), bar), about)


def _counted(samples: Iterable[Sample], bar: tqdm) -> Iterator[Sample]:
    for sample in samples:
        yield sample
        bar.update()


def _crops_in(path: Path, about: dict) -> int:
    if not path.is_file():
        return 0
    found, crops = describe(path)
    if found != about:
        different = [key for key in about if found.get(key) != about[key]]
        raise ValueError(
            f'{path} was made with another {", ".join(different)}: give another folder with --out'
        )
    return crops


def _teacher(arguments: argparse.Namespace) -> Teacher | None:
    if arguments.teacher_checkpoint:
        from training.networks.ensemble import Ensemble

        return CropTeacher(Ensemble(arguments.teacher_checkpoint))
    if arguments.teacher:
        return open_teacher(arguments.teacher, arguments.teacher_file)
    return None


def _about(config: dict, arguments: argparse.Namespace) -> dict:
    files = arguments.teacher_checkpoint or [arguments.teacher_file]
    # By content: a checkpoint that was trained further is another teacher.
    digests = [hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in files if file]
    about = {
        'seed': config['seed'],
        'size': config.get('size', SIZE),
        'weights': config['weights'],
        'without': config.get('without', []),
        'mixture': asdict(Mixture(**config['mixture'])),
        'teacher': [arguments.teacher or '', *digests],
    }
    return json.loads(json.dumps(about))  # as it is read from a piece, to be compared with


def main() -> None:
    """Write the pieces."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--data', type=Path, required=True, help='folder of the sources, see training/README.md'
    )
    configuration.add_option(parser)
    parser.add_argument('--crops', type=int, required=True, help='of all pieces together')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--piece', type=int, default=PIECE, help='crops of one piece')
    taught = parser.add_mutually_exclusive_group()
    taught.add_argument('--teacher', help='package.module:function (see training/teacher.py)')
    taught.add_argument('--teacher-checkpoint', type=Path, nargs='+', help='one or more .pt files')
    parser.add_argument('--teacher-file', type=Path, help='what the function is called with')
    arguments = parser.parse_args()
    config = configuration.read(arguments.config)
    mixture, size = Mixture(**config['mixture']), config.get('size', SIZE)
    teacher = _teacher(arguments)
    if mixture.unlabelled and not teacher:
        parser.error('unlabelled prompts of the mixture need a --teacher: they have no mask')
    photos = readers.configured_photos(arguments.data, config)
    sampler = Sampler(photos, config['weights'], mixture, config['seed'], size)
    about = _about(config, arguments)
    write(sampler, teacher, about, arguments.crops, arguments.out, arguments.piece)


if __name__ == '__main__':
    main()
