"""Writes data sets: whatever happens, of each format the old or the new one is there, and whole."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from picosam_ros.datasets.base import Contents, Example, Format, Written
from picosam_ros.datasets.formats import FORMATS
from picosam_ros.datasets.image_files import ImageFiles
from picosam_ros.errors import OutputError

# In each folder that we write, so that we replace no other one.
MARK = 'picosam.txt'
_MARK_TEXT = (
    'A data set in the format {name}, written by "picosam label". The next time it replaces this '
    'whole folder: copy what you change.\n'
)
# Beside the data sets, while they are written.
PART, _NEW, _OLD = 'picosam_datasets.part', 'new', 'old'


def write_dataset(
    out: Path,
    formats: Sequence[str],
    contents: Contents,
    examples: Iterable[Example],
    *,
    stopped: Callable[[], bool],
) -> Written | None:
    """Write examples into a folder for each format, which replaces one that we wrote before.

    A killed process loses nothing, either: the next one to write puts back what it took away. One
    at a time may write into `out`. The same examples give the same bytes.

    Args:
        out: the folder for them, with whatever else; it is made where it is missing.
        formats: names, of FORMATS. Data sets of others stay.
        contents: what the examples are about.
        examples: all of a recording one after another, by their numbers.
        stopped: asked before each example.

    Returns:
        how much was written; None if it was stopped, and all is as it was.

    Raises:
        OutputError: it cannot be written, a folder there is none that we wrote, or a package is
            missing. All is as it was.
        PicosamError: of the examples, likewise.

    """
    names = tuple(dict.fromkeys(formats))
    _check_apart(contents, [out / name for name in (*names, PART)])
    with _part_folder(out, names) as part:
        tally = _Tally()
        with _opened(part / _NEW, names, contents) as opened:
            for example in examples:
                if stopped():
                    return None
                for name, form in opened.items():
                    with _told(out / name):
                        form.add(example)
                tally.add(example)
            for name, form in opened.items():
                with _told(out / name):
                    form.close()
        with _told(out):
            _exchange(part, out, names)
    return tally.written


def check_formats(out: Path, formats: Sequence[str], contents: Contents) -> None:
    """Find out before hours of labelling whether data sets can be written.

    Raises:
        OutputError: as `write_dataset` would.

    """
    names = tuple(dict.fromkeys(formats))
    _check_apart(contents, [out / name for name in (*names, PART)])
    with _part_folder(out, names) as part, _opened(part / _NEW, names, contents):
        pass


class _Tally:
    """Counts what is written."""

    def __init__(self) -> None:
        self._images: Counter[str] = Counter()
        self._labels: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    def add(self, example: Example) -> None:
        if example.labels is None:
            self._left_out['unanswered'] += 1
        elif not example.chosen:
            self._left_out['same'] += 1
        else:
            self._images[example.split] += 1
            self._labels.update(label.name for label in example.labels.seen)

    @property
    def written(self) -> Written:
        same, unanswered = self._left_out['same'], self._left_out['unanswered']
        return Written(dict(self._images), dict(self._labels), same, unanswered)


@contextmanager
def _part_folder(out: Path, names: Sequence[str]) -> Iterator[Path]:
    """Give a folder for what is new and what is old; in the end there is none."""
    part = out / PART
    with _told(out):
        out.mkdir(parents=True, exist_ok=True)
        if part.is_symlink():  # nobody's but ours, and we make no links
            part.unlink()
        _clear(part, out)
        for name in names:
            _check_ours(out / name)
    try:
        with _told(out):
            _make(part, names)
        yield part
    finally:
        with _told(out):
            _clear(part, out)


def _make(part: Path, names: Sequence[str]) -> None:
    """Make a folder for each new data set, and one for the old ones."""
    for name in names:
        folder = part / _NEW / name
        folder.mkdir(parents=True)
        (folder / MARK).write_text(_MARK_TEXT.format(name=name), encoding='utf-8')
    (part / _OLD).mkdir(parents=True)


@contextmanager
def _opened(folder: Path, names: Sequence[str], contents: Contents) -> Iterator[dict[str, Format]]:
    """Give the formats; after an error, close their files."""
    images = ImageFiles()
    opened: dict[str, Format] = {}
    try:
        for name in names:
            options = {'folder': folder / name, 'contents': contents, 'images': images}
            opened[name] = FORMATS.make(name, options)
        yield opened
    finally:
        for form in opened.values():
            with suppress(Exception):  # an error there was told
                form.close()


def _exchange(part: Path, out: Path, names: Sequence[str]) -> None:
    """Put what is new in the place of what is old; after an error nothing: _clear puts back."""
    with ExitStack() as undo:
        for name in names:
            new, place = part / _NEW / name, out / name
            if os.path.lexists(place):
                place.rename(part / _OLD / name)
            new.rename(place)
            undo.callback(place.rename, new)
        undo.pop_all()


def _clear(part: Path, out: Path) -> None:
    """Remove a part folder; what was taken away for something new that never came is put back."""
    old = part / _OLD
    for path in old.iterdir() if old.is_dir() else ():
        if not os.path.lexists(out / path.name):
            path.rename(out / path.name)
    shutil.rmtree(part, ignore_errors=True)


def _check_apart(contents: Contents, places: Sequence[Path]) -> None:
    """Raise OutputError if a data set would replace a recording that it is made of."""
    for path in contents.recordings.values():
        for place in places:
            if path.resolve().is_relative_to(place.resolve()):
                raise OutputError(
                    f'the recording {path} lies in {place}, which is replaced: give another folder '
                    'for the data sets'
                )


def _check_ours(place: Path) -> None:
    """Raise OutputError if a data set here would replace something that is none of ours."""
    if not os.path.lexists(place) or (place / MARK).is_file():
        return
    if not place.is_dir() or any(place.iterdir()):
        raise OutputError(
            f'{place} is there, and "picosam label" did not write it (it has no {MARK}): give '
            'another folder for the data sets, or rename that one'
        )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f'{path} cannot be written: {reason}') from error
