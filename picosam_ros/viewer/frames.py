"""What a browser shows: an image, and the masks that were computed from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from picosam_ros.drawing.overlay import SHIFT, outlines
from picosam_ros.frame import Pixels
from picosam_ros.resample import paste
from picosam_ros.roi import Roi


@dataclass(frozen=True, eq=False)
class ViewerMask:
    """The mask of one object, as in its message.

    Attributes:
        object_id, generation: of the prompt that it answers.
        engine: that computed it.
        score: 0 to 1.
        probability: h×w uint8 in network pixels of the ROI; 128 and above is the object.
        roi: the rectangle of the image that `probability` covers.

    """

    object_id: int
    generation: int
    engine: str
    score: float
    probability: Pixels
    roi: Roi

    def outline(self, width: int, height: int) -> list[list[float]]:
        """Return the contours of parts and holes: x, y, x, y … in image pixels, to 0.1."""
        values = self.probability.astype(np.float32) - 127.5
        x, y, pasted = paste(values, self.roi, width, height)
        curves = outlines(np.ascontiguousarray(pasted > 0), x, y)
        return [np.round(curve / (1 << SHIFT), 1).ravel().tolist() for curve in curves]


@dataclass(frozen=True, eq=False)
class ViewerFrame:
    """An image and its masks; without a segmentation it has none.

    Attributes:
        number: of the frame, counted by the viewer.
        stamp_ns: of the image.
        width, height: of the image, in pixels.
        pixels: returns H×W×3 uint8 RGB; only called when a browser needs it.
        masks: computed from this image.
        unanswered: object id and reason, of prompts that have no mask on this image.
        segmented: whether a segmentation of this image was received.

    """

    number: int
    stamp_ns: int
    width: int
    height: int
    pixels: Callable[[], Pixels]
    masks: tuple[ViewerMask, ...] = ()
    unanswered: tuple[tuple[int, str], ...] = ()
    segmented: bool = False
    object_ids: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        ids = [mask.object_id for mask in self.masks] + [number for number, _ in self.unanswered]
        object.__setattr__(self, 'object_ids', frozenset(ids))

    @cached_property
    def header(self) -> bytes:
        """Everything but the pixels, as JSON."""
        description = {
            'number': self.number,
            # A string: JavaScript's numbers are exact to 53 bits only.
            'stamp': str(self.stamp_ns),
            'width': self.width,
            'height': self.height,
            'segmented': self.segmented,
            'masks': [self._describe(mask) for mask in self.masks],
            'unanswered': [{'object': i, 'reason': reason} for i, reason in self.unanswered],
        }
        return json.dumps(description, separators=(',', ':')).encode()

    def _describe(self, mask: ViewerMask) -> dict[str, Any]:
        return {
            'object': mask.object_id,
            'generation': mask.generation,
            'engine': mask.engine,
            'score': round(mask.score, 3),
            'outline': mask.outline(self.width, self.height),
        }
