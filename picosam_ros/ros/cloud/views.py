"""Where the depth of pixels comes from: an image, or the ground."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, cast

import numpy as np
from rclpy.node import Node

from picosam_ros.errors import CalibrationError, ImageError
from picosam_ros.frame import Pixels
from picosam_ros.ros.parameters import Parameters
from picosam_ros.ros.transforms import Transforms
from picosam_ros.spatial.cloud import UNLABELLED, Depth, LabelledDepth
from picosam_ros.spatial.ground import (
    Cells,
    Ground,
    Patch,
    camera_pose,
    contact,
)
from picosam_ros.spatial.pinhole import Doubles, Pinhole
from picosam_ros.wire.images import BYTES, DEPTHS, RawImage, to_plane

# A transform may come a little later than the images that it is wanted for.
_TF_TIMEOUT_S = 0.1


@dataclass(frozen=True)
class Seen:
    """What one moment's images show.

    Attributes:
        objects: from which the points of objects are taken.
        everything: from which every pixel's point is taken.
        grid: makes the cells, where there is a grid.
        patch: that the cells cover.

    """

    objects: LabelledDepth
    everything: LabelledDepth
    grid: Callable[[], Cells] | None = None
    patch: Patch = field(default_factory=Patch)


class View(Protocol):
    """Reads the images of one moment."""

    @property
    def inputs(self) -> Sequence[str]:
        """The topics."""

    def look(self, images: Sequence[RawImage], camera: Pinhole, camera_frame: str) -> Seen:
        """Check that all belong together, and read them; raises PicosamError."""

    def destroy(self) -> None:
        """Take topics away."""


class DepthView:
    """Depth is an image that is aligned with the label mask."""

    inputs = ('label_mask', 'confidence', 'depth')

    def __init__(self, node: Node, parameters: Parameters) -> None:
        pass

    def look(self, images: Sequence[RawImage], camera: Pinhole, camera_frame: str) -> Seen:
        """See View."""
        labels, confidence, depth = images
        _check_frames({**_frames(labels, confidence), 'depth': depth.frame_id}, camera_frame)
        _check_size(labels, camera)
        image = _image(labels, confidence, _named('depth', depth, DEPTHS))
        return Seen(image, image)

    def destroy(self) -> None:
        """See View."""


class GroundView:
    """Depth is that of a flat ground, seen from a camera whose place is known."""

    inputs = ('label_mask', 'confidence')

    def __init__(self, node: Node, parameters: Parameters) -> None:
        self._parameters = parameters
        self._transforms = Transforms(node)
        self._ground: Ground | None = None

    def look(self, images: Sequence[RawImage], camera: Pinhole, camera_frame: str) -> Seen:
        """See View."""
        labels, confidence = images
        _check_frames(_frames(labels, confidence), camera_frame)
        _check_size(labels, camera)
        ground = self._ground_of(camera, self._pose(labels))
        everything = _image(labels, confidence, ground.depth)
        objects, feet = everything, None
        if self._parameters['standing']:
            # The pixels above the lowest see the ground behind the object: they are not its.
            feet = contact(everything.labels)
            hidden = (everything.labels != feet) & (everything.labels < UNLABELLED)
            depth = np.where(hidden, np.float32(np.nan), ground.depth)
            objects = replace(everything, labels=feet)
            everything = replace(everything, depth=depth)
        patch = self._patch()
        seen = everything.labels
        return Seen(objects, everything, lambda: ground.occupancy(patch, seen, feet), patch)

    def destroy(self) -> None:
        """See View."""
        self._transforms.destroy()

    def _patch(self) -> Patch:
        names = ('grid_length', 'grid_width', 'grid_resolution')
        return Patch(*(self._parameters[name] for name in names))

    def _ground_of(self, camera: Pinhole, pose: Doubles) -> Ground:
        if self._ground is None or not self._ground.is_for(camera, pose):
            self._ground = Ground(camera, pose)
        return self._ground

    def _pose(self, labels: RawImage) -> Doubles:
        height = self._parameters['camera_height']
        if height:
            return camera_pose(height, self._parameters['camera_pitch'])
        try:
            return self._transforms.lookup(
                self._parameters['base_frame'],
                labels.frame_id,
                labels.stamp_ns,
                timeout_s=_TF_TIMEOUT_S,
            )
        except CalibrationError as error:
            raise CalibrationError(
                f'{error}; or tell where the camera is by camera_height and camera_pitch'
            ) from error


VIEWS: dict[str, Callable[[Node, Parameters], View]] = {'depth': DepthView, 'ground': GroundView}


def _image(labels: RawImage, confidence: RawImage, depth: Depth) -> LabelledDepth:
    planes = (_named('label_mask', labels, BYTES), _named('confidence', confidence, BYTES))
    return LabelledDepth(cast(Pixels, planes[0]), cast(Pixels, planes[1]), depth)


def _named(name: str, image: RawImage, encodings: dict[str, str]) -> Depth:
    try:
        return to_plane(image, encodings)
    except ImageError as error:
        raise ImageError(f'{name}: {error}') from error


def _frames(labels: RawImage, confidence: RawImage) -> dict[str, str]:
    return {'label_mask': labels.frame_id, 'confidence': confidence.frame_id}


def _check_frames(frames: dict[str, str], camera_frame: str) -> None:
    """All are in the frame of the label mask, and that has a name."""
    own = frames['label_mask']
    if not own:
        raise ImageError(
            'label_mask has no frame id, so its points would be nowhere: let the camera driver '
            'name its optical frame'
        )
    for name, frame_id in {**frames, 'camera_info': camera_frame}.items():
        if frame_id != own:
            raise ImageError(
                f'{name} is in frame {frame_id!r}, label_mask in {own!r}; both must be in the '
                'optical frame of one camera: register the depth to the colour camera, and check '
                'the remaps'
            )


def _check_size(labels: RawImage, camera: Pinhole) -> None:
    """Before anything is computed for every pixel of the camera, of which there may be many."""
    if (camera.width, camera.height) != (labels.width, labels.height):
        raise ImageError(
            f'label_mask has {labels.width}×{labels.height} pixels, camera_info is for '
            f'{camera.width}×{camera.height}; both must be of one camera and size: check the remaps'
        )
