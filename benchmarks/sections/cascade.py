"""What a slow engine's corrections bring, and whether the fast engine keeps its pace meanwhile.

No weights of EdgeSAM ship, so its place is taken by engines that know the films' truth: what they
bring is what the best of slow engines could.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from benchmarks.films.sequences import SEQUENCES, Inside
from benchmarks.films.sequences import Sequence as Film
from benchmarks.report import Row
from benchmarks.rigs import scene
from benchmarks.sections.tracking import evaluate, follow, run
from benchmarks.timing import milliseconds
from picosam_ros.engines import make_engine, open_engine
from picosam_ros.engines.base import Capabilities, Engine
from picosam_ros.engines.cascade import CascadeEngine
from picosam_ros.frame import Frame, Pixels
from picosam_ros.mask import Mask
from picosam_ros.models import DEFAULT_MODEL
from picosam_ros.prompt import Prompt
from picosam_ros.results import Result, Segmentation
from picosam_ros.roi import Roi
from picosam_ros.segmenter import Segmenter
from picosam_ros.tracking.tracker import Tracker

TITLE = 'Cascade: the films of `tracking`, corrected from behind; mean IoU, and the pace'
LATE = 15  # frames from a question to its correction: half a second at 30 per second
RATE = 30.0
ROUNDS = 3
RUNS = 40  # of our network, for an answer that takes as long as a large network's

Truth = dict[int, Inside]
Answer = Callable[[Frame, Prompt], Mask]


class Slow(Engine):
    """An engine whose answer waits until it is released.

    Args:
        answer: returns the mask of a prompt on a frame.
        hold: waits until the answer may come.

    """

    name = 'slow'
    capabilities = Capabilities(negative_points=True, boxes=True, boxes_with_points=True)
    warning = ''

    def __init__(self, answer: Answer, hold: Callable[[], object]) -> None:
        self._answer = answer
        self._hold = hold

    @property
    def description(self) -> dict[str, str]:
        """Nothing to say of it."""
        return {}

    def open(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to free."""

    def segment_frame(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer late."""
        masks = tuple(self._answer(frame, prompt) for prompt in prompts)
        self._hold()
        return Segmentation(masks)


@dataclass(frozen=True)
class Kind:
    """How good the corrections are."""

    name: str
    answer: Callable[[Engine, Truth, Frame, Prompt], Mask]


def measure(frames: int) -> Iterator[Row]:
    """One row for each film; then the means; then the pace at the camera's rate."""
    kinds = (Kind('the truth', _truth), Kind('our network on the true box', _boxed))
    with (
        open_engine('host', model=DEFAULT_MODEL) as fast,
        open_engine('host', model=DEFAULT_MODEL) as other,
    ):
        alone = [follow(fast, film).iou for film in SEQUENCES]
        corrected = [[_corrected(other, kind, film) for film in SEQUENCES] for kind in kinds]
        for film, without, *ious in zip(SEQUENCES, alone, *corrected, strict=True):
            by_kind = ', '.join(
                f'{kind.name} {iou:.2f}' for kind, iou in zip(kinds, ious, strict=True)
            )
            yield Row(film.name, ious[0], note=f'without {without:.2f}; corrected by {by_kind}')
        yield Row('mean, without', float(np.mean(alone)))
        for kind, ious in zip(kinds, corrected, strict=True):
            yield Row(f'mean, corrected by {kind.name}', float(np.mean(ious)))
        yield from _pace(fast, other, frames)


def _corrected(other: Engine, kind: Kind, film: Film) -> float:
    """Follow a film whose frames wait for the corrections that are due."""
    truth: Truth = {}
    begun, due = threading.Semaphore(0), threading.Semaphore(0)

    def answer(frame: Frame, prompt: Prompt) -> Mask:
        return kind.answer(other, truth, frame, prompt)

    def hold() -> None:
        begun.release()
        due.acquire()

    def frames() -> Iterator[tuple[Pixels, Inside]]:
        requested = None
        for index, (pixels, inside) in enumerate(film.frames()):
            truth[index] = inside
            if requested is None and index and begun.acquire(timeout=0.1):
                requested = index
            elif requested is not None and index >= requested + LATE:
                requested = None
                due.release()
                time.sleep(0.002)  # until the thread has handed it over
            yield pixels, inside
        due.release()

    with CascadeEngine(
        fast=make_engine('host', model=DEFAULT_MODEL), slow=Slow(answer, hold)
    ) as engine:
        return evaluate(run(engine, frames())).iou


def _truth(engine: Engine, truth: Truth, frame: Frame, prompt: Prompt) -> Mask:
    del engine
    logits = np.where(truth[frame.stamp_ns], np.float32(4), np.float32(-4))
    roi = Roi(0, 0, frame.width, frame.height)
    return Mask(prompt, logits, roi, frame.width, frame.height, 'truth', 1.0)


def _boxed(engine: Engine, truth: Truth, frame: Frame, prompt: Prompt) -> Mask:
    known = _truth(engine, truth, frame, prompt)
    if known.box is None:
        return known
    [mask] = engine.segment(frame, [Prompt.from_box(known.box)]).masks
    return replace(mask, prompt=prompt)


def _pace(fast: Engine, other: Engine, frames: int) -> Iterator[Row]:
    """Let images come at the camera's rate, by turns with and without a busy slow engine."""

    def work(frame: Frame, prompt: Prompt) -> Mask:
        return [other.segment(frame, [prompt]).masks[0] for _ in range(RUNS)][-1]

    alone, corrected, corrections = [], [], 0
    for _ in range(ROUNDS):
        steps, _ = _play(fast, frames // ROUNDS)
        alone += steps
        with CascadeEngine(
            fast=make_engine('host', model=DEFAULT_MODEL), slow=Slow(work, lambda: None)
        ) as engine:
            steps, came = _play(engine, frames // ROUNDS)
        corrected += steps
        corrections += came
    for name, steps, note in (
        ('alone', alone, ''),
        ('with a busy slow engine', corrected, f'; {corrections} corrections came'),
    ):
        in_time = sum(step < 1e3 / RATE for step in steps)
        yield Row(f'a step, {name}', median(steps), 'ms', note=f'median of {len(steps)}{note}')
        yield Row(f'images answered in time, {name}', 100 * in_time / len(steps), '%')


def _play(engine: Engine, frames: int) -> tuple[list[float], int]:
    """Return the milliseconds of each step, and how many corrections came."""
    segmenter = Segmenter(engine, tracker=Tracker())
    pixels, [prompt] = scene.image(), scene.prompts(1)
    segmenter.step(Frame.from_array(pixels))
    segmenter.prompts.put(prompt)
    steps: list[float] = []
    results: list[Result] = []
    begun = time.perf_counter()
    for number in range(frames):
        time.sleep(max(begun + number / RATE - time.perf_counter(), 0))
        frame = Frame.from_array(pixels)
        steps.append(milliseconds(lambda frame=frame: results.extend(segmenter.process(frame))))
    return steps, sum(result.late for result in results)
