"""Where objects stand when there is no depth: pixels projected to a plane that is said to be flat.

The base frame has its z axis up and the ground at z = 0 (base_footprint, or base_link where that
lies on the ground); the optical frame is that of REP-103: z forward, x right, y down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from picosam_ros.errors import CalibrationError
from picosam_ros.frame import Pixels
from picosam_ros.spatial.cloud import UNLABELLED
from picosam_ros.spatial.pinhole import Doubles, Floats, Pinhole, check_finite

Cells = npt.NDArray[np.int8]

# As in nav_msgs/OccupancyGrid.
UNKNOWN, FREE, OCCUPIED = -1, 0, 100


def pose_of(translation: Sequence[float], quaternion: Sequence[float]) -> Doubles:
    """4×4 from metres x, y, z and a rotation x, y, z, w, as a geometry_msgs/Transform has them.

    Raises:
        CalibrationError: the rotation is not of length 1, or a number is not finite.

    """
    check_finite(translation=translation, rotation=quaternion)
    x, y, z, w = (float(part) for part in quaternion)
    if abs(np.hypot.reduce([x, y, z, w]) - 1) > 1e-3:
        raise CalibrationError(
            f'rotation ({x:g}, {y:g}, {z:g}, {w:g}) was given; a quaternion has length 1'
        )
    pose = np.eye(4)
    pose[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    pose[:3, 3] = translation
    return pose


def camera_pose(height: float, pitch: float) -> Doubles:
    """4×4, optical to base frame, of a camera above the base that looks ahead.

    Args:
        height: above the ground, in metres.
        pitch: radians by which it looks down.

    """
    sin, cos = np.sin(pitch), np.cos(pitch)
    pose = np.eye(4)
    pose[:3, :3] = [[0, -sin, cos], [-1, 0, 0], [0, -cos, -sin]]
    pose[2, 3] = height
    return pose


def contact(labels: Pixels) -> Pixels:
    """Keep the lowest pixel that each object has in each column: H×W, 0 elsewhere.

    That is where an object that stands meets the ground; the pixels above it see the ground behind.
    """
    lowest = labels.copy()
    lowest[:-1][labels[:-1] == labels[1:]] = 0
    where = np.flatnonzero(lowest)
    ids, columns = lowest.ravel()[where], where % labels.shape[1]
    # Of several values for one place NumPy keeps the last, and rows come from top to bottom.
    last = np.empty((UNLABELLED + 1, labels.shape[1]), np.intp)
    last[ids, columns] = where
    kept = where[last[ids, columns] == where]
    feet = np.zeros_like(labels)
    feet.ravel()[kept] = lowest.ravel()[kept]
    return feet


@dataclass(frozen=True)
class Patch:
    """The part of the ground that a grid shows: from the base's origin ahead, and to both sides.

    Attributes:
        length, width: in metres, along x and y.
        resolution: metres from cell to cell.

    """

    length: float = 5.0
    width: float = 5.0
    resolution: float = 0.05

    @property
    def rows(self) -> int:
        """Cells along y."""
        return max(1, round(self.width / self.resolution))

    @property
    def columns(self) -> int:
        """Cells along x."""
        return max(1, round(self.length / self.resolution))

    @property
    def origin(self) -> tuple[float, float]:
        """Where the outer corner of cell (0, 0) is: x and y."""
        return 0.0, -self.rows * self.resolution / 2

    def cell_of(self, points: Doubles) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Row and column of those of N×2 metres that lie on the patch."""
        x0, y0 = self.origin
        columns = np.floor((points[:, 0] - x0) / self.resolution).astype(np.intp)
        rows = np.floor((points[:, 1] - y0) / self.resolution).astype(np.intp)
        on = (columns >= 0) & (columns < self.columns) & (rows >= 0) & (rows < self.rows)
        return rows[on], columns[on]

    def centres(self) -> Doubles:
        """N×3 metres in the base frame, row by row."""
        x0, y0 = self.origin
        x = x0 + (np.arange(self.columns) + 0.5) * self.resolution
        y = y0 + (np.arange(self.rows) + 0.5) * self.resolution
        flat = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        return np.column_stack([flat, np.zeros(len(flat))])


class Ground:
    """What a camera at a fixed place sees of the ground: computed once, used for many images.

    Args:
        camera: that looks.
        base_from_camera: 4×4, optical to base frame.

    Raises:
        CalibrationError: the camera is not above the ground.

    """

    def __init__(self, camera: Pinhole, base_from_camera: Doubles) -> None:
        if not base_from_camera[2, 3] > 0:
            raise CalibrationError(
                f'the camera is {base_from_camera[2, 3]:g} m above the ground; it must be above 0: '
                'give camera_height, or name a base_frame whose z = 0 is the ground'
            )
        self.camera = camera
        self.base_from_camera = base_from_camera
        self._seen: tuple[Patch, npt.NDArray[np.intp]] | None = None

    def is_for(self, camera: Pinhole, base_from_camera: Doubles) -> bool:
        """Whether it was computed for this camera at this place."""
        return self.camera == camera and np.array_equal(self.base_from_camera, base_from_camera)

    @cached_property
    def depth(self) -> Floats:
        """H×W: metres along the optical axis to the ground; NaN at and above the horizon."""
        across, down, ahead = map(float, self.base_from_camera[2, :3])
        x, y = self.camera.rays.astype(np.float64)
        fall = -(across * x + down * y + ahead)
        with np.errstate(divide='ignore', invalid='ignore'):
            depth = float(self.base_from_camera[2, 3]) / fall
        depth[~(fall > 1e-6)] = np.nan
        return depth.astype(np.float32)

    def occupancy(self, patch: Patch, labels: Pixels, feet: Pixels | None = None) -> Cells:
        """Tell of each cell whether something is there: rows × columns, see nav_msgs/OccupancyGrid.

        Args:
            patch: the cells; row 0 is the one farthest to the right.
            labels: H×W uint8, see cloud.LabelledDepth.
            feet: `contact` of the labels for objects that stand: they occupy where they touch the
                ground, and what they hide is unknown. None for objects that lie flat: they occupy
                all that they cover.

        """
        pixel = self._pixels(patch)
        label = labels.ravel()[pixel]
        cells = np.where(label == 0, FREE, OCCUPIED if feet is None else UNKNOWN).astype(np.int8)
        cells[(pixel < 0) | (label == UNLABELLED)] = UNKNOWN
        cells = cells.reshape(patch.rows, patch.columns)
        if feet is not None:
            cells[patch.cell_of(self._on_ground(feet))] = OCCUPIED
        return cells

    def _on_ground(self, labels: Pixels) -> Doubles:
        """N×2 metres in the base frame of the pixels of objects."""
        where = np.flatnonzero(labels)
        z = self.depth.ravel()[where].astype(np.float64)
        seen = np.isfinite(z) & (labels.ravel()[where] != UNLABELLED)
        where, z = where[seen], z[seen]
        x, y = self.camera.rays.reshape(2, -1)[:, where] * z
        points = np.stack([x, y, z], axis=1)
        base: Doubles = points @ self.base_from_camera[:2, :3].T + self.base_from_camera[:2, 3]
        return base

    def _pixels(self, patch: Patch) -> npt.NDArray[np.intp]:
        """Index into a flat image of the pixel that sees each cell's centre; -1 for none."""
        if self._seen is None or self._seen[0] != patch:
            inverse = np.linalg.inv(self.base_from_camera)
            points = patch.centres() @ inverse[:3, :3].T + inverse[:3, 3]
            pixels = self.camera.project(points)
            seen = self.camera.sees(pixels)
            x, y = np.round(np.where(seen[:, None], pixels, 0)).astype(np.intp).T
            self._seen = patch, np.where(seen, y * self.camera.width + x, -1)
        return self._seen[1]
