"""The decisions about doubted images, and what becomes of their file when a program ends within."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from picosam_ros.errors import DatasetError, OutputError
from picosam_ros.labelling.decisions import Decision, Decisions
from picosam_ros.labelling.labelled import Label

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0

CUP = Label(1, 'cup', 'PPYo1', 0.75)
GONE = Label(2, 'spoon')


def accepted(image, *labels):
    return Decision('kitchen', image, True, labels or (CUP, GONE))


def rejected(image):
    return Decision('kitchen', image, False)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'decisions.jsonl'


@pytest.fixture
def opened(path):
    """Return a function that opens the file as the next program would; all are closed."""
    known = []

    def again():
        for one in known:
            one.close()
        known.append(Decisions(path))
        known[-1].open()
        return known[-1]

    yield again
    for one in known:
        one.close()


def test_of_several_decisions_about_an_image_the_last_one_counts_also_for_the_next_program(
    opened, path
):
    decisions = opened()
    decisions.add([accepted(3)])
    decisions.add([rejected(4)])
    decisions.add([rejected(3)])
    known = {('kitchen', 3): rejected(3), ('kitchen', 4): rejected(4)}
    assert decisions.by_image() == Decisions(path).by_image() == known


def test_labels_come_back_as_they_were(opened, path):
    opened().add([accepted(3)])
    [decision] = Decisions(path).by_image().values()
    assert decision.labels == (CUP, GONE)


def test_a_step_is_taken_back_with_all_of_its_decisions_and_the_one_before_counts_again(
    opened, path
):
    decisions = opened()
    decisions.add([rejected(3)])
    step = decisions.add([accepted(number) for number in (3, 4, 5)])
    assert len(decisions.of_step(step)) == 3
    decisions.undo(step)
    decisions.undo(step)
    assert decisions.by_image() == Decisions(path).by_image() == {('kitchen', 3): rejected(3)}
    assert decisions.of_step(step) == []
    assert len(path.read_text().splitlines()) == 5


def test_the_number_of_a_step_that_was_taken_back_is_not_given_again(opened):
    decisions = opened()
    decisions.undo(decisions.add([rejected(3)]))
    decisions = opened()
    assert decisions.add([rejected(4)]) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
from picosam_ros.labelling import decisions
from picosam_ros.labelling.labelled import Label

real = os.pwrite
def killed_within(descriptor, content, offset):
    real(descriptor, content[: len(content) // 2], offset)
    os.kill(os.getpid(), signal.SIGKILL)

known = decisions.Decisions(Path(sys.argv[1]))
known.open()
known.add([decisions.Decision('kitchen', 1, True, (Label(1, 'cup', 'PPYo1'),))])
os.pwrite = killed_within
known.add([decisions.Decision('kitchen', 2, True, (Label(1, 'cup', 'PPYo1' * 99),))])
"""


def test_a_program_killed_within_a_line_leaves_what_counted_and_the_next_line_is_whole(
    opened, path
):
    done = subprocess.run([sys.executable, '-c', KILLED, str(path)], cwd=ROOT, timeout=PATIENCE)
    assert done.returncode == -signal.SIGKILL
    assert not path.read_bytes().endswith(b'\n')
    assert Decisions(path).by_image().keys() == {('kitchen', 1)}
    opened().add([rejected(3)])
    assert Decisions(path).by_image().keys() == {('kitchen', 1), ('kitchen', 3)}
    assert all(map(json.loads, path.read_text().splitlines()))


def test_where_the_disk_is_full_the_decision_does_not_count_and_the_file_is_as_before(opened, path):
    decisions = opened()
    decisions.add([rejected(1)])
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, limits[1]))
    try:
        with pytest.raises(OutputError, match=r'decisions.jsonl cannot be written: file too large'):
            decisions.add([rejected(2)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert decisions.by_image().keys() == {('kitchen', 1)}
    decisions.add([rejected(3)])
    assert Decisions(path).by_image().keys() == {('kitchen', 1), ('kitchen', 3)}


def test_what_is_not_on_the_disk_does_not_count(opened, path, monkeypatch):
    decisions = opened()

    def fail(_):
        raise OSError(errno.EIO, 'Input/output error')

    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', fail)
        with pytest.raises(OutputError, match='input/output error; the decision does not count'):
            decisions.add([rejected(1)])
    assert decisions.by_image() == Decisions(path).by_image() == {}


@pytest.mark.parametrize(
    'line',
    [
        'no JSON',
        '[]',
        '{"step":1}',
        '{"step":1,"recording":"a","image":-1,"accepted":true,"labels":[]}',
        '{"step":1,"recording":"a","image":1,"accepted":"yes","labels":[]}',
        '{"step":1,"recording":"a","image":1,"accepted":true,"labels":[{"object_id":1}]}',
        '{"step":1,"recording":"a","image":1,"accepted":true,"labels":[{"object_id":0,'
        '"name":"cup","counts":"","score":0,"doubt":""}]}',
        '[' * 100_000,
        '',
        '\xff',
    ],
)
def test_a_line_in_the_middle_that_is_no_decision_is_named(path, line, opened):
    opened().add([rejected(1)])
    path.write_bytes(path.read_bytes() + line.encode('latin-1') + b'\n{"undo":1}\n')
    with pytest.raises(DatasetError, match=r'^line 2 of .*decisions.jsonl is no decision: '):
        Decisions(path)


def test_two_programs_do_not_write_at_the_same_time(opened, path):
    first = opened()
    second = Decisions(path)
    with closing(second), pytest.raises(OutputError, match='another program is writing to'):
        second.open()
    first.close()
    second = Decisions(path)
    with closing(second):
        second.open()


def test_what_another_program_wrote_before_the_file_was_opened_is_kept(opened, path):
    early = Decisions(path)
    opened().add([rejected(1)])
    late = opened()
    late.close()
    with closing(early):
        early.open()
        early.add([rejected(2)])
    assert Decisions(path).by_image().keys() == {('kitchen', 1), ('kitchen', 2)}


def test_without_a_folder_for_it_the_file_cannot_be_opened(tmp_path):
    decisions = Decisions(tmp_path / 'none' / 'decisions.jsonl')
    with pytest.raises(OutputError, match='no such file or directory'):
        decisions.open()
