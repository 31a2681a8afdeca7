"""Whether prompts mean what was meant: where those of one object meet, so must their masks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from picosam_ros.labelling.decisions import Decision
from picosam_ros.labelling.doubts import AGREES, overlap
from picosam_ros.labelling.keys import KeyPrompt, Stretch, stretches
from picosam_ros.labelling.labelled import Label, LabelledImage

# IoU of an object's masks in neighbouring images: it moves between them.
MEETS = 0.5


ASK = 'the prompt was answered with this: is it what was meant?'
REFUSED = 'what its prompt was answered with was not meant'


def with_doubted_prompts(
    images: Sequence[LabelledImage],
    keys: Sequence[KeyPrompt],
    decisions: Mapping[int, Decision],
) -> list[LabelledImage]:
    """Return images with doubts about all that comes from prompts which may mean something else.

    Where the masks from two prompts do not meet, one of the two means something else. It is the one
    whose other neighbour does not confirm it; where that does not tell, it may be either. Of a
    prompt that no other confirms, a person is asked about its own image; who rejects that, or
    corrects it to something else, refuses all that comes from the prompt.

    Args:
        images: labelled, by number.
        keys: the prompts that led to the labels.
        decisions: a person's, by the number of the image.

    """
    numbered = {image.number: image for image in images}
    for _, group in groupby(stretches(keys), lambda one: one.key.prompt.object_id):
        for stretch, numbers, doubt in _doubts(list(group), numbered, decisions):
            for number in numbers:
                numbered[number] = _doubted(numbered[number], stretch, doubt)
    return list(numbered.values())


def _doubts(
    ordered: Sequence[Stretch],
    numbered: Mapping[int, LabelledImage],
    decisions: Mapping[int, Decision],
) -> Iterator[tuple[Stretch, Sequence[int], str]]:
    """Yield, of one object, what is in doubt: of which stretch, which images, and why."""
    meeting = [_meet(numbered, before, after) for before, after in pairwise(ordered)]
    # Of each stretch: whether the one before or the one after it confirms it.
    confirmed = [True in meeting[max(index - 1, 0) : index + 1] for index in range(len(ordered))]
    for index, met in enumerate(meeting):
        if met is not False:
            continue
        pair, sure = ordered[index : index + 2], confirmed[index : index + 2]
        doubt = (
            f'followed from image {pair[0].key.image} and from image {pair[1].key.image}, '
            'different things arrive'
        )
        for stretch, known in zip(pair, sure, strict=True):
            if sure[0] == sure[1] or not known:
                yield stretch, _within(stretch, numbered), doubt
    for stretch, known in zip(ordered, confirmed, strict=True):
        if known or (asked := numbered.get(stretch.key.image)) is None:
            continue
        if _is_refused(stretch, asked, decisions.get(asked.number)):
            yield stretch, _within(stretch, numbered), REFUSED
        else:
            yield stretch, [asked.number], ASK


def _is_refused(stretch: Stretch, asked: LabelledImage, decision: Decision | None) -> bool:
    """Whether a person does not mean what the prompt was answered with."""
    if decision is None:
        return False
    answer = _label_of(asked, stretch)
    if not decision.accepted or answer is None or not answer.counts:
        return not decision.accepted
    meant = _label_of(asked.with_labels(decision.labels), stretch)
    if meant is None or not meant.counts:
        return True
    masks = [one.to_image(asked.width, asked.height) for one in (answer, meant)]
    return overlap(*masks) < AGREES


def _meet(numbered: Mapping[int, LabelledImage], before: Stretch, after: Stretch) -> bool | None:
    """Whether an object's masks from two prompts meet; None where one of them is missing."""
    one, other = numbered.get(after.first - 1), numbered.get(after.first)
    if one is None or other is None or (one.width, one.height) != (other.width, other.height):
        return None
    labels = [_label_of(image, after) for image in (one, other)]
    masks = [one.to_image(other.width, other.height) for one in labels if one and one.counts]
    return overlap(*masks) >= MEETS if len(masks) == 2 else None


def _within(stretch: Stretch, numbers: Iterable[int]) -> list[int]:
    end = stretch.end
    return [one for one in numbers if stretch.first <= one and (end is None or one < end)]


def _label_of(image: LabelledImage, stretch: Stretch) -> Label | None:
    object_id = stretch.key.prompt.object_id
    return next((label for label in image.labels if label.object_id == object_id), None)


def _doubted(image: LabelledImage, stretch: Stretch, doubt: str) -> LabelledImage:
    label = _label_of(image, stretch)
    if label is None or label.doubt:
        return image
    return image.with_labels([label.doubted(doubt)])
