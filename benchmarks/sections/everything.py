"""How many of the things in photos that are known are among all that is found there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.films.photo_files import photo_file
from benchmarks.films.photo_outlines import OUTLINES, outlined
from benchmarks.report import Row
from benchmarks.sections.tracking import iou
from picosam_ros.engines import open_engine
from picosam_ros.engines.base import Engine
from picosam_ros.engines.everything import BUDGET_S, Everything, everything
from picosam_ros.frame import Frame
from picosam_ros.models import DEFAULT_MODEL

TITLE = 'Everything: outlines drawn by hand that are found without a click, in 5 s of one core'

# IoU from which on an object counts as found.
FOUND = (0.5, 0.7)


@dataclass(frozen=True)
class Searched:
    """What was found in a photo, the best IoU of each known object, and the processor time."""

    found: Everything
    best: list[float]
    seconds: float


def measure(frames: int) -> Iterator[Row]:
    """One row for each photo, then all of them together."""
    del frames
    done = []
    # One thread, and processor time: what else the machine does takes nothing of the budget.
    with open_engine('host', model=DEFAULT_MODEL, threads=1) as engine:
        for photo in OUTLINES:
            one = _searched(engine, photo, BUDGET_S)
            done.append(one)
            found = sum(value >= FOUND[0] for value in one.best)
            clicks = f'{one.found.asked} of {one.found.planned} clicks'
            note = f'{len(one.found.masks)} masks; {clicks} in {one.seconds:.1f} s'
            yield Row(f'{photo}: found of {len(one.best)}', float(found), note=note)
    best = np.array([value for one in done for value in one.best])
    for least in FOUND:
        share = 100 * float(np.mean(best >= least))
        yield Row(f'found at IoU ≥ {least:g}', share, '%', note=f'of {len(best)} objects')
    yield Row('masks of a photo', float(np.mean([len(one.found.masks) for one in done])))
    rates = [one.found.asked / one.seconds for one in done]
    yield Row('clicks a second', float(np.mean(rates)), note='second looks included in the time')


def _searched(engine: Engine, photo: str, budget_s: float) -> Searched:
    rgb = cv2.cvtColor(cv2.imread(str(photo_file(photo))), cv2.COLOR_BGR2RGB)
    frame = Frame.from_array(np.asarray(rgb, np.uint8))
    begun = time.process_time()
    found = everything(engine, frame, budget_s=budget_s, clock=time.process_time)
    seconds = time.process_time() - begun
    masks = [mask.to_image() for mask in found.masks]
    known = outlined(photo, frame.width, frame.height)
    best = [max((iou(mask, it.inside) for mask in masks), default=0.0) for it in known]
    return Searched(found, best, seconds)
