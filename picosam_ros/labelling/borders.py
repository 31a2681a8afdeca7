"""Whether the prompts of one object mean the same: where their images meet, so must their masks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from picosam_ros.labelling.doubts import overlap
from picosam_ros.labelling.keys import KeyPrompt, Stretch, stretches
from picosam_ros.labelling.labelled import Label, LabelledImage

# IoU of an object's masks in neighbouring images: it moves between them.
MEETS = 0.5


def with_doubted_borders(
    images: Sequence[LabelledImage], keys: Sequence[KeyPrompt]
) -> list[LabelledImage]:
    """Return images with doubts about all that comes from a prompt which its neighbours refute.

    Where the masks from two prompts do not meet, one of the two means something else. It is the one
    whose other neighbour does not confirm it; where that does not tell, it may be either.

    Args:
        images: labelled, by number.
        keys: the prompts that led to the labels.

    """
    numbered = {image.number: image for image in images}
    for object_id, group in groupby(stretches(keys), lambda one: one.key.prompt.object_id):
        for stretch, doubt in _refuted(list(group), numbered):
            for number in _within(stretch, numbered):
                numbered[number] = _doubted(numbered[number], object_id, doubt)
    return list(numbered.values())


def _refuted(
    ordered: Sequence[Stretch], numbered: Mapping[int, LabelledImage]
) -> Iterator[tuple[Stretch, str]]:
    """Yield the stretches of one object that are in doubt, with the reason."""
    meeting = [_meet(numbered, before, after) for before, after in pairwise(ordered)]
    # Of each stretch: whether the one before and the one after it confirm it.
    confirmed = [True in meeting[max(index - 1, 0) : index + 1] for index in range(len(ordered))]
    for index, met in enumerate(meeting):
        if met is not False:
            continue
        pair = ordered[index], ordered[index + 1]
        doubt = (
            f'followed from image {pair[0].key.image} and from image {pair[1].key.image}, '
            'different things arrive'
        )
        sure = confirmed[index : index + 2]
        both = sure[0] == sure[1]
        yield from (
            (one, doubt) for one, known in zip(pair, sure, strict=True) if both or not known
        )


def _meet(numbered: Mapping[int, LabelledImage], before: Stretch, after: Stretch) -> bool | None:
    """Whether an object's masks from two prompts meet; None where one of them is missing."""
    object_id, border = after.key.prompt.object_id, after.first
    one, other = numbered.get(border - 1), numbered.get(border)
    if one is None or other is None or (one.width, one.height) != (other.width, other.height):
        return None
    labels = [_label_of(image, object_id) for image in (one, other)]
    masks = [one.to_image(other.width, other.height) for one in labels if one and one.counts]
    return overlap(*masks) >= MEETS if len(masks) == 2 else None


def _within(stretch: Stretch, numbers: Iterable[int]) -> list[int]:
    end = stretch.end
    return [one for one in numbers if stretch.first <= one and (end is None or one < end)]


def _label_of(image: LabelledImage, object_id: int) -> Label | None:
    return next((label for label in image.labels if label.object_id == object_id), None)


def _doubted(image: LabelledImage, object_id: int, doubt: str) -> LabelledImage:
    label = _label_of(image, object_id)
    if label is None or label.doubt:
        return image
    return image.with_labels([label.doubted(doubt)])
