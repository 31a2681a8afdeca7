"""The masks with which the labeller would begin."""

from __future__ import annotations

from dataclasses import replace

from picosam_ros.engines.base import Engine
from picosam_ros.errors import PromptError
from picosam_ros.labelling.keys import KeyPrompt, Stretch
from picosam_ros.labelling.labelled import Label
from picosam_ros.labelling.labeller import Labeller
from picosam_ros.sequences.base import SequenceImage


class FirstMasks:
    """Labels the image that a prompt is about, as `picosam label` does; to be used from one thread.

    Args:
        engine: that will label; it is opened at first use.

    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def corrects_boxes(self) -> bool:
        """Whether the engine takes points together with a box."""
        return self._engine.capabilities.boxes_with_points

    def open(self) -> None:
        """Open the engine. Raises ModelError or EngineError; a second call does nothing."""
        self._engine.open()

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def label(self, image: SequenceImage, key: KeyPrompt) -> Label:
        """Return the object's label in an image; without a mask, its doubt says why.

        Raises:
            PromptError: the prompt does not fit the image.
            EngineError: the engine cannot answer.

        """
        self.open()
        labeller = Labeller(self._engine, [Stretch(key, image.number, None)])
        # A view: an engine takes it for another image, and does not go on from what it answered
        # to the clicks before. The labeller will not have seen those either.
        labeller.step(replace(image, frame=replace(image.frame, pixels=image.frame.pixels[:])))
        [label] = labeller.images[-1].labels
        return label

    def found(self, image: SequenceImage, key: KeyPrompt) -> Label:
        """Return the object's label, which has a mask. Raises PromptError, too, if it has none."""
        label = self.label(image, key)
        if not label.counts:
            raise PromptError(
                f'nothing is found there: {label.doubt}; click elsewhere on the object, or drag a '
                'box around it'
            )
        return label
