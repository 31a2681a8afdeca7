import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from helpers.endless import endless
from helpers.harness import PATIENCE, Client, Process
from helpers.installed import executable
from helpers.rig import Rig, picture

from picosam_ros.srv import Segment

CENTRE = (150, 100)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_in_the_middle_of_work_ends_the_node_well_and_soon(red_network, number):
    with Process('segmenter', {'model': red_network}) as process:
        rig = Rig(process)
        rig.connect()
        rig.point(*CENTRE)
        for _ in range(20):
            rig.images.publish(rig.image(picture(CENTRE)))
        process.stop(number)
        rig.close()


def test_a_signal_while_everything_is_looked_for_ends_the_node_well_and_soon():
    with Process('segmenter', {'model': 'picosam-click'}) as process:
        rig = Rig(process)
        rig.connect()
        client = rig.node.create_client(Segment, f'{process.name}/segment')
        rig.wait_for(client.service_is_ready)
        rig.state()  # from here on the node knows this client, see Client.call
        image = rig.image(picture(CENTRE))
        client.call_async(Segment.Request(image=image, everything=True, budget=3600.0))
        rig.show(picture(CENTRE))  # the images take turns with it
        process.stop(signal.SIGTERM)
        rig.node.destroy_client(client)
        rig.close()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_signals_that_are_repeated_until_it_has_ended_change_nothing(number):
    with Process('segmenter') as process:
        client = Client(process)
        client.wait_for(lambda: client.node.count_services(f'{process.name}/clear_prompts'))
        client.close()
        deadline = time.monotonic() + PATIENCE
        while process.running:
            process.popen.send_signal(number)
            assert time.monotonic() < deadline, process.stderr
        assert process.wait() == 0, process.stderr


def test_a_signal_while_the_node_starts_ends_it_well_and_soon():
    with Process('segmenter', {'autostart': False}) as process:
        client = Client(process)
        # From here on the signal handlers are in place.
        client.wait_for(lambda: client.node.count_services(f'{process.name}/get_state'))
        process.stop(signal.SIGTERM)
        client.close()


def test_a_signal_while_a_camera_does_not_answer_ends_the_node_well_and_soon(
    tmp_path, monkeypatch, red_network
):
    package = tmp_path / 'picamera2'
    package.mkdir()
    asked = tmp_path / 'asked'
    (package / '__init__.py').write_text(
        'import pathlib, threading\n'
        f'pathlib.Path({str(asked)!r}).touch()\n'
        'threading.Event().wait()\n'
    )
    monkeypatch.setenv('PYTHONPATH', f'{tmp_path}{os.pathsep}{os.environ.get("PYTHONPATH", "")}')
    with Process('camera', {'camera': 'picamera', 'model': red_network}) as process:
        deadline = time.monotonic() + PATIENCE
        while not asked.exists():
            assert time.monotonic() < deadline, process.stderr
        process.stop(signal.SIGTERM)
        assert 'the program was told to end while the camera was opened' in process.stderr


def tried(path):
    """Whether a process is at the trial of a network."""
    lines = []
    for file in Path('/proc').glob('[0-9]*/cmdline'):
        try:
            lines.append(file.read_bytes())
        except OSError:  # it has ended
            continue
    return any(b'engines.trial' in line and os.fsencode(path) in line for line in lines)


@pytest.mark.parametrize(
    ('executable', 'parameters'), [('segmenter', {}), ('camera', {'camera': 'photos'})]
)
def test_a_signal_while_a_network_is_tried_that_does_not_end_ends_the_node_well_and_soon(
    tmp_path, executable, parameters
):
    model = endless(tmp_path / 'endless.onnx')
    with Process(executable, {'model': model, **parameters}) as process:
        deadline = time.monotonic() + PATIENCE
        while not tried(model):
            assert time.monotonic() < deadline, process.stderr
        process.stop(signal.SIGTERM)
        assert 'opening was interrupted' in process.stderr
        assert not tried(model)


@pytest.mark.parametrize(
    ('executable', 'parameters', 'sentence'),
    [
        ('segmenter', {'engine': 'gpu'}, "parameter 'engine' was set to 'gpu'; allowed are auto"),
        ('camera', {'rate': 30}, "'rate' to '30' of type 'INTEGER', expecting type 'DOUBLE'"),
    ],
)
def test_a_wrong_parameter_is_one_sentence_and_exit_code_1(executable, parameters, sentence):
    with Process(executable, parameters) as process:
        assert process.wait() == 1
        assert sentence in process.stderr
        assert 'Traceback' not in process.stderr


def test_a_file_of_parameters_that_is_not_there_is_one_sentence_and_exit_code_1():
    node = [str(executable('segmenter'))]
    arguments = ['--ros-args', '--params-file', '/nowhere.yaml']
    done = subprocess.run(node + arguments, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert '/nowhere.yaml' in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize('closed', ['<&-', '>&-', '2>&-', '<&- >&- 2>&-'])
@pytest.mark.parametrize('executable', ['segmenter', 'viewer'])
def test_a_node_whose_standard_streams_are_closed_works_and_ends_well(executable, closed):
    with Process(executable, redirected=closed) as process:
        client = Client(process)
        client.wait_for(lambda: client.state() == 'active')
        process.stop(signal.SIGTERM)
        client.close()
