"""The text of MOTS: https://www.vision.rwth-aachen.de/page/mots, https://motchallenge.net."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from picosam_ros.datasets.base import Contents, Example
from picosam_ros.datasets.image_files import ImageFiles
from picosam_ros.datasets.label_map import label_map, visible
from picosam_ros.labelling.labelled import LabelledImage
from picosam_ros.mask import encode_rle

# A track is one number of class and object.
_CLASS_STEP = 1000
# What is not scored: the class, and the only object of it.
_IGNORED, _IGNORED_TRACK = 10, 10_000
# Where the stamps tell nothing.
_RATE = 30


class MotsFormat:
    """`SPLIT/RECORDING/` with `img1/`, `gt/gt.txt` and `seqinfo.ini`, for all images.

    A line is: frame from 1, 1000 × class + object id, class, height, width, run lengths. A pixel
    is of one object: the better score has it. An image without an answer is ignored as a whole.
    `classes.txt` has numbers and names of the classes; 10 is none, since it means: ignored.
    """

    def __init__(self, folder: Path, contents: Contents, images: ImageFiles) -> None:
        self._folder = folder
        self._contents = contents
        self._images = images
        self._sequence: _Sequence | None = None

    def add(self, example: Example) -> None:
        path = self._folder / example.split / example.recording
        if self._sequence is None or self._sequence.path != path:
            self._finish()
            self._sequence = _Sequence(path, example)
        name = f'{example.image.number + 1:06d}.jpg'
        self._images.put(example, path / 'img1' / name)
        labels = example.labels
        self._sequence.add(example, _ignored(example) if labels is None else self._lines(labels))

    def close(self) -> None:
        self._finish()
        names = (f'{self._class(name)} {name}\n' for name in self._contents.names)
        (self._folder / 'classes.txt').write_text(''.join(names), encoding='utf-8')

    def _finish(self) -> None:
        sequence, self._sequence = self._sequence, None
        if sequence is not None:
            sequence.close()

    def _lines(self, image: LabelledImage) -> list[str]:
        ids = label_map(image)
        lines = []
        for label in visible(image, ids):
            number = self._class(label.name)
            counts = encode_rle(ids == label.object_id)['counts']
            track = _CLASS_STEP * number + label.object_id
            lines.append(f'{track} {number} {image.height} {image.width} {counts}')
        return lines

    def _class(self, name: str) -> int:
        number = self._contents.class_of(name)
        return number if number < _IGNORED else number + 1


def _ignored(example: Example) -> list[str]:
    """Return the line of a region that is the whole image."""
    frame = example.image.frame
    counts = encode_rle(np.ones((frame.height, frame.width), np.bool_))['counts']
    return [f'{_IGNORED_TRACK} {_IGNORED} {frame.height} {frame.width} {counts}']


class _Sequence:
    """The open files of a recording."""

    def __init__(self, path: Path, first: Example) -> None:
        self.path = path
        self._first = self._last = (first.image.number, first.image.frame.stamp_ns)
        self._size = first.image.frame.width, first.image.frame.height
        (path / 'gt').mkdir(parents=True)
        self._file = (path / 'gt' / 'gt.txt').open('x', encoding='utf-8')

    def add(self, example: Example, lines: list[str]) -> None:
        number = example.image.number
        self._last = (number, example.image.frame.stamp_ns)
        self._file.writelines(f'{number + 1} {line}\n' for line in lines)

    def close(self) -> None:
        self._file.close()
        width, height = self._size
        text = (
            f'[Sequence]\nname={self.path.name}\nimDir=img1\nframeRate={self._rate}\n'
            f'seqLength={self._last[0] + 1}\nimWidth={width}\nimHeight={height}\nimExt=.jpg\n'
        )
        (self.path / 'seqinfo.ini').write_text(text, encoding='utf-8')

    @property
    def _rate(self) -> int:
        """Frames per second."""
        frames = self._last[0] - self._first[0]
        span_ns = self._last[1] - self._first[1]
        return max(round(1e9 * frames / span_ns), 1) if frames > 0 and span_ns > 0 else _RATE
