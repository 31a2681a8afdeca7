import errno
import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers.examples import CONTENTS, disc, example, examples, label

from picosam_ros.datasets import image_files, mots, voc
from picosam_ros.datasets.formats import FORMATS
from picosam_ros.datasets.write import check_formats, write_dataset
from picosam_ros.errors import BagError, OutputError

ALL = tuple(FORMATS)


def write(out, formats=ALL, made=None, stopped=lambda: False):
    made = examples() if made is None else made
    return write_dataset(out, formats, CONTENTS, made, stopped=stopped)


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


def other():
    """Return examples that differ from the usual ones in every format."""
    return [example(5, [label(disc(50, 50, 20))])]


def test_all_formats_are_there_and_the_counts_are_right(tmp_path):
    written = write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(ALL)
    assert written.images == {'train': 9, 'val': 2}
    assert written.labels == {'cup': 10, 'spoon': 1}
    assert (written.same, written.unanswered, written.total) == (1, 1, 11)


def test_the_same_examples_give_the_same_bytes(tmp_path):
    write(tmp_path / 'a')
    write(tmp_path / 'b')
    assert content(tmp_path / 'a') == content(tmp_path / 'b')
    before = content(tmp_path / 'a')
    write(tmp_path / 'a')
    assert content(tmp_path / 'a') == before


@pytest.mark.parametrize('check', [write_dataset, check_formats])
@pytest.mark.parametrize('place', ['coco', 'picosam_datasets.part'])
def test_a_recording_where_data_sets_are_written_is_refused_and_stays(tmp_path, check, place):
    recording = tmp_path / place / 'deep' / 'film.mp4'
    recording.parent.mkdir(parents=True)
    recording.write_bytes(b'precious')
    contents = replace(CONTENTS, recordings={'one': recording})
    more = () if check is check_formats else (examples(),)
    stopped = {} if check is check_formats else {'stopped': lambda: False}
    with pytest.raises(OutputError, match=f'the recording {recording} lies in'):
        check(tmp_path, ['coco'], contents, *more, **stopped)
    assert recording.read_bytes() == b'precious'


def test_a_new_data_set_replaces_the_old_one_and_no_other(tmp_path):
    write(tmp_path, ['coco', 'mots'])
    (tmp_path / 'notes.txt').write_text('mine')
    kept = content(tmp_path / 'mots')
    write(tmp_path, ['coco'], other())
    assert [path.name for path in (tmp_path / 'coco' / 'images').iterdir()] == ['one_000005.jpg']
    assert content(tmp_path / 'mots') == kept
    assert {path.name for path in tmp_path.iterdir()} == {'coco', 'mots', 'notes.txt'}


@pytest.mark.parametrize(
    'error', [OutputError('no room'), BagError('unreadable'), KeyboardInterrupt(), ValueError()]
)
def test_an_error_among_the_examples_leaves_all_as_it_was(tmp_path, error):
    def breaking():
        yield from other()
        raise error

    write(tmp_path)
    before = content(tmp_path)
    with pytest.raises(type(error)):
        write(tmp_path, made=breaking())
    assert content(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} == set(ALL)


def test_a_file_that_the_system_does_not_take_leaves_all_as_it_was_and_is_told(tmp_path):
    write(tmp_path)
    before = content(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OutputError, match='coco cannot be written: file too large'):
            write(tmp_path, made=other())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert content(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} == set(ALL)


def test_an_error_in_what_is_written_last_leaves_all_as_it_was_and_is_told(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write(tmp_path)
    before = content(tmp_path)
    monkeypatch.setattr(voc, '_write_lines', full)
    with pytest.raises(OutputError, match='voc cannot be written: no space left on device'):
        write(tmp_path, made=other())
    assert content(tmp_path) == before


def test_a_mask_without_pixels_is_in_no_format(tmp_path):
    empty = label(np.zeros_like(disc(0, 0, 1)), 2)
    write(tmp_path / 'with', ['coco', 'yolo', 'voc', 'mots'], [example(0, [empty])])
    write(tmp_path / 'without', ['coco', 'yolo', 'voc', 'mots'], [example(0, [])])
    assert content(tmp_path / 'with') == content(tmp_path / 'without')


def test_an_error_at_the_very_end_leaves_all_as_it_was(tmp_path, monkeypatch):
    write(tmp_path)
    before = content(tmp_path)
    rename = Path.rename

    def renamed(path, target):
        if path.parent.name == 'new' and path.name == 'voc':
            raise OSError(errno.EIO, 'no such luck')
        return rename(path, target)

    monkeypatch.setattr(Path, 'rename', renamed)
    with pytest.raises(OutputError, match='no such luck'):
        write(tmp_path, made=other())
    assert content(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} == set(ALL)


def test_when_it_is_stopped_all_is_as_it_was(tmp_path):
    write(tmp_path)
    before = content(tmp_path)
    answers = iter([False, False, True])
    assert write(tmp_path, stopped=lambda: next(answers)) is None
    assert content(tmp_path) == before


def test_after_a_kill_the_old_is_there_and_the_next_one_writes_the_same_bytes(tmp_path):
    killed = (
        'import os, signal, sys\n'
        'from pathlib import Path\n'
        'from helpers.examples import CONTENTS, examples\n'
        'from picosam_ros.datasets.write import write_dataset\n'
        'def breaking():\n'
        '    yield from examples()\n'
        '    os.kill(os.getpid(), signal.SIGKILL)\n'
        f'write_dataset(Path(sys.argv[1]), {ALL!r}, CONTENTS, breaking(), stopped=lambda: False)\n'
    )
    write(tmp_path / 'out', made=other())
    before = content(tmp_path / 'out')
    command = [sys.executable, '-c', killed, str(tmp_path / 'out')]
    env = {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)}
    assert subprocess.run(command, env=env, timeout=60).returncode == -signal.SIGKILL
    assert {**content(tmp_path / 'out'), **before} == content(tmp_path / 'out')
    write(tmp_path / 'out')
    write(tmp_path / 'clean')
    assert content(tmp_path / 'out') == content(tmp_path / 'clean')


def test_what_a_killed_process_had_taken_away_is_put_back_and_the_rest_removed(tmp_path):
    write(tmp_path, ['coco', 'voc'])
    before = content(tmp_path)
    part = tmp_path / 'picosam_datasets.part'
    (part / 'old').mkdir(parents=True)
    (part / 'new' / 'coco' / 'images').mkdir(parents=True)
    (tmp_path / 'coco').rename(part / 'old' / 'coco')
    write(tmp_path, ['mots'])
    assert not part.exists()
    assert {**content(tmp_path), **before} == content(tmp_path)


def test_a_folder_that_somebody_else_made_is_not_replaced(tmp_path):
    (tmp_path / 'bag').mkdir()
    (tmp_path / 'bag' / 'bag_0.mcap').write_bytes(b'precious')
    with pytest.raises(OutputError, match='"picosam label" did not write it'):
        write(tmp_path)
    assert content(tmp_path) == {'bag/bag_0.mcap': b'precious'}
    assert [path.name for path in tmp_path.iterdir()] == ['bag']


def test_an_unknown_format_is_told_with_those_there_are(tmp_path):
    with pytest.raises(OutputError, match=r"format 'cocoo' was given \(did you mean 'coco'\?\)"):
        write(tmp_path, ['cocoo'])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_permission_is_told(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='out cannot be written: not a directory'):
        write(tmp_path / 'file' / 'out')


def test_an_image_is_stored_once_for_all_formats(tmp_path):
    write(tmp_path, ['coco', 'yolo', 'voc', 'mots'])
    paths = [path for path in tmp_path.rglob('*.jpg') if 'one' in str(path)]
    assert len(paths) == 4 * 9
    assert len({path.stat().st_ino for path in paths}) == 9


def test_without_second_names_for_files_each_format_has_a_copy(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.EPERM, 'this disk has none')

    write(tmp_path / 'linked', ['coco', 'mots'])
    monkeypatch.setattr(image_files.os, 'link', refused)
    write(tmp_path / 'copied', ['coco', 'mots'])
    assert content(tmp_path / 'copied') == content(tmp_path / 'linked')


def test_a_jpeg_of_the_recording_is_stored_as_it_is(tmp_path):
    made = example(0, [])
    _, jpeg = cv2.imencode('.jpg', np.zeros((120, 160, 3), np.uint8))
    given = example(0, [], jpeg=jpeg.tobytes())
    write(tmp_path / 'a', ['coco'], [given])
    write(tmp_path / 'b', ['coco'], [made])
    name = Path('coco', 'images', 'one_000000.jpg')
    assert (tmp_path / 'a' / name).read_bytes() == jpeg.tobytes()
    read = cv2.cvtColor(cv2.imread(str(tmp_path / 'b' / name)), cv2.COLOR_BGR2RGB)
    assert np.abs(read.astype(int) - made.image.frame.pixels).mean() < 6


def test_files_are_closed_after_an_error(tmp_path, monkeypatch):
    files = []
    opened = mots._Sequence.__init__

    def remember(self, *arguments):
        opened(self, *arguments)
        files.append(self._file)

    monkeypatch.setattr(mots._Sequence, '__init__', remember)

    def breaking():
        yield from examples()
        raise OutputError('no room')

    with pytest.raises(OutputError, match='no room'):
        write(tmp_path, made=breaking())
    assert len(files) == 2
    assert all(file.closed for file in files)
