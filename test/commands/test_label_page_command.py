"""`picosam label --page` as a user runs it: prompts over HTTP, and then a data set."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from helpers.recorded import centre, record

pytest.importorskip('aiohttp', reason='the page needs aiohttp: pip install aiohttp')
pytest.importorskip('pycocotools', reason='data sets are written with pycocotools')

from picosam_ros.cli import main

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
COMMAND = (sys.executable, '-m', 'picosam_ros', 'label')


@pytest.fixture
def start(tmp_path, tiny_network):
    """Return a function that starts the command; it is ended with the test."""
    running = []
    network = tiny_network()
    recordings = [record(tmp_path / name, images=6) for name in ('kitchen', 'garden')]

    def begin(*arguments):
        given = ['--page', '--port', '0', '--json', '--model', network, '--change', '0']
        outputs = ['--processes', '1', '-o', str(tmp_path / 'out')]
        process = subprocess.Popen(
            [*COMMAND, *map(str, recordings), *given, *outputs, *arguments],
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        return process, json.loads(line)['url']

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def ask(url, content=None):
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(url, body, {'Content-Type': 'application/json'})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


def on_disc(image=2, everywhere=True):
    x, y = centre(image)
    return {
        'recording': 'kitchen',
        'image': image,
        'object': 0,
        'name': 'disc',
        'points': [{'x': x, 'y': y}],
        'everywhere': everywhere,
    }


def test_prompts_of_the_page_lead_to_a_data_set_and_the_same_without_the_page(
    start, tmp_path, capfd
):
    process, url = start()
    assert ask(f'{url}state')['title'] == 'out'
    assert ask(f'{url}prompt', on_disc())['label']['outline']
    prompts = tmp_path / 'out' / 'labels' / 'prompts.yaml'
    assert f'--prompts {prompts}' in ask(f'{url}label', {})['advice']
    printed, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told
    report = json.loads(printed)
    # A person is asked about the image of the only prompt, in each of the two recordings.
    assert (report['images'], report['unanswered'], report['labels']) == (12, 2, {'disc': 10})
    arguments = [word for word in process.args[4:] if word != '--page']
    assert main(['label', *arguments, '--prompts', str(prompts)]) == 0
    assert json.loads(capfd.readouterr().out)['labelled_now'] == 0


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_an_end_before_that_keeps_the_prompts_for_the_next_start(start, number, tmp_path):
    process, url = start()
    ask(f'{url}prompt', on_disc())
    process.send_signal(number)
    printed, told = process.communicate(timeout=PATIENCE)
    assert (process.returncode, printed) == (130, '')
    assert 'keeps the prompts: the same command shows them again' in told
    assert not (tmp_path / 'out' / 'coco').exists()
    _, url = start()
    assert [one['name'] for one in ask(f'{url}state')['objects']] == ['disc']


def test_a_kill_loses_no_prompt(start):
    process, url = start()
    ask(f'{url}prompt', on_disc())
    process.kill()
    process.wait(PATIENCE)
    _, url = start()
    assert len(ask(f'{url}state')['objects']) == 1


def test_while_the_page_is_there_the_folder_is_in_use(start, tmp_path):
    start()
    done = subprocess.run(
        [*COMMAND, str(tmp_path / 'kitchen'), '--page', '-o', str(tmp_path / 'out')],
        cwd=ROOT,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert 'is in use by another "picosam label" or "picosam review"' in done.stderr


@pytest.mark.parametrize('given', [[], ['--page', '--point', '1,2']])
def test_prompts_in_no_way_or_in_two_are_a_usage_error_that_names_the_page(tmp_path, capsys, given):
    recording, out = str(tmp_path / 'film.avi'), str(tmp_path / 'out')
    with pytest.raises(SystemExit, match='2'):
        main(['label', recording, '-o', out, *given])
    told = capsys.readouterr().err
    assert 'give prompts in one way' in told
    assert '--page' in told
