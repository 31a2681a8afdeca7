"""What it costs to put objects into 3-D."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from std_msgs.msg import Header

from benchmarks.report import Row
from benchmarks.rigs import scene
from benchmarks.timing import medians
from picosam_ros.mask import label_image
from picosam_ros.ros import process
from picosam_ros.ros.cloud.outputs import to_cloud, to_grid, to_markers
from picosam_ros.spatial import cloud
from picosam_ros.spatial.cloud import LabelledDepth, Range
from picosam_ros.spatial.ground import (
    Ground,
    Patch,
    camera_pose,
    contact,
)
from picosam_ros.spatial.pinhole import Pinhole

TITLE = 'Objects in 3-D, 640×480, from arrays to filled messages'
TARGET = 5.0
OBJECTS = 8

_CAMERA = Pinhole(
    scene.WIDTH, scene.HEIGHT, 525.0, 525.0, 319.5, 239.5, 'plumb_bob', (-0.28, 0.09, 0.0, 0.0, 0.0)
)
_BELIEVED = Range(0.1, 10.0)


def measure(frames: int) -> Iterator[Row]:
    """One row for each object that is published, and one for all that a costmap needs."""
    process.tune_malloc()  # as the node does
    works = {
        f'cloud of {OBJECTS} objects, depth in mm': _objects(_image(np.uint16)),
        f'cloud of {OBJECTS} objects, depth in m': _objects(_image(np.float32)),
        'cloud of an object that fills the image': _objects(_image(np.uint16, full=True)),
        'aligned cloud of every pixel': _aligned(_image(np.uint16)),
        'pose and markers': _markers(_image(np.uint16)),
        'these three: cloud, aligned cloud, pose and markers': _all(_image(np.uint16)),
        'ground: feet of objects, cloud and grid': _ground(_image(np.float32)),
    }
    _CAMERA.rays  # noqa: B018 - worked out once for a calibration
    for name, ms in zip(works, medians(list(works.values()), frames), strict=True):
        yield Row(name, ms, 'ms', TARGET)


def _image(kind: type[np.generic], *, full: bool = False) -> LabelledDepth:
    """Objects over noise as depth: no two neighbours are alike."""
    labels, confidence = label_image(scene.masks(OBJECTS, 192), scene.WIDTH, scene.HEIGHT)
    depth = np.random.default_rng(2).uniform(0.5, 5.0, labels.shape)
    return LabelledDepth(
        np.ones_like(labels) if full else labels,
        confidence,
        (depth * (1000 if kind is np.uint16 else 1)).astype(kind),
    )


def _objects(image: LabelledDepth) -> Callable[[], object]:
    return lambda: to_cloud(cloud.object_cloud(image, _CAMERA, _BELIEVED), Header())


def _aligned(image: LabelledDepth) -> Callable[[], object]:
    return lambda: to_cloud(cloud.aligned_cloud(image, _CAMERA, _BELIEVED), Header())


def _markers(image: LabelledDepth) -> Callable[[], object]:
    points = cloud.object_cloud(image, _CAMERA, _BELIEVED)
    return lambda: to_markers(cloud.measure(points, 0.02), Header())


def _all(image: LabelledDepth) -> Callable[[], object]:
    works = [make(image) for make in (_objects, _aligned, _markers)]
    return lambda: [work() for work in works]


def _ground(image: LabelledDepth) -> Callable[[], object]:
    ground, patch = Ground(_CAMERA, camera_pose(1.0, 0.4)), Patch()

    def work() -> object:
        feet = contact(image.labels)
        seen = LabelledDepth(feet, image.confidence, ground.depth)
        cells = ground.occupancy(patch, image.labels, feet)
        points = cloud.object_cloud(seen, _CAMERA, _BELIEVED)
        return to_cloud(points, Header()), to_grid(cells, patch, Header())

    return work
