"""A folder of labels: what was asked for, what is done, and what a person decided."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from picosam_ros.errors import OutputError, PicosamError
from picosam_ros.files.replace import replace_file
from picosam_ros.labelling.decisions import Decision, Decisions
from picosam_ros.labelling.job import Job
from picosam_ros.labelling.labelled import Label, LabelledImage, from_json
from picosam_ros.labelling.plan import Plan, PlannedRecording, plan_from_json, plan_to_json
from picosam_ros.labelling.prompt_doubts import with_doubted_prompts

# What the wrong JSON leads to.
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)

# Beside the data sets.
_FOLDER, _PLAN, _DECISIONS, _LOCK = 'labels', 'plan.json', 'decisions.jsonl', 'lock'
_PROMPTS = 'prompts.yaml'


class Project:
    """An open folder; made by `create_project` and `open_project`.

    Attributes:
        out: the folder of the data sets.
        plan: what was asked for.
        decisions: a person's.

    """

    def __init__(self, out: Path, plan: Plan) -> None:
        self.out = out
        self.plan = plan
        self._folder = out / _FOLDER
        self.decisions = Decisions(self._folder / _DECISIONS)

    def open_jobs(self) -> list[Job]:
        """Return what is not done yet."""
        return [job for job in self.plan.jobs() if not self._result_of(job).is_file()]

    def keep(self, job: Job, result: bytes) -> None:
        """Keep the result of a job; whatever happens, there is all of it or nothing.

        Raises:
            OutputError: it cannot be written.

        """
        _write(self._result_of(job), result)

    def labelled(self, recording: PlannedRecording) -> list[LabelledImage]:
        """Return the labelled images of a recording, by number, with their doubts.

        A person's decisions count only where they raise doubts about other images.

        Raises:
            OutputError: a result is missing or damaged.

        """
        images: dict[int, LabelledImage] = {}
        for job in self.plan.jobs_of(recording):
            for image in self._read(job):
                known = images.get(image.number)
                images[image.number] = known.with_labels(image.labels) if known else image
        ordered = [images[number] for number in sorted(images)]
        return with_doubted_prompts(ordered, recording.keys, self.decisions_about(recording))

    def decisions_about(self, recording: PlannedRecording) -> dict[int, Decision]:
        """Return a person's decisions about the images of a recording, by number.

        Those that were made about other objects than the plan has are left out.
        """
        objects = [Label(key.prompt.object_id, key.name) for key in recording.keys]
        return {
            image: one
            for (name, image), one in self.decisions.by_image().items()
            if name == recording.name and one.is_about(objects)
        }

    def count_decisions(self, recording: PlannedRecording) -> int:
        """Return how many decisions there are about a recording, whatever objects it had."""
        return sum(name == recording.name for name, _ in self.decisions.by_image())

    def _result_of(self, job: Job) -> Path:
        return self._folder / 'results' / f'{job.id}.json'

    def _read(self, job: Job) -> list[LabelledImage]:
        path = self._result_of(job)
        try:
            return from_json(path.read_bytes())
        except FileNotFoundError as error:
            raise OutputError(
                f'{job.path} is not labelled to its end; run the same "picosam label" again'
            ) from error
        except (OSError, *_DAMAGED) as error:
            raise OutputError(
                f'{path} cannot be read ({error}); remove the file, and run the same '
                '"picosam label" again'
            ) from error


def prompts_of(out: Path) -> Path:
    """Return where the prompts of a page are kept."""
    return out / _FOLDER / _PROMPTS


@contextmanager
def create_project(out: Path, plan: Plan) -> Iterator[Project]:
    """Open a folder for a plan; results that an earlier plan has in common with it are kept.

    Raises:
        OutputError: it cannot be written, or another process uses it.

    """
    with locked(out, create=True):
        path = out / _FOLDER / _PLAN
        before = _read_plan(path) if path.exists() else None
        _remove_parts(out / _FOLDER)
        project = Project(out, plan)
        if before is not None:
            _forget_others(project.decisions, before, plan)
        _write(path, plan_to_json(plan))
        yield project


@contextmanager
def open_project(out: Path) -> Iterator[Project]:
    """Open a folder that `picosam label` made.

    Raises:
        OutputError: it is none, is damaged, or another process uses it.

    """
    path = out / _FOLDER / _PLAN
    if not path.is_file():
        raise OutputError(f'{out} holds no labels ({path} is missing); make some: picosam label')
    with locked(out, create=False):
        yield Project(out, _read_plan(path))


@contextmanager
def locked(out: Path, *, create: bool) -> Iterator[None]:
    """Keep other programs from a folder of labels, which is made if that is wanted.

    Raises:
        OutputError: it cannot be written, or another process uses it.

    """
    folder = out / _FOLDER
    try:
        if create:
            (folder / 'results').mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise OutputError(f'{folder} cannot be written: {error.strerror or error}') from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(
                f'{out} is in use by another "picosam label" or "picosam review"; end that first, '
                'or give another folder'
            ) from error
        yield
    finally:
        os.close(descriptor)


def _read_plan(path: Path) -> Plan:
    try:
        return plan_from_json(path.read_bytes())
    except (OSError, *_DAMAGED, PicosamError) as error:
        raise OutputError(
            f'{path} is damaged, or not from "picosam label" of this release ({error}); move it '
            'away, and run "picosam label" with the same arguments again'
        ) from error


def _forget_others(decisions: Decisions, before: Plan, now: Plan) -> None:
    """Forget what was decided about recordings whose names others have now."""
    contents = {recording.name: recording.content for recording in before.recordings}
    others = [
        recording.name
        for recording in now.recordings
        if contents.get(recording.name, recording.content) != recording.content
    ]
    if others:
        decisions.open()
        try:
            for name in others:
                decisions.forget(name)
        finally:
            decisions.close()


def _remove_parts(folder: Path) -> None:
    """Remove what a process that was killed has left."""
    for path in (*folder.glob('picosam_*.part*'), *folder.glob('results/picosam_*.part*')):
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    try:
        replace_file(path, content)
    except OSError as error:
        raise OutputError(f'{path} cannot be written: {error.strerror or error}') from error
