"""Masks and depth to points of objects, and what the points say about each object.

Points are metres in the camera's optical frame (REP-103: z forward, x right, y down).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.errors import ImageError
from picosam_ros.frame import Pixels
from picosam_ros.spatial.pinhole import Floats, Pinhole

Depth = npt.NDArray[np.generic]
Points = npt.NDArray[np.void]
Triple = tuple[float, float, float]

# Sixteen bytes, so that every float lies where processors like it.
POINT = np.dtype(
    {
        'names': ['x', 'y', 'z', 'id', 'confidence'],
        'formats': ['<f4', '<f4', '<f4', 'u1', 'u1'],
        'offsets': [0, 4, 8, 12, 13],
        'itemsize': 16,
    }
)
UNLABELLED = 255

# So many points of an object are measured, evenly spread: more would not tell more.
_MEASURED = 1024


@dataclass(frozen=True)
class LabelledDepth:
    """Label, confidence and depth of every pixel.

    Attributes:
        labels: H×W uint8: 0 nothing, 255 unlabelled, else an object's id.
        confidence: H×W uint8, of the label.
        depth: H×W, along the optical axis: uint16 millimetres or float32 metres. What is not
            finite or not above 0 is unknown (REP-118).

    Raises:
        ImageError: sizes or types do not fit.

    """

    labels: Pixels
    confidence: Pixels
    depth: Depth

    def __post_init__(self) -> None:
        for name, plane in (('confidence', self.confidence), ('depth', self.depth)):
            if plane.shape != self.labels.shape:
                raise ImageError(
                    f'{name} of {_size(plane)} pixels was given for a label mask of '
                    f'{_size(self.labels)}; each pixel needs both: let the camera driver align '
                    f'them (register the depth to the colour camera)'
                )
        if self.depth.dtype.kind + str(self.depth.dtype.itemsize) not in ('u2', 'f4'):
            raise ImageError(
                f'depth of type {self.depth.dtype} was given; allowed are uint16 in millimetres '
                'and float32 in metres'
            )


@dataclass(frozen=True)
class Range:
    """A range of depths, in metres."""

    near: float = 0.0
    far: float = np.inf


@dataclass(frozen=True)
class MeasuredObject:
    """An object by its points.

    Attributes:
        object_id: 1 to 254.
        count: of its points.
        centroid: mean of the points.
        low, high: corners of the box around the points, along the axes of the frame.

    """

    object_id: int
    count: int
    centroid: Triple
    low: Triple
    high: Triple


def object_cloud(image: LabelledDepth, camera: Pinhole, depth_range: Range) -> Points:
    """Every pixel of an object whose depth is known: N of POINT, in the order of the pixels."""
    where = np.flatnonzero((image.labels - np.uint8(1)) < UNLABELLED - 1)
    xyz, known = _places(image.depth.ravel()[where], camera.rays.reshape(2, -1)[:, where])
    known &= _within(xyz[2], depth_range)
    if not known.all():
        where, xyz = where[known], xyz[:, known]
    points = np.empty(len(where), POINT)
    points['x'], points['y'], points['z'] = xyz
    points['id'] = image.labels.ravel()[where]
    points['confidence'] = image.confidence.ravel()[where]
    return points


def aligned_cloud(image: LabelledDepth, camera: Pinhole, depth_range: Range) -> Points:
    """Every pixel, also those of no object: H×W of POINT, NaN where the depth is unknown."""
    xyz, known = _places(image.depth, camera.rays)
    known &= _within(xyz[2], depth_range)
    xyz[:, ~known] = np.nan
    points = np.empty(known.shape, POINT)
    points['x'], points['y'], points['z'] = xyz
    points['id'] = image.labels
    points['confidence'] = image.confidence
    return points


def objects_without_depth(image: LabelledDepth, points: Points) -> tuple[int, ...]:
    """Return the ids of the labels that no point of `object_cloud` has, in ascending order."""
    labelled = cv2.calcHist([image.labels], [0], None, [256], [0, 256]).ravel() > 0
    labelled[[0, UNLABELLED]] = False
    labelled[points['id']] = False
    return tuple(map(int, np.flatnonzero(labelled)))


def measure(points: Points, trim: float = 0.0) -> Iterator[MeasuredObject]:
    """Measure each object of a cloud, the one with most points first.

    Args:
        points: N of POINT.
        trim: share of the points that is left out at either end of each axis, below 0.5: masks
            reach over the edges of objects, to depths that are not theirs.

    """
    ids = np.ascontiguousarray(points['id'])
    counts = np.bincount(ids, minlength=1)
    for object_id in np.argsort(-counts, kind='stable')[: np.count_nonzero(counts)]:
        own = np.flatnonzero(ids == object_id)
        sample = points[own[:: max(1, len(own) // _MEASURED)]]
        yield _measured(int(object_id), len(own), sample, trim)


def _measured(object_id: int, count: int, sample: Points, trim: float) -> MeasuredObject:
    xyz = np.stack([sample[axis] for axis in 'xyz'])
    ordered = np.sort(xyz, axis=1)
    left_out = int(trim * len(sample))
    low, high = ordered[:, left_out], ordered[:, -1 - left_out]
    rows = xyz.T
    inside = ((rows >= low) & (rows <= high)).all(axis=1)
    kept = rows[inside] if inside.any() else rows
    centroid = kept.mean(axis=0, dtype=np.float64)
    return MeasuredObject(object_id, count, _triple(centroid), _triple(low), _triple(high))


def _places(depth: Depth, rays: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return x, y, z of depths on their rays (2×…): 3×…, and which of them are a place.

    None is where the depth is not above 0, or a coordinate is not finite, as on the ray of a pixel
    for which the calibration has no answer.
    """
    xyz = np.empty((3, *depth.shape), np.float32)
    xyz[2] = depth
    if depth.dtype.kind == 'u':
        xyz[2] /= np.float32(1000)
    with np.errstate(invalid='ignore', over='ignore'):
        np.multiply(rays, xyz[2], out=xyz[:2])
    return xyz, (xyz[2] > 0) & np.isfinite(xyz).all(axis=0)


def _within(z: Floats, depth_range: Range) -> npt.NDArray[np.bool_]:
    far = min(depth_range.far, float(np.finfo(np.float32).max))
    return (z >= np.float32(depth_range.near)) & (z <= np.float32(far))


def _triple(values: npt.NDArray[np.floating]) -> Triple:
    x, y, z = map(float, values)
    return x, y, z


def _size(plane: npt.NDArray[np.generic]) -> str:
    return '×'.join(map(str, plane.shape[::-1]))
