"""`picosam review` as a user runs it, on what `picosam label` made of a film."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip('aiohttp', reason='the page needs aiohttp: pip install aiohttp')
pytest.importorskip('pycocotools', reason='data sets are written with pycocotools')

from picosam_ros.cli import main

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
IMAGES, SEEN = 8, 5


@pytest.fixture
def film(tmp_path):
    """Return the path of a film of a red disc, which is gone in the last images."""
    path = tmp_path / 'film.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 10.0, (160, 120))
    for number in range(IMAGES):
        bgr = np.full((120, 160, 3), 40, np.uint8)
        if number < SEEN:
            cv2.circle(bgr, (60 + 4 * number, 60), 16, (0, 0, 255), -1)
        writer.write(bgr)
    writer.release()
    return path


@pytest.fixture
def labelled(film, tmp_path, tiny_network, capfd):
    """Return the folder of the labelled film, and what was told of it."""
    out = tmp_path / 'out'
    given = ['--point', '60,60', '--model', tiny_network(), '--processes', '1', '--change', '0']
    assert main(['label', str(film), *given, '-o', str(out), '--json']) == 0
    report = json.loads(capfd.readouterr().out)
    assert report['unanswered'] >= 2
    return out, report


@pytest.fixture
def review():
    """Return a function that runs the command; it is ended with the test."""
    running = []

    def start(out):
        process = subprocess.Popen(
            [sys.executable, '-m', 'picosam_ros', 'review', str(out), '--port', '0', '--json'],
            env=os.environ,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        return process, json.loads(line)['url']

    yield start
    for process in running:
        process.kill()
        process.communicate()


def ask(url, content=None):
    body = None if content is None else json.dumps(content).encode()
    headers = {'Content-Type': 'application/json'}
    with urllib.request.urlopen(
        urllib.request.Request(url, body, headers), timeout=PATIENCE
    ) as answer:
        return json.load(answer)


def end(process, number):
    process.send_signal(number)
    printed, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told
    return printed


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_what_is_answered_on_the_page_is_in_the_data_sets_when_it_ends(labelled, review, number):
    out, report = labelled
    process, url = review(out)
    state = ask(f'{url}state')
    assert (state['title'], len(state['images'])) == ('out', report['unanswered'])
    [name], [_, image] = state['recordings'], state['images'][0]
    doubts = ask(f'{url}labels/{name}/{image}')['doubts']
    assert doubts
    assert all(doubt.startswith('object 1: ') for doubt in doubts)
    with urllib.request.urlopen(f'{url}image/{name}/{image}.jpg', timeout=PATIENCE) as answer:
        assert cv2.imdecode(np.frombuffer(answer.read(), np.uint8), 1).shape == (120, 160, 3)
    answer = {'recording': name, 'number': image, 'accepted': True}
    ask(f'{url}decision', answer | {'labels': [{'object': 1, 'counts': ''}]})
    written = json.loads(end(process, number))
    assert sum(written['examples'].values()) == sum(report['examples'].values()) + 1
    assert written['unanswered'] == report['unanswered'] - 1


def test_without_an_answer_the_data_sets_stay_as_they_are(labelled, review):
    out, _ = labelled
    before = {path: path.stat().st_mtime_ns for path in out.rglob('*') if path.is_file()}
    process, _ = review(out)
    assert end(process, signal.SIGTERM) == ''
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_answers_outlive_a_kill(labelled, review):
    out, _ = labelled
    process, url = review(out)
    state = ask(f'{url}state')
    [name], [_, image] = state['recordings'], state['images'][0]
    ask(f'{url}decision', {'recording': name, 'number': image, 'accepted': False})
    process.kill()
    process.wait(PATIENCE)
    process, url = review(out)
    assert ask(f'{url}state')['answers'] == [[0, 'rejected']]
    end(process, signal.SIGTERM)


def test_while_it_runs_the_folder_is_in_use(labelled, review):
    out, _ = labelled
    review(out)
    done = run(out)
    assert done.returncode == 1
    assert 'is in use by another "picosam label" or "picosam review"' in done.stderr


def test_a_folder_without_labels_is_one_sentence(tmp_path):
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (1, '')
    assert 'holds no labels' in done.stderr
    assert done.stderr.count('\n') == 1


def run(*arguments):
    return subprocess.run(
        [sys.executable, '-m', 'picosam_ros', 'review', *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
