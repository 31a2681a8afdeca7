"""Does one job: what a worker runs, in whatever process it lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing

from picosam_ros.engines import open_engine
from picosam_ros.engines.base import Engine
from picosam_ros.errors import PromptError
from picosam_ros.labelling.job import EngineChoice, Job
from picosam_ros.labelling.labelled import LabelledImage, to_json
from picosam_ros.labelling.labeller import Labeller
from picosam_ros.labelling.verifier import Verifier
from picosam_ros.sequences.base import ImageSequence, SequenceImage
from picosam_ros.sequences.open import open_sequence

# A process keeps its engine: opening one takes longer than many an image.
_opened: dict[str, Engine] = {}


def label_job(job: Job, progress: Callable[[int], None], stopped: Callable[[], bool]) -> bytes:
    """Label the images of a job.

    Args:
        job: to do.
        progress: called with the number of images done so far.
        stopped: asked before each image.

    Returns:
        The labelled images as `labelled.from_json` reads them; nothing if it was stopped.

    Raises:
        PromptError: a prompt does not fit its image, or that image cannot be read.
        PicosamError: the recording, or the network, cannot be read.

    """
    engine = _engine(job.engine)
    with closing(open_sequence(job.path, job.topic)) as sequence:
        steps = _Steps(progress, stopped)
        labeller = Labeller(engine, job.stretches)
        for image in steps.over(_there(sequence, job)):
            if not labeller.images:
                _check_key(sequence, job, image)
            _label(labeller, image, job)
        if not labeller.images and not steps.stopped:
            _check_key(sequence, job, None)
        verifier = Verifier(engine, labeller.images)
        for image in steps.over(_back(sequence, job, labeller.images)):
            verifier.step(image)
    if steps.stopped:
        return b''
    images = verifier.finish()[job.backwards :]
    return to_json(sorted(images, key=lambda image: image.number))


class _Steps:
    """Counts images, each of which is looked at twice, until it is stopped."""

    def __init__(self, progress: Callable[[int], None], stopped: Callable[[], bool]) -> None:
        self.stopped = False
        self._progress = progress
        self._ask = stopped
        self._looks = 0

    def over(self, images: Iterable[SequenceImage]) -> Iterator[SequenceImage]:
        for image in images:
            self.stopped = self.stopped or self._ask()
            if self.stopped:
                return
            yield image
            self._looks += 1
            self._progress(self._looks // 2)


def _engine(choice: EngineChoice) -> Engine:
    key = repr(choice)
    if key not in _opened:
        _opened[key] = open_engine(choice.name, **choice.options)
    return _opened[key]


def _there(sequence: ImageSequence, job: Job) -> Iterator[SequenceImage]:
    if job.backwards:
        return sequence.reversed(min(one.first for one in job.stretches), job.key + 1)
    ends = [one.end for one in job.stretches]
    known = [end for end in ends if end is not None]
    return sequence.images(job.key, max(known) if len(known) == len(ends) else None)


def _back(
    sequence: ImageSequence, job: Job, images: Sequence[LabelledImage]
) -> Iterator[SequenceImage]:
    """Return the same images, from the last one to that of the prompts."""
    if not images:
        return iter(())
    if job.backwards:
        return sequence.images(images[-1].number, job.key + 1)
    return sequence.reversed(job.key, images[-1].number + 1)


def _check_key(sequence: ImageSequence, job: Job, first: SequenceImage | None) -> None:
    """Raise PromptError if the image that the prompts are about could not be read."""
    if first is None or first.number != job.key:
        why = sequence.refused.get(job.key) or sequence.damage or 'there are fewer images'
        raise PromptError(
            f'image {job.key} of {job.path}, which prompts are about, cannot be read: {why}; give '
            'prompts about another image, counted from 0'
        )


def _label(labeller: Labeller, image: SequenceImage, job: Job) -> None:
    try:
        labeller.step(image)
    except PromptError as error:
        raise PromptError(f'image {image.number} of {job.path}: {error}') from error
