"""Objects in photos, past which a hand moves the camera.

Their outlines are not labelled, so whether a mask is right is not known. What can be measured is
whether it stays the same: the camera's motion is known and carries the first mask along.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.films.sequences import Inside
from picosam_ros.cameras.photo_walk import DWELL_NS, HEIGHT, WIDTH, PhotoWalk
from picosam_ros.cameras.photos import Pointer, Target
from picosam_ros.engines.base import Engine
from picosam_ros.frame import Frame
from picosam_ros.prompt import Prompt
from picosam_ros.results import Result
from picosam_ros.roi import Affine
from picosam_ros.segmenter import Segmenter
from picosam_ros.tracking.tracker import Tracker

FRAME_NS = 1_000_000_000 // 30


def photo_objects(walk: PhotoWalk) -> Iterator[tuple[str, int, Target]]:
    """Yield all there is to point at: its name, when its photo appears, and where it is."""
    for index in range(len(walk.photos)):
        start_ns = index * DWELL_NS
        photo, targets = Pointer(walk).targets(start_ns)
        for target in targets:
            yield f'{photo}: {target.name}', start_ns, target


def follow(
    engine: Engine, walk: PhotoWalk, start_ns: int, target: Target
) -> Iterator[tuple[Result, Inside]]:
    """Click when the photo appears; yield each result and the first mask carried along."""
    segmenter = Segmenter(engine, tracker=Tracker())
    prompt = Prompt.from_point(target.x, target.y)
    began = walk.viewpoint(start_ns).affine
    first = np.zeros((HEIGHT, WIDTH), np.bool_)
    for stamp_ns in range(start_ns, start_ns + DWELL_NS, FRAME_NS):
        view = walk.viewpoint(stamp_ns)
        frame = Frame.from_array(walk.render(view), stamp_ns=stamp_ns)
        if stamp_ns == start_ns:
            [mask] = engine.segment(frame, [prompt]).masks
            first = mask.to_image()
            segmenter.step(frame)
            segmenter.prompts.put(prompt)
        yield segmenter.step(frame), _carried(first, began.inverse().then(view.affine))


def _carried(mask: Inside, motion: Affine) -> Inside:
    size = (WIDTH, HEIGHT)
    moved = cv2.warpAffine(mask.astype(np.float32), motion.matrix, size, flags=cv2.INTER_LINEAR)
    return np.asarray(moved > 0.5, np.bool_)
