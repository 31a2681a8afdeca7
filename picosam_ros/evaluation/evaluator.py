"""Evaluates an engine on labelled images, object by object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from picosam_ros.engines.base import Engine
from picosam_ros.errors import DatasetError, EngineError
from picosam_ros.evaluation.annotations import Annotations
from picosam_ros.evaluation.labelled import LabelledObject
from picosam_ros.evaluation.left_out import LeftOut
from picosam_ros.evaluation.metrics import by_size, clicks_report, iou, summary
from picosam_ros.evaluation.protocols import PROTOCOLS, Case, Interaction, interactions
from picosam_ros.frame import Pixels
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.segmenter import Segmenter
from picosam_ros.wire.value_range import Scale


@dataclass(frozen=True)
class Score:
    """Accuracy of the masks of one object.

    Attributes:
        where: offsets of the object in the annotations.
        path: path of the image.
        area: of the object in pixels, as the annotations state it or else counted.
        ious: IoU of mask and truth after each click; a single one without further clicks.
        best: the highest IoU of all masks that the engine proposed for the first prompt.
        all_foreground: IoU of the trivial answer.

    """

    where: tuple[int, int]
    path: Path
    area: float
    ious: tuple[float, ...]
    best: float
    all_foreground: float


@dataclass
class Evaluator:
    """Runs an engine on every object of some annotations.

    Attributes:
        engine: opened by the caller.
        annotations: the labelled objects.
        folder: folder of the images.
        protocol: a name of PROTOCOLS; metrics of different ones are not comparable.
        clicks: clicks on each object: the protocol's, then where the mask is wrong. More than
            one are for the protocol `full`: in the others the prompt fixes the ROI.
        scale: takes images of 16 bits a value to 8; None takes the range that each of them uses.
        scores: scores of the objects so far.
        skipped: objects left out so far; one that is damaged is no reason to stop.
        missing: number of images that are not in the folder.

    """

    engine: Engine
    annotations: Annotations
    folder: Path
    protocol: str = 'crop96'
    clicks: int = 1
    scale: Scale | None = None
    scores: list[Score] = field(default_factory=list)
    skipped: LeftOut = field(default_factory=LeftOut)
    missing: int = 0

    def evaluate(self, limit: int | None = None) -> Iterator[int]:
        """Evaluate all objects, or the first `limit` ones; yield the number done so far.

        Raises:
            DatasetError: not one object could be evaluated.
            EngineError: the engine returned no mask.

        """
        for done, (path, pixels, where) in enumerate(islice(self._objects(), limit), 1):
            labelled = self.annotations.read(where)
            try:
                self._score(path, pixels, where, labelled)
            except DatasetError as error:
                self.skipped.add('damaged mask', labelled.name, str(error))
            yield done
        if not self.scores:
            raise DatasetError(self._nothing_evaluated())

    def case(self, pixels: Pixels, mask: Pixels) -> Case:
        """Return the case of one object: the engine's input and the true mask, by the protocol.

        Raises:
            DatasetError: the mask is not of the image's size.

        """
        if mask.shape != pixels.shape[:2]:
            raise DatasetError(
                f'a mask of {mask.shape[1]}×{mask.shape[0]} pixels was given for an image of '
                f'{pixels.shape[1]}×{pixels.shape[0]}: the annotations are damaged'
            )
        return PROTOCOLS[self.protocol](pixels, mask)

    def interactions(self, case: Case) -> list[Interaction]:
        """Segment the case's prompt, then with further clicks; return each prompt and mask."""
        return played(self.engine, case, self.clicks)

    def _of_candidates(self, case: Case) -> Sequence[float]:
        """Return the IoU of each mask that the engine proposes for the first prompt."""
        masks = self.engine.candidates(case.frame, case.prompt)
        return [iou(mask.to_image(), case.truth) for mask in masks]

    def report(self) -> dict[str, Any]:
        """Return the metrics of the objects so far, ready for JSON."""
        areas = np.array([score.area for score in self.scores])
        ious = np.array([score.ious for score in self.scores]).reshape(-1, self.clicks)
        trivial = np.array([score.all_foreground for score in self.scores])
        numbers = {f'n_{name}': int(chosen.sum()) for name, chosen in by_size(areas).items()}
        report = {
            'protocol': self.protocol,
            'n': len(self.scores),
            **numbers,
            **summary(ious[:, 0], areas),
            'best': round(float(np.mean([score.best for score in self.scores])), 4),
            'all_foreground': summary(trivial, areas),
        }
        if self.clicks > 1 and self.scores:
            report['clicks'] = clicks_report(ious, areas)
        return report

    def _objects(self) -> Iterator[tuple[Path, Pixels, tuple[int, int]]]:
        for image in self.annotations.images.values():
            path = image.find(self.folder)
            if path is None:
                self.missing += 1
                continue
            try:
                pixels = image.read(path, self.scale)
            except DatasetError as error:
                count = len(image.objects) // 2
                self.skipped.add('damaged picture', f'image {path}', str(error), objects=count)
                continue
            for where in self.annotations.objects(image):
                yield path, pixels, where

    def _score(
        self, path: Path, pixels: Pixels, where: tuple[int, int], labelled: LabelledObject
    ) -> None:
        mask = labelled.mask()
        pixel_count = np.count_nonzero(mask)
        if not pixel_count:
            self.skipped['no pixel'] += 1
            return
        case = self.case(pixels, mask)
        ious = [iou(answer, case.truth) for _, answer in self.interactions(case)]
        # Clicking stops once nothing is wrong: the IoU stays.
        ious += ious[-1:] * (self.clicks - len(ious))
        self.scores.append(
            Score(
                where,
                path,
                float(pixel_count if labelled.area is None else labelled.area),
                tuple(ious),
                max(ious[0], *self._of_candidates(case)),
                iou(case.all_foreground, case.truth),
            )
        )

    def _nothing_evaluated(self) -> str:
        if self.skipped:
            told = [f'{count} ({kind})' for kind, count in self.skipped.items()]
            first = ''.join(f'; {named.what}: {named.reason}' for named in self.skipped.named[:1])
            return f'no labelled object could be evaluated: left out were {", ".join(told)}{first}'
        image = next(iter(self.annotations.images.values()))
        return (
            f'no labelled object could be evaluated: {self.missing} of '
            f'{len(self.annotations.images)} images are not in {self.folder}, for example '
            f'{image.names[0]}; give the folder that holds them (for LVIS the one of train2017 '
            'and val2017)'
        )


def played(engine: Engine, case: Case, clicks: int) -> list[Interaction]:
    """Segment a case's prompt, then with further clicks; return each prompt and mask.

    Raises:
        EngineError: the engine returned no mask.

    """

    def segment(prompt: Prompt) -> Mask:
        # A new segmenter each: nothing learnt from another object may help.
        made = Segmenter(engine).segment(case.frame, [prompt])
        if made.unanswered:
            raise EngineError(
                f'engine {engine.name!r} returned no mask: {made.unanswered[0].reason}'
            )
        return made.masks[0]

    return list(interactions(segment, case.prompt, case.truth, clicks))
