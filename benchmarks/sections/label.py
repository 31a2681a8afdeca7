"""What `picosam label` leaves to a person, how right the rest is, and how long it takes."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.films.recordings import COUNT, IMAGES, SEED, make_recordings
from benchmarks.films.sequences import Inside
from benchmarks.report import Row
from benchmarks.rigs.label_command import Case, label, make_cases
from benchmarks.rigs.ray_cluster import ray_cluster
from benchmarks.sections.tracking import iou
from picosam_ros.datasets.examples import Examples, contents_of
from picosam_ros.datasets.formats import FORMATS
from picosam_ros.datasets.write import write_dataset
from picosam_ros.engines import open_engine
from picosam_ros.engines.base import Engine
from picosam_ros.evaluation.coco_masks import decode_rle
from picosam_ros.labelling.decisions import Decision
from picosam_ros.labelling.keys import KeyPrompt, Stretch, stretches
from picosam_ros.labelling.project import Project, open_project
from picosam_ros.labelling.prompt_doubts import ASK
from picosam_ros.models import DEFAULT_MODEL
from picosam_ros.prompt import Prompt
from picosam_ros.results import Result
from picosam_ros.segmenter import follow
from picosam_ros.sequences.base import ImageSequence
from picosam_ros.sequences.open import open_sequence

TITLE = 'Labelling: what is left to a person, how right the rest is, and how fast it is done'
# The way back was chosen on the first one, the question about prompts came from the second; on the
# third nothing was chosen.
SEEDS = (SEED, 19, 20)
# Recordings whose labelling is timed, and how often.
TIMED, ROUNDS = 6, 2
CPUS = 2

# An object of fewer pixels may go without a mask.
_VISIBLE = 100
_WRONG = 0.5


@dataclass(frozen=True)
class Score:
    """How right the mask of an image is, as IoU: 1 where there is neither object nor mask."""

    recording: str
    iou: float


@dataclass(frozen=True)
class Way:
    """A way to label: options of the command, and the environment that it needs."""

    name: str
    options: tuple[str, ...]
    environment: Mapping[str, str] | None = None


def measure(frames: int) -> Iterator[Row]:
    """Rows of each seed, with one click in each recording and with three; then of the speed.

    There is a recording for every 15 frames, but no more than COUNT. With fewer images each, the
    object would move as far from one to the next as it never does.
    """
    recordings = max(1, min(frames // 15, COUNT))
    with TemporaryDirectory() as name:
        folder = Path(name)
        for seed in SEEDS:
            yield from _quality(seed, recordings, folder / f'seed_{seed}')
        truths = make_recordings(folder / 'timed', min(recordings, TIMED), IMAGES)
        yield from _speed(make_cases('', truths)[0], folder / 'out')
        yield from _writing(folder / 'out')


def _quality(seed: int, recordings: int, folder: Path) -> Iterator[Row]:
    """Compare the data sets, and what plain tracking gives, with the truth."""
    truths = make_recordings(folder, recordings, IMAGES, seed)
    for case in make_cases(f'seed {seed}', truths):
        label(case, folder / 'out')
        taken = list(_in_data_set(case, folder / 'out'))
        yield _left(f'{case.name}: left to a person', case, taken)
        yield from _how_right(f'{case.name}: in the data set', taken)
        asked = _answer_prompts(case, folder / 'out')
        label(case, folder / 'out')
        answered = list(_in_data_set(case, folder / 'out'))
        shutil.rmtree(folder / 'out')
        after = f'{case.name}, a person has answered what is asked about prompts'
        yield Row(f'{after}: questions', asked, 'images')
        yield _left(f'{after}: left', case, answered)
        yield from _how_right(f'{after}: in the data set', answered)
        yield from _how_right(f'{case.name}: plain tracking, all taken', list(_plain(case)))
    shutil.rmtree(folder)


def _left(name: str, case: Case, taken: Sequence[Score]) -> Row:
    left = case.images - len(taken)
    return Row(name, 100 * left / case.images, '%', note=f'{left} of {case.images} images')


def _answer_prompts(case: Case, out: Path) -> int:
    """Accept or reject the images of prompts that a person is asked about; return their number."""
    with open_project(out) as project:
        decided = []
        for recording in project.plan.recordings:
            for image in project.labelled(recording):
                asked = [one for one in image.labels if one.doubt == ASK]
                if not asked:
                    continue
                mask = asked[0].to_image(image.width, image.height) > 0
                score = _score(case, recording.name, image.number, mask)
                labels = tuple(one.doubted('') for one in image.labels)
                right = bool(score.iou >= _WRONG)
                decided.append(Decision(recording.name, image.number, right, labels))
        project.decisions.open()
        project.decisions.add(decided)
        project.decisions.close()
    return len(decided)


def _how_right(name: str, scores: Sequence[Score]) -> Iterator[Row]:
    average = mean(score.iou for score in scores) if scores else math.nan
    wrong = Counter(score.recording for score in scores if score.iou < _WRONG)
    where = ', '.join(f'{recording} {number}' for recording, number in sorted(wrong.items()))
    yield Row(f'{name}, mean IoU', average, note=f'{average:.3f} of {len(scores)} images')
    yield Row(f'{name}, below IoU {_WRONG}', wrong.total(), 'images', note=where)


def _score(case: Case, recording: str, number: int, mask: Inside | None) -> Score:
    """Compare the mask of an image, or that there is none, with the truth."""
    inside = case.truths[recording].inside(number)
    if mask is not None:
        return Score(recording, iou(mask, inside))
    return Score(recording, float(np.count_nonzero(inside) < _VISIBLE))


def _in_data_set(case: Case, out: Path) -> Iterator[Score]:
    for path in (out / 'coco').glob('annotations/*.json'):
        content = json.loads(path.read_text(encoding='utf-8'))
        masks = {one['image_id']: one['segmentation'] for one in content['annotations']}
        for image in content['images']:
            recording, _, number = Path(image['file_name']).stem.rpartition('_')
            encoded = masks.get(image['id'])
            mask = decode_rle(encoded) > 0 if encoded else None
            yield _score(case, recording, int(number), mask)


def _plain(case: Case) -> Iterator[Score]:
    """Follow the objects from the same clicks, and take every mask."""
    with open_engine('host', model=DEFAULT_MODEL) as engine:
        for recording, truth in case.truths.items():
            keys = [
                KeyPrompt(click.image, Prompt.from_point(click.x, click.y))
                for click in case.clicks[recording]
            ]
            with open_sequence(truth.path, '') as sequence:
                for stretch in stretches(keys):
                    for number, result in _there_and_back(engine, sequence, stretch):
                        masks = [one.to_image() > 0 for one in result.masks if not one.empty]
                        yield _score(case, recording, number, masks[0] if masks else None)


def _there_and_back(
    engine: Engine, sequence: ImageSequence, stretch: Stretch
) -> Iterator[tuple[int, Result]]:
    """Yield number and result of each image that a prompt is for, once."""
    key, prompts = stretch.key.image, [stretch.key.prompt]
    after = (image.frame for image in sequence.images(key, stretch.end))
    yield from zip(count(key), follow(engine, prompts, after))
    before = (image.frame for image in sequence.reversed(stretch.first, key + 1))
    yield from islice(zip(count(key, -1), follow(engine, prompts, before)), 1, None)


def _speed(case: Case, out: Path) -> Iterator[Row]:
    """Label the same in all ways by turns; what the last one made stays."""
    with _ways() as (ways, skipped):
        rates: dict[str, list[float]] = {way.name: [] for way in ways}
        for number in range(ROUNDS):
            for way in ways if number % 2 else reversed(ways):
                shutil.rmtree(out, ignore_errors=True)
                report = label(case, out, *way.options, environment=way.environment)
                rates[way.name].append(report['images_per_second'])
    for name, found in rates.items():
        each = ', '.join(f'{rate:.1f}' for rate in found)
        note = f'{case.images} images, start of the processes included; each {each}'
        yield Row(f'labelled, {name}', median(found), 'images/s', note=note)
    yield from skipped


@contextmanager
def _ways() -> Iterator[tuple[list[Way], list[Row]]]:
    """Yield the ways to label, and a row for the one that is not there."""
    ways = [
        Way('1 process', ('--processes', '1')),
        Way(f'{CPUS} processes', ('--processes', str(CPUS))),
    ]
    by_ray = f'Ray, {CPUS} CPUs'
    try:
        import ray  # noqa: F401
    except ImportError as error:
        row = Row(f'labelled, {by_ray}', math.nan, 'images/s', note=f'skipped: {error}')
        yield ways, [row]
        return
    with ray_cluster(CPUS) as (address, environment):
        yield [*ways, Way(by_ray, ('--ray', address), environment)], []


def _writing(out: Path) -> Iterator[Row]:
    """Write what is labelled in each format alone."""
    with open_project(out) as project:
        ms, images = _timed_write(project, ())
        yield Row('recordings read, nothing written', ms, 'ms/image', note=f'{images} images')
        for name in FORMATS:
            ms, _ = _timed_write(project, (name,))
            yield Row(f'written as {name}', ms, 'ms/image', note='with the reading')


def _timed_write(project: Project, formats: Sequence[str]) -> tuple[float, int]:
    """Return milliseconds for each image of the recordings, and how many there are."""
    numbers = [0]
    examples = Examples(project, numbers.append)
    begun = time.perf_counter()
    write_dataset(project.out, formats, contents_of(project), examples, stopped=lambda: False)
    return 1e3 * (time.perf_counter() - begun) / max(numbers[-1], 1), numbers[-1]
