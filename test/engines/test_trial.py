"""Files that nobody here knows are loaded and run in a child process first."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from helpers.endless import endless

from picosam_ros import Prompt, open_engine
from picosam_ros.engines import make_engine, trial
from picosam_ros.errors import EngineError, ModelError

PATIENCE = 30.0


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    return tmp_path / 'cache' / 'picosam_ros' / 'networks'


@pytest.fixture
def children(monkeypatch):
    """Return the children that were started."""
    started = []
    run_python = trial.run_python

    def recording(*arguments, **options):
        started.append(run_python(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(trial, 'run_python', recording)
    return started


def test_a_file_is_tried_once_and_known_by_its_hash_from_then_on(
    tiny_network, children, empty_cache
):
    model = tiny_network()
    for _ in range(2):
        with open_engine('host', model=model) as engine:
            assert len(engine.segment(np.zeros((60, 80, 3), np.uint8), [Prompt.from_point(9, 9)]))
    assert len(children) == 1
    assert len(list(empty_cache.iterdir())) == 1


def test_another_file_is_tried_again(tiny_network, children):
    for fall in (0.0, 1.0):
        with open_engine('host', model=tiny_network(fall=fall)):
            pass
    assert len(children) == 2


def test_what_ships_is_not_tried(children):
    with open_engine('host', model='picosam-lite-96'):
        pass
    assert not children


def test_where_the_cache_cannot_be_written_each_start_tries_the_file(
    tiny_network, children, empty_cache
):
    empty_cache.parent.parent.write_text('no folder')
    model = tiny_network()
    for _ in range(2):
        with open_engine('host', model=model):
            pass
    assert len(children) == 2


def test_a_network_without_an_end_is_given_up_with_a_sentence(tmp_path, children, monkeypatch):
    monkeypatch.setattr(trial, 'LIMIT_S', 3.0)
    model = endless(tmp_path / 'endless.onnx')
    with pytest.raises(ModelError, match=r'endless\.onnx was not loaded and run within 3 s.* loop'):
        make_engine('host', model=model).open()
    assert children[0].returncode == -signal.SIGKILL


def test_an_engine_that_is_being_opened_can_be_interrupted(tmp_path, children):
    engine = make_engine('host', model=endless(tmp_path / 'endless.onnx'))
    errors = []

    def open_it():
        try:
            engine.open()
        except EngineError as error:
            errors.append(str(error))

    thread = threading.Thread(target=open_it, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not children and time.monotonic() < deadline:
        thread.join(0.01)
    engine.interrupt()
    thread.join(PATIENCE)
    assert 'opening was interrupted' in errors[0]
    assert children[0].returncode == -signal.SIGKILL


def test_a_file_that_ends_its_process_is_refused_with_a_sentence(tiny_network, monkeypatch):
    run_python = trial.run_python

    def ending(*arguments, **options):
        child = run_python(*arguments, **options)
        os.kill(child.pid, signal.SIGSEGV)
        return child

    monkeypatch.setattr(trial, 'run_python', ending)
    with pytest.raises(ModelError, match=r'ended the process that tried it \(signal 11\)'):
        make_engine('host', model=tiny_network()).open()


def test_where_there_is_no_process_that_is_said(tiny_network, monkeypatch):
    def failing(*_, **__):
        raise OSError(11, 'Resource temporarily unavailable')

    monkeypatch.setattr(trial, 'run_python', failing)
    with pytest.raises(EngineError, match='no process could be started to try'):
        make_engine('host', model=tiny_network()).open()


def test_the_sentence_of_a_file_that_cannot_be_used_is_that_of_the_child(tmp_path, children):
    broken = tmp_path / 'broken.onnx'
    broken.write_bytes(b'no network')
    with pytest.raises(ModelError, match=r'broken\.onnx cannot be loaded by ONNX Runtime'):
        make_engine('host', model=str(broken)).open()
    assert len(children) == 1
