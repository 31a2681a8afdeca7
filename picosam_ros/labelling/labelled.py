"""The labels of images: what the labeller makes, a person reviews, and data sets hold."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from picosam_ros.evaluation.coco_masks import decode_rle
from picosam_ros.frame import Pixels


@dataclass(frozen=True)
class Label:
    """One object in one image.

    Attributes:
        object_id: 1 to 254, the same in all images of a recording.
        name: of its class.
        counts: its mask as COCO's compressed run lengths; empty if the object is not seen.
        score: 0 to 1, see Mask.score.
        doubt: why a person should look at it; empty if nobody need.

    """

    object_id: int
    name: str
    counts: str = ''
    score: float = 0.0
    doubt: str = ''

    def doubted(self, doubt: str) -> Label:
        """Return it with another doubt."""
        return replace(self, doubt=doubt)

    def to_image(self, width: int, height: int) -> Pixels:
        """Return its mask as height × width uint8: 1 on the object, else 0; it must have one."""
        return decode_rle({'size': [height, width], 'counts': self.counts})


@dataclass(frozen=True)
class LabelledImage:
    """All objects that were asked for in one image.

    Attributes:
        number: of the image in its sequence.
        stamp_ns: of its frame.
        width, height: in pixels.
        labels: one for each object, ordered by id.

    """

    number: int
    stamp_ns: int
    width: int
    height: int
    labels: tuple[Label, ...]

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why a person should look at the image, one sentence for each object that is in doubt."""
        return tuple(f'{one.name} {one.object_id}: {one.doubt}' for one in self.labels if one.doubt)

    @property
    def seen(self) -> tuple[Label, ...]:
        """The objects that have a mask."""
        return tuple(one for one in self.labels if one.counts)

    def with_labels(self, labels: Iterable[Label]) -> LabelledImage:
        """Return it with further labels; of two for one object the later one counts."""
        merged = {one.object_id: one for one in (*self.labels, *labels)}
        return replace(self, labels=tuple(merged[key] for key in sorted(merged)))


def to_json(images: Iterable[LabelledImage]) -> bytes:
    """Return images as text: the same for the same labels."""
    text = json.dumps([asdict(one) for one in images], separators=(',', ':'))
    return text.encode()


def from_json(text: bytes) -> list[LabelledImage]:
    """Return the images that `to_json` wrote. Raises ValueError, KeyError or TypeError."""
    return [
        LabelledImage(**{**image, 'labels': tuple(Label(**label) for label in image['labels'])})
        for image in json.loads(text)
    ]
