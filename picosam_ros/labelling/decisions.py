"""What people decided about doubted images: a file of JSON lines that only grows.

A line is a decision, or takes back a step: the decisions that were made at once. Each step is on
the disk before it counts. A line without its end was being written when the program was killed or
the disk was full; it counts for nothing, and the next step is written over it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from picosam_ros.errors import DatasetError, OutputError
from picosam_ros.labelling.labelled import Label
from picosam_ros.prompt import FIRST_ID, LAST_ID

Key = tuple[str, int]

_MODE = 0o666  # less the umask


@dataclass(frozen=True)
class Decision:
    """What somebody decided about an image.

    Attributes:
        recording: its name.
        image: number of the image in it.
        accepted: whether the image is used.
        labels: those that count, of an image that is used; one without a mask says that the object
            is not in the image.

    """

    recording: str
    image: int
    accepted: bool
    labels: tuple[Label, ...] = ()

    @property
    def key(self) -> Key:
        """Recording and number of the image."""
        return self.recording, self.image

    def is_about(self, labels: Iterable[Label]) -> bool:
        """Whether it is about none but these objects: other prompts may have come meanwhile."""
        known = {(label.object_id, label.name) for label in labels}
        return all((label.object_id, label.name) in known for label in self.labels)


class Decisions:
    """The decisions of a file, of which there may be none yet.

    Args:
        path: of the file. It is only read, unless `open` is called.

    Raises:
        DatasetError: a line cannot be read; the sentence names it.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._steps: dict[int, list[Decision]] = {}
        self._newest = 0
        # Of what can be read, in bytes.
        self._end = 0
        self._descriptor = -1
        self._read()

    @property
    def steps(self) -> Sequence[int]:
        """Numbers of the steps that count, from the first on."""
        return list(self._steps)

    def by_image(self) -> dict[Key, Decision]:
        """Return the decision that counts, the last one, of each image that has one."""
        return {one.key: one for step in self._steps.values() for one in step}

    def of_step(self, step: int) -> Sequence[Decision]:
        """Return the decisions of a step; none if it does not count."""
        return list(self._steps.get(step, ()))

    def open(self) -> None:
        """Open the file to write into it; nobody else may at the same time.

        Raises:
            DatasetError: a line that came meanwhile cannot be read.
            OutputError: the file cannot be written, or another program has it open.

        """
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _sync_folder(self._path.parent)
        except BlockingIOError as error:
            self.close()
            raise OutputError(
                f'another program is writing to {self._path}; use the page that it serves, or '
                'end it'
            ) from error
        except OSError as error:
            self.close()
            raise self._not_written(error) from error
        self._read()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def add(self, decisions: Sequence[Decision]) -> int:
        """Add decisions as one step, and return its number once all are on the disk.

        Raises:
            OutputError: they cannot be written; none of them counts.

        """
        step = self._newest + 1
        self._append([{'step': step, **asdict(one)} for one in decisions])
        self._newest = step
        self._steps[step] = list(decisions)
        return step

    def forget(self, recording: str) -> None:
        """Let no decision about a recording count any more: another one has its name now.

        Raises:
            OutputError: it cannot be written; they count as before.

        """
        self._append([{'forget': recording}])
        self._forget(recording)

    def undo(self, step: int) -> None:
        """Take a step back, for good; one that does not count is left alone.

        Raises:
            OutputError: it cannot be written; the step counts as before.

        """
        if step in self._steps:
            self._append([{'undo': step}])
            del self._steps[step]

    def _forget(self, recording: str) -> None:
        for step, decisions in list(self._steps.items()):
            kept = [one for one in decisions if one.recording != recording]
            if kept:
                self._steps[step] = kept
            else:
                del self._steps[step]

    def _append(self, lines: Sequence[Mapping[str, Any]]) -> None:
        content = ''.join(json.dumps(one, separators=(',', ':')) + '\n' for one in lines).encode()
        try:
            _write_at(self._descriptor, content, self._end)
            # What is left of a longer line that has no end.
            os.ftruncate(self._descriptor, self._end + len(content))
            os.fsync(self._descriptor)
        except OSError as error:
            self._cut()
            raise self._not_written(error) from error
        self._end += len(content)

    def _cut(self) -> None:
        """Leave nothing of what counts for nothing, where that is possible."""
        try:
            os.ftruncate(self._descriptor, self._end)
        except OSError:  # the next step is written over it
            return

    def _read(self) -> None:
        self._steps, self._newest = {}, 0
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            content = b''
        except OSError as error:
            raise DatasetError(f'{self._path} cannot be read: {_reason(error)}') from error
        self._end = content.rfind(b'\n') + 1
        for number, line in enumerate(content[: self._end].splitlines(), 1):
            try:
                self._take(line)
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
                raise DatasetError(
                    f'line {number} of {self._path} is no decision: {_shown(line)}; remove the '
                    'line, or get the file back from a copy'
                ) from error

    def _take(self, line: bytes) -> None:
        given = json.loads(line)
        if 'undo' in given:
            self._steps.pop(given['undo'], None)
            return
        if 'forget' in given:
            self._forget(_text(given['forget']))
            return
        step, decision = _whole(given['step'], 1), _decision(given)
        self._steps.setdefault(step, []).append(decision)
        self._newest = max(self._newest, step)

    def _not_written(self, error: OSError) -> OutputError:
        return OutputError(
            f'{self._path} cannot be written: {_reason(error)}; the decision does not count'
        )


def _decision(given: Mapping[str, Any]) -> Decision:
    labels = tuple(_label(one) for one in given['labels'])
    accepted = given['accepted']
    if not isinstance(accepted, bool):
        raise TypeError(accepted)
    return Decision(_text(given['recording']), _whole(given['image'], 0), accepted, labels)


def _label(given: Mapping[str, Any]) -> Label:
    texts = {name: _text(given[name]) for name in ('name', 'counts', 'doubt')}
    number = _whole(given['object_id'], FIRST_ID, LAST_ID)
    return Label(number, score=float(given['score']), **texts)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _whole(value: Any, least: int, most: int = 2**53) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(value)
    return value


def _write_at(descriptor: int, content: bytes, offset: int) -> None:
    rest = memoryview(content)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written


def _sync_folder(path: Path) -> None:
    """Let the name of a new file outlast a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _shown(line: bytes) -> str:
    text = ascii(line.decode('utf-8', 'replace'))
    return text if len(text) <= 60 else f'{text[:57]}...'


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
