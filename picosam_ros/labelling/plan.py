"""What is asked for: recordings, prompts, the engine and the data sets."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from picosam_ros import __version__
from picosam_ros.labelling.job import EngineChoice, Job
from picosam_ros.labelling.keys import KeyPrompt, Stretch, stretches
from picosam_ros.prompt import Box, Point, Prompt

# Of a recording: it becomes a part of the names of files.
_NAME = re.compile(r'(?!\.+$)[\w.-]{1,100}')

# Bytes at either end of a file that are read to tell it from another one of its size.
_ENDS = 4096

# Raised with every change after which the same prompts may lead to other labels.
_LABELLER = 1


@dataclass(frozen=True)
class PlannedRecording:
    """A recording and its prompts.

    Attributes:
        name: unique, and fit for names of files.
        path: of the recording.
        topic: of the images; empty for the only one.
        keys: prompts.
        content: see `content_of`, when it was planned.
        images: how many it has, by its own account; 0 if that is not known.

    """

    name: str
    path: Path
    topic: str
    keys: tuple[KeyPrompt, ...]
    content: str = ''
    images: int = 0


@dataclass(frozen=True)
class Plan:
    """All that the data sets depend on, but for a person's decisions.

    Attributes:
        recordings: to be labelled.
        engine: what computes the masks.
        formats: of the data sets.
        polygons: see datasets.Contents.
        change: images that differ less from the last chosen one are left out; 0 keeps all.
        validation: share of the recordings that go into the validation split.

    """

    recordings: tuple[PlannedRecording, ...]
    engine: EngineChoice
    formats: tuple[str, ...]
    polygons: bool
    change: float
    validation: float

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, in the order of their first prompts."""
        names = (key.name for recording in self.recordings for key in recording.keys)
        return tuple(dict.fromkeys(names))

    def jobs(self) -> list[Job]:
        """Return all there is to do."""
        return [job for recording in self.recordings for job in self.jobs_of(recording)]

    def jobs_of(self, recording: PlannedRecording) -> list[Job]:
        """Return one job for each image with prompts and each direction that has images."""
        found = stretches(recording.keys)
        jobs = []
        for key in sorted({one.key.image for one in found}):
            here = tuple(one for one in found if one.key.image == key)
            jobs.append(_job(recording, self.engine, key, here, backwards=False))
            before = tuple(one for one in here if one.first < key)
            if before:
                jobs.append(_job(recording, self.engine, key, before, backwards=True))
        return jobs


def _job(
    recording: PlannedRecording,
    engine: EngineChoice,
    key: int,
    here: tuple[Stretch, ...],
    *,
    backwards: bool,
) -> Job:
    ends = [one.end for one in here]
    last = max((end for end in ends if end is not None), default=0)
    last = recording.images if None in ends else last
    images = key - min(one.first for one in here) if backwards else max(last - key, 0)
    content = {
        'labeller': [_LABELLER, __version__],
        'recording': [recording.topic, recording.content],
        'engine': [engine.name, _with_content(engine.options)],
        'stretches': [[key_to_json(one.key), one.first, one.end] for one in here],
        'backwards': backwards,
    }
    text = json.dumps(content, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    name = f'{recording.name}_{key:06d}_{"backwards" if backwards else "forwards"}_{digest}'
    return Job(name, recording.path, recording.topic, engine, here, key, backwards, images)


def content_of(path: Path) -> str:
    """Return what tells a recording from another one: of names, sizes and ends of its files.

    Raises:
        OSError: it cannot be read.

    """
    digest = hashlib.sha256()
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    for file in files:
        if not file.is_file():
            continue
        size = file.stat().st_size
        digest.update(repr((os.fsencode(file.name), size)).encode())
        with file.open('rb') as reading:
            digest.update(reading.read(_ENDS))
            reading.seek(max(size - _ENDS, 0))
            digest.update(reading.read(_ENDS))
    return digest.hexdigest()[:16]


def _with_content(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of an engine, those that are files with a hash of what is in them."""
    return {name: _file_hash(value) or value for name, value in sorted(options.items())}


def _file_hash(value: Any) -> str:
    if not isinstance(value, str) or not Path(value).is_file():
        return ''
    found = Path(value).stat()
    return _hash_of(value, found.st_size, found.st_mtime_ns)


@cache
def _hash_of(path: str, size: int, changed_ns: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def key_to_json(key: KeyPrompt) -> dict[str, Any]:
    """Return a key prompt, ready for JSON."""
    prompt = key.prompt
    box = prompt.box
    return {
        'image': key.image,
        'name': key.name,
        'id': prompt.object_id,
        'points': [[point.x, point.y, int(point.positive)] for point in prompt.points],
        'box': [box.x0, box.y0, box.x1, box.y1] if box else None,
        'roi_size': prompt.roi_size,
        'size_step': prompt.size_step,
    }


def key_from_json(given: Mapping[str, Any]) -> KeyPrompt:
    """Return what `key_to_json` wrote. Raises KeyError, TypeError, ValueError or PromptError."""
    prompt = Prompt(
        tuple(Point(x, y, bool(positive)) for x, y, positive in given['points']),
        Box(*given['box']) if given['box'] else None,
        given['id'],
        given['roi_size'],
        given['size_step'],
    )
    return KeyPrompt(given['image'], prompt, given['name'])


def plan_to_json(plan: Plan) -> bytes:
    """Return a plan as text."""
    content = {
        'recordings': [
            {
                'name': one.name,
                'path': str(one.path.absolute()),
                'topic': one.topic,
                'content': one.content,
                'images': one.images,
                'prompts': [key_to_json(key) for key in one.keys],
            }
            for one in plan.recordings
        ],
        'engine': {'name': plan.engine.name, 'options': plan.engine.options},
        'formats': list(plan.formats),
        'polygons': plan.polygons,
        'change': plan.change,
        'validation': plan.validation,
    }
    return json.dumps(content, indent=1).encode()


def plan_from_json(text: bytes) -> Plan:
    """Return what `plan_to_json` wrote. Raises KeyError, TypeError, ValueError or PromptError."""
    given = json.loads(text)
    return Plan(
        tuple(_recording(one) for one in given['recordings']),
        EngineChoice(given['engine']['name'], given['engine']['options']),
        tuple(given['formats']),
        given['polygons'],
        given['change'],
        given['validation'],
    )


def _recording(given: Mapping[str, Any]) -> PlannedRecording:
    keys: Sequence[Mapping[str, Any]] = given['prompts']
    if not _NAME.fullmatch(given['name']):
        raise ValueError(f'{given["name"]!r:.80} is no name of a recording')
    return PlannedRecording(
        given['name'],
        Path(given['path']),
        given['topic'],
        tuple(key_from_json(key) for key in keys),
        given['content'],
        given['images'],
    )
