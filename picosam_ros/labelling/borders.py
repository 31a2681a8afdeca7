"""Whether the prompts of one object mean the same: where their images meet, so must their masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from picosam_ros.labelling.doubts import overlap
from picosam_ros.labelling.keys import KeyPrompt, Stretch, stretches
from picosam_ros.labelling.labelled import Label, LabelledImage

# IoU of an object's masks in neighbouring images: it moves between them.
MEETS = 0.5


def with_doubted_borders(
    images: Sequence[LabelledImage], keys: Sequence[KeyPrompt]
) -> list[LabelledImage]:
    """Return images with doubts wherever two prompts of an object lead to different masks.

    Args:
        images: labelled, by number.
        keys: the prompts that led to the labels.

    """
    numbered = {image.number: image for image in images}
    for before, after in _neighbours(keys):
        assert before.end is not None
        object_id = before.key.prompt.object_id
        if _meet(numbered, before.end, object_id):
            continue
        between = range(before.key.image, after.key.image + 1)
        doubt = (
            f'followed from image {before.key.image} and from image {after.key.image}, '
            'different things arrive'
        )
        for number in between:
            if number in numbered:
                numbered[number] = _doubted(numbered[number], object_id, doubt)
    return list(numbered.values())


def _neighbours(keys: Sequence[KeyPrompt]) -> Iterator[tuple[Stretch, Stretch]]:
    for before, after in pairwise(stretches(keys)):
        if before.key.prompt.object_id == after.key.prompt.object_id:
            yield before, after


def _meet(numbered: Mapping[int, LabelledImage], border: int, object_id: int) -> bool:
    """Whether an object's masks before and at a border are alike; where one is missing, yes."""
    one, other = numbered.get(border - 1), numbered.get(border)
    if one is None or other is None or (one.width, one.height) != (other.width, other.height):
        return True
    labels = [_label_of(image, object_id) for image in (one, other)]
    masks = [one.to_image(other.width, other.height) for one in labels if one and one.counts]
    return len(masks) < 2 or overlap(*masks) >= MEETS


def _label_of(image: LabelledImage, object_id: int) -> Label | None:
    return next((label for label in image.labels if label.object_id == object_id), None)


def _doubted(image: LabelledImage, object_id: int, doubt: str) -> LabelledImage:
    label = _label_of(image, object_id)
    if label is None or label.doubt:
        return image
    return image.with_labels([label.doubted(doubt)])
