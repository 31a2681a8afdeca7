import json
from functools import partial
from inspect import signature

import cv2
import numpy as np
import pytest
from helpers.square_video import write_video

from picosam_ros.cameras.picamera.imx500 import Imx500Camera
from picosam_ros.cli import main
from picosam_ros.commands.sensor_check import SETTLE_FRAMES, advise
from picosam_ros.commands.sensor_measure import Probe, ProbeProcess, SensorReport
from picosam_ros.latency import Percentiles

TIMES = Percentiles(1.0, 2.0, 3.0)
GOOD = {
    'frames': 200,
    'rate': 30.0,
    'tensor_share': 1.0,
    'dnn_ms': TIMES,
    'dsp_ms': TIMES,
    'changes': 16,
    'clear_changes': 16,
    'roi_settle_frames': 3,
    'refused_rois': 0,
    'refusal': '',
    'wall_clock': True,
    'clock_offset_ms': 0.0,
    'age_ms': TIMES,
}


def advice(**found):
    return list(advise(SensorReport(**GOOD | found), 30.0))


def test_the_default_that_it_compares_with_is_the_cameras():
    default = signature(Imx500Camera).parameters['roi_settle_frames'].default
    assert default == SETTLE_FRAMES


@pytest.mark.parametrize(
    ('frames', 'said'),
    [
        (1, 'Set roi_settle_frames:=1: masks come 2 frames sooner than with the default.'),
        (2, 'Set roi_settle_frames:=2: masks come 1 frame sooner than with the default.'),
        (3, 'Set roi_settle_frames:=3: which is the default.'),
        (5, 'Set roi_settle_frames:=5: the default, 3, would publish masks of one object'),
        (None, 'No change of the ROI shows in the outputs: point the camera at a scene'),
    ],
)
def test_it_says_what_to_set(frames, said):
    [sentence] = advice(roi_settle_frames=frames)
    assert sentence.startswith(said)


@pytest.mark.parametrize(
    ('found', 'said'),
    [
        (
            {'tensor_share': 0.5},
            '50% of the frames had a tensor: with fallback_policy:=fill_gaps the host',
        ),
        ({'refused_rois': 2, 'refusal': 'so it was'}, '2 of 16 ROIs were refused; the last time'),
        ({'rate': 12.0}, 'The rate is 12.0 Hz; 30 Hz was requested.'),
        ({'clock_offset_ms': -40.0}, 'FrameWallClock and SensorTimestamp differ by -40.0 ms'),
    ],
)
def test_it_says_what_is_wrong(found, said):
    _, sentence = advice(**found)
    assert sentence.startswith(said)


def test_a_sensor_without_tensors_is_reported_as_such():
    [sentence] = advice(tensor_share=0.0, roi_settle_frames=None)
    assert sentence.startswith('No frame had a tensor: the network does not seem to run')


# The command

# A busy machine may take its time over a frame.
PATIENCE = 60.0


@pytest.fixture
def patient(monkeypatch):
    """Let the command wait for frames and for answers of the camera's process."""
    probe = partial(ProbeProcess, stall_seconds=PATIENCE)
    monkeypatch.setattr('picosam_ros.commands.sensor_measure.ProbeProcess', probe)
    monkeypatch.setattr('picosam_ros.commands.sensor_measure.FRAME_S', PATIENCE)
    monkeypatch.setattr('picosam_ros.cameras.process.camera.CALL_S', PATIENCE)


@pytest.mark.usefixtures('patient')
def test_the_command_prints_what_it_found_as_json(tiny_network, tmp_path, capsys):
    squares = np.random.default_rng(1).integers(0, 2, (6, 8, 3), np.uint8) * 255
    squares = cv2.resize(squares, (640, 480), interpolation=cv2.INTER_NEAREST)
    cv2.imwrite(str(tmp_path / 'squares.png'), squares)
    arguments = ['sensor-check', '--simulate', '--sensor-network', tiny_network(), '--json']
    arguments += ['--source', str(tmp_path)]
    assert main([*arguments, '--changes', '5', '--faults', 'roi_lag=2']) == 0
    report = json.loads(capsys.readouterr().out)
    assert report['changes'] == 5
    # On the true clock a machine that is late makes frames late, too.
    assert report['roi_settle_frames'] >= 2
    assert report['advice'][0].startswith('Set roi_settle_frames:=')


@pytest.mark.usefixtures('patient')
def test_the_table_ends_with_the_sentences_and_failing_is_reported_by_the_exit_code(
    tiny_network, capsys
):
    arguments = ['sensor-check', '--simulate', '--sensor-network', tiny_network()]
    assert main([*arguments, '--changes', '1', '--faults', 'refuse_roi=1']) == 1
    printed = capsys.readouterr()
    assert 'frames per second' in printed.out
    assert 'ROI settles after     not measured' in printed.out
    assert '→ 1 of 1 ROIs were refused' in printed.out
    assert 'Unable to set ROI' not in printed.out


@pytest.mark.parametrize('kind', ['photos', 'video'])
def test_the_simulated_sensor_sees_a_scene_that_keeps_still(kind, tiny_network, tmp_path):
    """As the command asks of a real one: where the scene moves, no output tells the ROI."""
    source = '' if kind == 'photos' else str(write_video(tmp_path / 'video.avi'))
    options = {'source': source, 'sensor_network': tiny_network(), 'rate': 30.0, 'frame_id': ''}
    camera = Probe(simulate=True, stall_seconds=PATIENCE, **options)
    camera.open()
    seen = [camera.read(timeout=PATIENCE).pixels for _ in range(5)]
    camera.close()
    assert all(np.array_equal(image, seen[0]) for image in seen)


def test_after_a_failed_start_it_says_how_long_to_wait(tiny_network, capsys):
    arguments = ['sensor-check', '--simulate', '--sensor-network', tiny_network()]
    assert main([*arguments, '--faults', 'failing_starts=1']) == 1
    assert 'wait 8 s before you try again' in capsys.readouterr().err


def test_without_a_network_file_it_says_how_to_make_one(capsys):
    assert main(['sensor-check']) == 1
    assert 'imx500-package' in capsys.readouterr().err


def test_a_fault_that_there_is_not_is_refused_with_those_that_there_are(capsys):
    assert main(['sensor-check', '--simulate', '--faults', 'hope=1']) == 1
    assert 'roi_lag' in capsys.readouterr().err
