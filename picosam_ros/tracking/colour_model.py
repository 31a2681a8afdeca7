"""What an object looks like: colours that it has and its surroundings have not.

Histograms under a kernel, compared by the Bhattacharyya coefficient, as in Comaniciu, Ramesh and
Meer, "Kernel-based object tracking" (PAMI 25, 2003).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from picosam_ros.frame import Pixels

Colours = npt.NDArray[np.uint16]
Histogram = npt.NDArray[np.float64]
Weights = npt.NDArray[np.floating]

# Levels of each of R, G, B.
LEVELS = 8
_SHIFT = 5
_PLACES = np.array([LEVELS * LEVELS, LEVELS, 1], np.uint16)

# Of a level's weight that spills into each neighbour, so that a shade of light changes little.
_SPILL = 0.11

_SPILLED = (1 - 2 * _SPILL) * np.eye(LEVELS) + _SPILL * (np.eye(LEVELS, k=1) + np.eye(LEVELS, k=-1))
_SPILLED_TWICE = np.kron(_SPILLED, _SPILLED)

# The object changes slowly, what is around it fast.
OBJECT_RATE, SURROUNDINGS_RATE = 0.05, 0.2

# A colour that neither has is no evidence for the object.
_UNSEEN = 1e-4


class ColourModel:
    """Two histograms of colours, learnt from masks.

    Args:
        colours: h×w, of `colours_of`.
        weights: h×w, how surely each pixel is on the object; 0 for what is not.

    """

    def __init__(self, colours: Colours, weights: Weights) -> None:
        self._object = _histogram(colours, weights)
        self._surroundings = _histogram(colours, weights == 0)
        self._odds = self._compared()

    def likelihood(self, colours: Colours) -> npt.NDArray[np.float32]:
        """Return for each of h×w pixels how likely its colour is the object's, 0 to 1."""
        return self._odds[colours]

    def likeness(self, colours: Colours, weights: Weights) -> float:
        """Return how similar the colours of a mask are to the object's: 1 for the same, 0 for none.

        Other things have one or the other colour of an object, and seldom the same mixture.
        """
        return float(np.sqrt(_histogram(colours, weights) * self._object).sum())

    def likenesses(self, colours: Colours, span: int) -> npt.NDArray[np.float64]:
        """Return it for squares of span×span pixels, from every second row and column on."""
        squares = sliding_window_view(colours, (span, span))[::2, ::2]
        rows, columns = squares.shape[:2]
        numbered = squares.reshape(rows * columns, -1).astype(np.intp)
        numbered += LEVELS**3 * np.arange(rows * columns)[:, None]
        counts = np.bincount(numbered.ravel(), minlength=rows * columns * LEVELS**3)
        shares = counts.reshape(rows, columns, -1) / span**2
        return np.asarray(np.sqrt(shares) @ np.sqrt(self._object))

    def learn(self, colours: Colours, weights: Weights) -> None:
        """Follow slow changes, as light and turning make them."""
        self._object += OBJECT_RATE * (_histogram(colours, weights) - self._object)
        around = _histogram(colours, weights == 0)
        self._surroundings += SURROUNDINGS_RATE * (around - self._surroundings)
        self._odds = self._compared()

    def _compared(self) -> npt.NDArray[np.float32]:
        odds = self._object / (self._object + self._surroundings + _UNSEEN)
        return odds.astype(np.float32)


def colours_of(pixels: Pixels) -> Colours:
    """Reduce h×w×3 uint8 RGB to h×w numbers of colours."""
    return (pixels >> _SHIFT).astype(np.uint16) @ _PLACES


def _histogram(colours: Colours, weights: Weights) -> Histogram:
    counts = np.bincount(colours.ravel(), weights.ravel(), LEVELS**3)
    # Along R and G at once, then along B.
    spilled = _SPILLED_TWICE @ counts.reshape(LEVELS**2, LEVELS) @ _SPILLED
    return spilled.ravel() / max(spilled.sum(), 1e-9)
