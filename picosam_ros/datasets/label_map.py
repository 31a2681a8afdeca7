"""All labels of an image in one, where a pixel is of one object."""

from __future__ import annotations

import numpy as np

from picosam_ros.frame import Pixels
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.mask import painting_order


def label_map(image: LabelledImage) -> Pixels:
    """Return height × width uint8 of object ids; 0 is nothing.

    Where objects overlap the better score has the pixel, of equal ones the first.
    """
    ids = np.zeros((image.height, image.width), np.uint8)
    for label in painting_order(image.seen):
        ids[label.to_image(image.width, image.height) > 0] = label.object_id
    return ids


def visible(image: LabelledImage, ids: Pixels) -> list[Label]:
    """Return the labels that have a pixel in the map."""
    there = set(np.unique(ids).tolist())
    return [label for label in image.labels if label.object_id in there]
