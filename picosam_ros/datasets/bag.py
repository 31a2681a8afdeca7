"""Labels as recordings: the messages that a node `segmenter` publishes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from picosam_ros.bags.messages import MASKS, typestore
from picosam_ros.bags.new_bag import NewBag
from picosam_ros.datasets.base import Contents, Example
from picosam_ros.datasets.image_files import ImageFiles
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.roi import Roi
from picosam_ros.wire.messages import serialise_masks

TOPIC = '/segmenter/masks'


class BagFormat:
    """A rosbag2 for each recording, with a MaskArray for each image that has labels.

    Each is recorded when its image was, under its header; ros2 bag play takes both together. In
    place of an engine, a mask has 'label ' and the name of its class. A recording of sqlite3 gets
    one, too; all others get mcap. The bytes depend on the releases of rosbags and of SQLite.
    """

    def __init__(self, folder: Path, contents: Contents, images: ImageFiles) -> None:
        typestore()  # now, for its error where rosbags is missing
        del images
        self._folder = folder
        self._contents = contents
        self._bag: NewBag | None = None

    def add(self, example: Example) -> None:
        if example.labels is None:
            return
        path = self._folder / example.recording
        if self._bag is None or self._bag.path != path:
            self.close()
            storage = storage_of(self._contents.recordings[example.recording])
            self._bag = NewBag(path, storage, {TOPIC: MASKS})
        masks = [mask_of(label, example.labels) for label in example.labels.labels]
        message = serialise_masks(example.image.frame, masks, ())
        self._bag.put(TOPIC, example.image.recorded_ns, message)

    def close(self) -> None:
        bag, self._bag = self._bag, None
        if bag is not None:
            with bag:
                pass


def storage_of(recording: Path) -> str:
    """Return 'sqlite3' for a rosbag2 that is stored so, by its files' names; else 'mcap'."""
    files = recording.glob('*.db3*') if recording.is_dir() else [recording]
    return 'sqlite3' if any('.db3' in path.suffixes for path in files) else 'mcap'


def mask_of(label: Label, image: LabelledImage) -> Mask:
    """Return the mask of a label, pixel for pixel; an object that is not seen has an empty one."""
    logits, roi = np.full((1, 1), -1, np.float32), Roi(0, 0, 1, 1)
    if label.counts:
        pixels = label.to_image(image.width, image.height)
        x, y, width, height = cv2.boundingRect(pixels)
        if width:
            roi = Roi(x, y, width, height)
            inside = np.ascontiguousarray(pixels[y : y + height, x : x + width])
            logits = np.where(inside, np.float32(1), np.float32(-1))
    return Mask(
        prompt=Prompt.from_point(roi.x, roi.y, object_id=label.object_id),
        logits=logits,
        roi=roi,
        image_width=image.width,
        image_height=image.height,
        engine=f'label {label.name}',
        score=label.score,
    )
