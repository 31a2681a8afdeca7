"""How long and how well a clicked object is followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.films import photo_walks
from benchmarks.films.sequences import SEQUENCES, Inside, Sequence
from benchmarks.report import Row
from picosam_ros.cameras.photos import open_photos
from picosam_ros.engines import open_engine
from picosam_ros.engines.base import Engine
from picosam_ros.frame import Frame, Pixels
from picosam_ros.models import DEFAULT_MODEL, SENSOR_MODEL
from picosam_ros.prompt import Prompt
from picosam_ros.results import Result
from picosam_ros.segmenter import Segmenter
from picosam_ros.tracking.tracker import Tracker

TITLE = 'Tracking: the click of frame 0 is the only prompt; mean IoU'
# Mean IoU wanted of the films whose object is never hidden, and of the others.
CLEAR, HIDDEN = 0.95, 0.85


@dataclass(frozen=True)
class Score:
    """Of one film: mean IoU over the frames that show the object, and where it was lost."""

    iou: float
    answered: float
    lost_at: int | None


def measure(frames: int) -> Iterator[Row]:
    """One row for each film, whose masks are known; then one for each object in a photo.

    Its masks are compared with the first one.

    In the end the means of the sensor's network, on the host as well.
    """
    films, photo_objects = followed(DEFAULT_MODEL)
    for film, score in films.items():
        yield _row(film.name, score)
    yield from _means_of_films('', films)
    for name, score in photo_objects.items():
        yield _row(f'agrees with its first mask: {name}', score)
    yield _mean_of_photo_objects('mean agreement', photo_objects)
    films, photo_objects = followed(SENSOR_MODEL)
    yield from _means_of_films(f'{SENSOR_MODEL}: ', films)
    yield _mean_of_photo_objects(f'{SENSOR_MODEL}: mean agreement', photo_objects)


def followed(model: str) -> tuple[dict[Sequence, Score], dict[str, Score]]:
    """Follow the object of every film, and every object in a photo, with a network that ships."""
    walk = open_photos()
    with open_engine('host', model=model) as engine:
        films = {film: follow(engine, film) for film in SEQUENCES}
        photo_objects = {
            name: evaluate(photo_walks.follow(engine, walk, start_ns, target))
            for name, start_ns, target in photo_walks.photo_objects(walk)
        }
    return films, photo_objects


def _means_of_films(of: str, films: dict[Sequence, Score]) -> Iterator[Row]:
    clear = [score.iou for film, score in films.items() if not film.occluded]
    hidden = [score.iou for film, score in films.items() if film.occluded]
    yield Row(f'{of}mean of those never hidden', float(np.mean(clear)), note=f'wanted: ≥ {CLEAR}')
    yield Row(f'{of}mean of those hidden', float(np.mean(hidden)), note=f'wanted: ≥ {HIDDEN}')


def _mean_of_photo_objects(name: str, photo_objects: dict[str, Score]) -> Row:
    agreement = float(np.mean([score.iou for score in photo_objects.values()]))
    return Row(name, agreement, note='no truth known: see benchmarks/films/photo_walks.py')


def _row(name: str, score: Score) -> Row:
    lost = 'to the end' if score.lost_at is None else f'lost at frame {score.lost_at}'
    return Row(name, score.iou, note=f'{lost}; {score.answered:.0%} of frames answered')


def follow(engine: Engine, film: Sequence) -> Score:
    """Click on the object in the first frame, and follow."""
    return evaluate(run(engine, film.frames()))


def run(engine: Engine, frames: Iterable[tuple[Pixels, Inside]]) -> Iterator[tuple[Result, Inside]]:
    """Yield the result of each frame and the truth."""
    segmenter = Segmenter(engine, tracker=Tracker())
    for index, (pixels, inside) in enumerate(frames):
        frame = Frame.from_array(pixels, stamp_ns=index)
        if not index:
            segmenter.step(frame)
            prompt = Prompt.from_point(*middle(inside), roi_size=side_for(inside))
            segmenter.prompts.put(prompt)
        yield segmenter.step(frame), inside


def evaluate(results: Iterable[tuple[Result, Inside]]) -> Score:
    """Mean IoU over the frames in which at least 100 pixels of the object are visible."""
    ious, answered, lost_at = [], [], None
    for index, (result, inside) in enumerate(results):
        if result.lost and lost_at is None:
            lost_at = index
        if np.count_nonzero(inside) < 100:
            continue
        answered.append(bool(result.masks))
        ious.append(iou(result.masks[0].to_image(), inside) if result.masks else 0.0)
    return Score(float(np.mean(ious)), float(np.mean(answered)), lost_at)


def iou(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    """Intersection over union."""
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def middle(inside: Inside) -> tuple[float, float]:
    """Mean x and y."""
    rows, columns = np.nonzero(inside)
    return float(columns.mean()), float(rows.mean())


def side_for(inside: Inside) -> int:
    """A square in which the object fills 60 %."""
    rows, columns = np.nonzero(inside)
    return round(max(np.ptp(rows), np.ptp(columns)) / 0.6)
