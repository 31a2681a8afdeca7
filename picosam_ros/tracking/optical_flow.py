"""How what lies in a mask moved from one frame to another: its texture tells, not its outline.

Points that flow there and back, and the median of them, as in Kalal, Mikolajczyk and Matas,
"Forward-Backward Error: Automatic Detection of Tracking Failures" (ICPR 2010).
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Frame
from picosam_ros.roi import Affine
from picosam_ros.tracking.observation import GRID, Map, Observation

Points = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]

# Side of the squares that are compared: about the network's.
SIDE = 2 * GRID
# About so many points; fewer than FEWEST of them, or than a quarter, are no evidence.
POINTS, FEWEST = 25, 4
# They are where the colour is more likely the object's than its surroundings'.
LIKELY = 0.5
# A point is accepted that comes back to so many pixels from where it began, and is among the
# better half.
BACK = 2.0
# Of Lucas and Kanade's windows; two smaller levels of the pyramid see motions of some 20 pixels.
WINDOW, SMALLER = (11, 11), 2
UNTIL = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03)


# How much an object may grow and turn from one frame to the next: more is an error of the flow.
GROWTH, TURN = 1.1, math.radians(15)


@dataclass(frozen=True)
class Motion:
    """How an object moved, in image pixels.

    Attributes:
        shift: x and y.
        centre: x and y of what it was measured at.
        turn: growth and turn around that, as a complex number: 1 for neither.

    """

    shift: tuple[float, float]
    centre: tuple[float, float] = (0.0, 0.0)
    turn: complex = 1.0

    def of(self, x: float, y: float) -> tuple[float, float]:
        """Return where a pixel of the object, or beside it, is afterwards."""
        centre = complex(*self.centre)
        there = centre + complex(*self.shift) + self.turn * (complex(x, y) - centre)
        return there.real, there.imag


@dataclass(frozen=True, eq=False)
class TrackedPoints:
    """The square of a frame that the network saw, and points of it that lie on the object.

    Attributes:
        grey: SIDE×SIDE uint8.
        points: N×1×2 float32, x and y in its pixels.
        to_image: from its pixels to the image's.

    """

    grey: Grey
    points: Points
    to_image: Affine

    @classmethod
    def of(cls, frame: Frame, observation: Observation, likelihood: Map) -> TrackedPoints:
        """Sample the square, and choose the points.

        Args:
            frame: the one of the observation.
            observation: whose mask has the points.
            likelihood: GRID×GRID, how likely each pixel's colour is the object's: a mask that takes
                in a neighbour has points on it that move in another way.

        """
        to_image = observation.mask.roi.affine_to(SIDE, SIDE).inverse()
        rows, columns = np.nonzero((observation.depth > 0) & (likelihood > LIKELY))
        step = max(math.isqrt(len(rows) // POINTS), 1)
        on_lattice = (rows % step == 0) & (columns % step == 0)
        places = np.stack([columns[on_lattice], rows[on_lattice]], 1)[:, None]
        to_square = SIDE / GRID
        points = (places * to_square + (to_square - 1) / 2).astype(np.float32)
        return cls(_grey(frame, to_image), points, to_image)

    def motion(self, frame: Frame) -> Motion | None:
        """Return how they moved; None if too few can be followed."""
        if len(self.points) < FEWEST:
            return None
        now = _grey(frame, self.to_image)
        there, found = _followed(self.grey, now, self.points)
        back, again = _followed(now, self.grey, there)
        error = np.linalg.norm(back - self.points, axis=2)
        followed = found & again & (error <= min(float(np.median(error)), BACK))
        if np.count_nonzero(followed) < max(FEWEST, len(self.points) / 4):
            return None
        x, y = np.median((there - self.points)[followed], axis=0)
        before, after = self.points[followed], there[followed]
        column, row = before.mean(0).tolist()
        return Motion(
            (float(x) * self.to_image.scale_x, float(y) * self.to_image.scale_y),
            self.to_image(column, row),
            _turn(before, after),
        )


def _turn(before: Points, after: Points) -> complex:
    """Return by which complex number points N×2 grew and turned, with the least squared error."""
    a, b = (points[:, 0] + 1j * points[:, 1] for points in (before, after))
    a, b = a - a.mean(), b - b.mean()
    turn = complex(np.vdot(a, b) / max(float(np.vdot(a, a).real), 1e-9))
    credible = 1 / GROWTH < abs(turn) < GROWTH and abs(cmath.phase(turn)) < TURN
    return turn if credible else 1.0


def _followed(before: Grey, after: Grey, points: Points) -> tuple[Points, npt.NDArray[np.bool_]]:
    """Return where each point is afterwards, and whether it was found: N×1×2 and N×1."""
    places = np.empty_like(points)
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, points, places, winSize=WINDOW, maxLevel=SMALLER, criteria=UNTIL
    )
    return np.asarray(there, np.float32), np.asarray(found, np.bool_)


def _grey(frame: Frame, to_image: Affine) -> Grey:
    """Sample the square; beyond the image's border, the border's own pixels."""
    pixels = cv2.warpAffine(
        frame.pixels,
        to_image.matrix,
        (SIDE, SIDE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
