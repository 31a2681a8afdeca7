"""Masks that clicks correct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from picosam_ros.engines.base import Engine
from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.labelling.labelled import Label
from picosam_ros.prompt import Point, PreviousMask, Prompt
from picosam_ros.roi import Roi

# Of a mask that somebody accepted, or that was found: far from 0, which would be in doubt.
_CERTAIN = 6.0


class Corrector:
    """Corrects one object of an image at a time; to be used from one thread.

    Args:
        engine: makes the engine that answers; it is opened at first use.

    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self) -> None:
        """Open the engine. Raises ModelError or EngineError; a second call does nothing."""
        self._engine.open()

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def correct(self, frame: Frame, label: Label, points: Sequence[Point]) -> Label:
        """Return the label with a mask to which all points agree, as far as the engine can.

        Args:
            frame: the image.
            label: whose mask is corrected; one without counts gets its first mask.
            points: all that were clicked for the object on this image, the last one last.

        Raises:
            PicosamError: the engine cannot answer such points, or found nothing.

        """
        self.open()
        previous = previous_mask(label, frame.width, frame.height)
        prompt = Prompt(tuple(points), object_id=label.object_id, previous=previous)
        answer = self._engine.segment(frame, [prompt])
        if not answer.masks:
            raise PromptError(f'the click is not answered: {answer.unanswered[0].reason}')
        [mask] = answer.masks
        if mask.empty:
            raise PromptError(
                f'nothing is left of object {label.object_id}; click on it, or remove it if it is '
                'not in the image'
            )
        counts, score = str(mask.to_rle()['counts']), round(mask.score, 4)
        return replace(label, counts=counts, score=score, doubt='')


def previous_mask(label: Label, width: int, height: int) -> PreviousMask | None:
    """Return the mask of a label in an image of width × height; None if it has none.

    Raises:
        DatasetError: its counts are damaged, or of an image of another size.

    """
    if not label.counts:
        return None
    inside = np.ascontiguousarray(label.to_image(width, height))
    x, y, columns, rows = cv2.boundingRect(inside)
    if not columns:
        return None
    roi = Roi(x - 1, y - 1, columns + 2, rows + 2)
    around = np.pad(inside[y : y + rows, x : x + columns], 1)
    logits = np.where(around > 0, np.float32(_CERTAIN), np.float32(-_CERTAIN))
    return PreviousMask(logits, roi)
