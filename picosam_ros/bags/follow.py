"""Follows objects through the images of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from picosam_ros import segmenter
from picosam_ros.bags.mask_bag import MaskBag
from picosam_ros.bags.messages import read_frame
from picosam_ros.bags.recording import Recorded, Recording
from picosam_ros.engines import Engine
from picosam_ros.errors import BagError, ImageError
from picosam_ros.frame import Frame
from picosam_ros.prompt import Prompt
from picosam_ros.wire.value_range import Scale, ValueScale


@dataclass
class FollowStats:
    """What became of the images so far.

    Attributes:
        images: that were segmented.
        refused: that could not be read.
        masks: that were written, those without a pixel left out.
        span_s: seconds of the recording between the first and the last of them.
        notes: sentences that the user should see.

    """

    images: int = 0
    refused: int = 0
    masks: int = 0
    span_s: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """Images that are done with."""
        return self.images + self.refused

    def figures(self, seconds: float) -> dict[str, float]:
        """Return counts and rates; `seconds` is how long it took."""
        return {
            'images': self.images,
            'refused': self.refused,
            'masks': self.masks,
            'seconds': round(seconds, 3),
            'images_per_second': round(self.seen / seconds, 2),
            'times_real_time': round(self.span_s / seconds, 2),
        }


def follow(
    recording: Recording,
    topic: str,
    engine: Engine,
    prompts: Sequence[Prompt],
    masks: MaskBag,
    scale: Scale | None = None,
) -> Iterator[FollowStats]:
    """Segment image by image and write the masks; yields at the beginning and after each image.

    Args:
        recording: holds the images.
        topic: theirs.
        engine: opened by the caller.
        prompts: about the first image that can be read.
        masks: what is written to.
        scale: takes 16 bits a value to 8; None takes the range that the images use.

    Raises:
        PromptError: a prompt does not fit that image, or the engine.
        BagError: not one image could be read, or the masks cannot be written.

    """
    stats = FollowStats(notes=list(recording.notes))
    yield stats
    recorded: list[Recorded] = []
    images = recording.images(topic)
    frames = _frames(images, recorded, stats, scale or ValueScale())
    first_ns = None
    for result in segmenter.follow(engine, prompts, frames):
        at_ns = recorded.pop().at_ns
        masks.write(result, at_ns)
        first_ns = at_ns if first_ns is None else first_ns
        stats.span_s = (at_ns - first_ns) / 1e9
        stats.images += 1
        stats.masks += sum(not mask.empty for mask in result.masks)
        stats.notes += [
            f'object {answer.object_id} is lost at image {stats.seen}: {answer.reason}'
            for answer in result.lost
        ]
        yield stats
    if not stats.images:
        raise BagError(_nothing_read(recording, topic, stats))
    if stats.refused:
        yield stats


def _nothing_read(recording: Recording, topic: str, stats: FollowStats) -> str:
    told = stats.notes[len(recording.notes) :]
    why = '; '.join((*told[:1], *filter(None, [recording.damage])))
    if not stats.refused and not why:
        return f'{topic} of {recording.path} has no message; record it again, or name another topic'
    what = f'not one of the {stats.refused} images of {topic}' if stats.refused else topic
    return f'{what} of {recording.path} could be read, so there are no masks: {why}'


def _frames(
    images: Iterable[Recorded], recorded: list[Recorded], stats: FollowStats, scale: Scale
) -> Iterator[Frame]:
    """Yield the images that can be read, each put into `recorded` before; count the others."""
    for message in images:
        try:
            frame = read_frame(message.serialised, message.kind, scale)
        except ImageError as error:
            if not stats.refused:
                stats.notes.append(f'image {stats.seen + 1} is left out: {error}')
            stats.refused += 1
            continue
        recorded.append(message)
        yield frame
