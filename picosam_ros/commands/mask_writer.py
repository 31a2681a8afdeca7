"""The masks of a video as files: label images, COCO JSON, or the text of MOTS."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from picosam_ros.commands.media import write_labels
from picosam_ros.commands.outputs import check_place, write_file
from picosam_ros.errors import OutputError
from picosam_ros.mask import Mask, encode_rle, label_image

# The only class that there is: nobody told what the objects are.
CATEGORY = 1
# MOTS writes class and object as one number.
_CLASS_STEP = 1000


class MaskWriter(Protocol):
    """Takes the masks of each frame, and writes what is not written yet in `close`."""

    def write(self, number: int, masks: Sequence[Mask], width: int, height: int) -> None:
        """Add a frame, counted from 0, of width × height pixels."""

    def close(self) -> None:
        """Finish."""


def open_mask_writer(path: Path) -> MaskWriter:
    """Return the writer for a path: `.json` for COCO, `.txt` for MOTS, else a folder of PNGs.

    Raises:
        OutputError: nothing can be written there, or the folder has files in it.

    """
    suffix = path.suffix.lower()
    if suffix == '.json':
        return CocoFile(path)
    return MotsFile(path) if suffix == '.txt' else LabelFolder(path)


def frame_name(number: int) -> str:
    """Return the name of a frame's label image, which COCO's file has for the frame, too."""
    return f'{number:06d}.png'


class LabelFolder:
    """A PNG for each frame, whose values are object ids; 0 is nothing."""

    def __init__(self, path: Path) -> None:
        try:
            path.mkdir(exist_ok=True)
            used = any(path.iterdir())
        except OSError as error:
            raise OutputError(f'{path} cannot be a folder for masks: {error.strerror}') from error
        if used:
            raise OutputError(
                f'the folder {path} is not empty; give a new one, a .json file (COCO) or a .txt '
                'file (MOTS)'
            )
        self._path = path

    def write(self, number: int, masks: Sequence[Mask], width: int, height: int) -> None:
        """Write the frame's PNG."""
        labels, _ = label_image(list(masks), width, height)
        write_labels(self._path / frame_name(number), labels)

    def close(self) -> None:
        """Do nothing: all is written."""


class CocoFile:
    """COCO's instances: https://cocodataset.org/#format-data; each has its `track_id` and score.

    Masks may overlap, as they do in COCO.
    """

    def __init__(self, path: Path) -> None:
        check_place(path)
        self._path = path
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []

    def write(self, number: int, masks: Sequence[Mask], width: int, height: int) -> None:
        """Add the frame as an image, and its masks."""
        image = {'id': number, 'file_name': frame_name(number), 'width': width, 'height': height}
        self._images.append(image)
        for mask in masks:
            if mask.box is not None:
                self._annotations.append(self._annotation(mask, number))

    def close(self) -> None:
        """Write the file."""
        content = {
            'images': self._images,
            'annotations': self._annotations,
            'categories': [{'id': CATEGORY, 'name': 'object'}],
        }
        write_file(self._path, json.dumps(content).encode())

    def _annotation(self, mask: Mask, number: int) -> dict[str, Any]:
        box = mask.box
        corner = [box.x0, box.y0, box.x1 - box.x0 + 1, box.y1 - box.y0 + 1] if box else []
        return {
            'id': len(self._annotations) + 1,
            'image_id': number,
            'category_id': CATEGORY,
            'segmentation': mask.to_rle(),
            'area': mask.area,
            'bbox': corner,
            'iscrowd': 0,
            'score': round(mask.score, 4),
            'track_id': mask.prompt.object_id,
        }


class MotsFile:
    """The text of MOTS (https://www.vision.rwth-aachen.de/page/mots), for its evaluation.

    A line is: frame from 0, 1000 × class + object id, class, height, width, run lengths. There a
    pixel is of one object: the more probable one has it.
    """

    def __init__(self, path: Path) -> None:
        check_place(path)
        self._path = path
        self._lines: list[str] = []

    def write(self, number: int, masks: Sequence[Mask], width: int, height: int) -> None:
        """Add a line for each object."""
        labels, _ = label_image(list(masks), width, height)
        for mask in masks:
            object_id = mask.prompt.object_id
            inside = labels == object_id
            if inside.any():
                counts = encode_rle(inside)['counts']
                track = _CLASS_STEP * CATEGORY + object_id
                self._lines.append(f'{number} {track} {CATEGORY} {height} {width} {counts}\n')

    def close(self) -> None:
        """Write the file."""
        write_file(self._path, ''.join(self._lines).encode())
