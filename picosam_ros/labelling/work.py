"""Does one job: what a worker runs, in whatever process it lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

from picosam_ros.engines import open_engine
from picosam_ros.engines.base import Engine
from picosam_ros.errors import PromptError
from picosam_ros.labelling.job import EngineChoice, Job
from picosam_ros.labelling.labelled import to_json
from picosam_ros.labelling.labeller import Labeller
from picosam_ros.sequences import open_sequence
from picosam_ros.sequences.base import ImageSequence, SequenceImage

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
    labeller = Labeller(_engine(job.engine), job.stretches)
    with closing(open_sequence(job.path, job.topic)) as sequence:
        done = 0
        for image in _images(sequence, job):
            if stopped():
                return b''
            if not done:
                _check_key(sequence, job, image)
            _step(labeller, image, job)
            done += 1
            progress(done)
        if not done:
            _check_key(sequence, job, None)
    images = labeller.finish()
    return to_json(sorted(images[job.backwards :], key=lambda image: image.number))


def _engine(choice: EngineChoice) -> Engine:
    key = repr(choice)
    if key not in _opened:
        _opened[key] = open_engine(choice.name, **choice.options)
    return _opened[key]


def _images(sequence: ImageSequence, job: Job) -> Iterator[SequenceImage]:
    if job.backwards:
        return sequence.reversed(min(one.first for one in job.stretches), job.key + 1)
    ends = [one.end for one in job.stretches]
    known = [end for end in ends if end is not None]
    return sequence.images(job.key, max(known) if len(known) == len(ends) else None)


def _check_key(sequence: ImageSequence, job: Job, first: SequenceImage | None) -> None:
    """Raise PromptError if the image that the prompts are about could not be read."""
    if first is None or first.number != job.key:
        why = sequence.refused.get(job.key) or sequence.damage or 'there are fewer'
        raise PromptError(
            f'image {job.key} of {job.path}, which prompts are about, cannot be read: {why}; give '
            'prompts about another image, counted from 0'
        )


def _step(labeller: Labeller, image: SequenceImage, job: Job) -> None:
    try:
        labeller.step(image)
    except PromptError as error:
        raise PromptError(f'image {image.number} of {job.path}: {error}') from error
