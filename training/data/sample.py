"""A training sample: a crop, its labelled mask, and the answer of a teacher."""

from typing import NamedTuple

import numpy as np

# A teacher's logits are kept as int8 in eighths, from -8 to 8: beyond it nothing is in doubt.
CLIP = 8.0
STEPS = 8


class Sample(NamedTuple):
    """A crop, or a batch of them; S is the side of the network's input.

    Attributes:
        image: RGB uint8 [S, S, 3].
        mask: uint8 [S, S], 1 on the object.
        seen: the share of the object that lies in the crop; 0 where it is not known.
        logits: of a teacher, int8 [S, S], in eighths.
        confidence: of the teacher, 0 to 1; 0 where there is none, 1 where nothing is labelled.

    """

    image: np.ndarray
    mask: np.ndarray
    seen: np.float32
    logits: np.ndarray
    confidence: np.float32

    @classmethod
    def without_teacher(cls, image: np.ndarray, mask: np.ndarray, seen: float) -> 'Sample':
        """Make one without the answer of a teacher."""
        nothing = np.zeros(mask.shape, np.int8)
        return cls(image, mask, np.float32(seen), nothing, np.float32(0))

    def with_teacher(self, logits: np.ndarray, confidence: float) -> 'Sample':
        """Add the answer of a teacher: logits float [S, S] and its confidence, 0 to 1."""
        return self._replace(logits=in_steps(logits), confidence=np.float32(confidence))


def in_steps(logits: np.ndarray) -> np.ndarray:
    """Quantise float logits to int8."""
    return np.rint(np.clip(logits, -CLIP, CLIP) * STEPS).astype(np.int8)
