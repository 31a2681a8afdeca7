import threading

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from helpers.calibrated import CALIBRATION
from helpers.scripted import ScriptedCamera

from picosam_ros.errors import CameraError, EndOfStream
from picosam_ros.frame import Frame
from picosam_ros.ros.camera import capture as module
from picosam_ros.ros.camera.capture import Capture
from picosam_ros.spatial.calibration import write_calibration

PATIENCE = 30.0


def frame(number):
    return Frame(np.full((4, 6, 3), number, np.uint8), stamp_ns=number, frame_id='lens')


class Delivered:
    """Frames, and a way to wait for them."""

    def __init__(self):
        self.frames = []
        self._changed = threading.Condition()

    def __call__(self, frame):
        with self._changed:
            self.frames.append(frame)
            self._changed.notify()

    def wait_for(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.frames) >= count, PATIENCE)


@pytest.fixture
def delivered():
    return Delivered()


@pytest.fixture
def camera():
    return ScriptedCamera()


@pytest.fixture
def capture(node, camera, delivered):
    capture = Capture(node, camera, delivered)
    yield capture
    capture.stop()
    capture.close()


def test_every_frame_is_handed_on_in_order(capture, camera, delivered):
    frames = [frame(number) for number in range(20)]
    for each in frames:
        camera.script.put(each)
    capture.start()
    delivered.wait_for(20)
    assert delivered.frames == frames


def test_a_camera_that_fails_is_closed_and_opened_again(capture, camera, delivered, monkeypatch):
    monkeypatch.setattr(module, '_FIRST_BACKOFF', 0.001)
    for happens in (frame(1), CameraError('unplugged'), CameraError('still away'), frame(2)):
        camera.script.put(happens)
    capture.start()
    delivered.wait_for(2)
    capture.stop()
    assert camera.calls.count('close') == 2
    after = camera.calls[camera.calls.index('close') + 1 :]
    assert after[0] == 'open'
    assert capture.status().values['frames'] == 2
    assert capture.status().values['reopened'] == 2


def test_an_error_that_is_over_before_the_next_report_is_told_once(
    capture, camera, delivered, monkeypatch
):
    monkeypatch.setattr(module, '_FIRST_BACKOFF', 0.001)
    camera.script.put(CameraError('unplugged'))
    camera.script.put(frame(1))
    capture.start()
    delivered.wait_for(1)
    capture.stop()
    first, second = capture.status(), capture.status()
    assert (first.level, second.level != first.level) == (DiagnosticStatus.ERROR, True)
    assert first.message.startswith('unplugged; next try in ')


def test_a_camera_that_is_away_is_an_error_with_the_time_of_the_next_try(
    capture, camera, monkeypatch
):
    told = threading.Event()
    monkeypatch.setattr(capture._stopping, 'wait', lambda _: told.set())
    monkeypatch.setattr(module, '_FIRST_BACKOFF', 0.5)
    monkeypatch.setattr(camera, 'open', lambda: camera.script.put(CameraError('unplugged')))
    capture.start()
    assert told.wait(PATIENCE)
    status = capture.status()
    assert status.level == DiagnosticStatus.ERROR
    assert status.message.startswith('unplugged; next try in ')
    assert status.values['camera'] == 'scripted'
    assert status.values['source'] == 'a script'


def test_the_pause_between_tries_doubles_up_to_its_limit(capture, camera, monkeypatch):
    pauses = []

    def wait(seconds):
        pauses.append(seconds)
        if len(pauses) == 8:
            capture._stopping.set()
            enough.set()

    enough = threading.Event()
    monkeypatch.setattr(capture._stopping, 'wait', wait)
    for _ in range(8):
        camera.script.put(CameraError('unplugged'))
    capture.start()
    assert enough.wait(PATIENCE)
    limit = module._LAST_BACKOFF
    assert pauses == [min(0.5 * 2**number, limit) for number in range(8)]


def test_a_frame_brings_the_pause_back_to_the_first(capture, camera, delivered, monkeypatch):
    pauses = []
    monkeypatch.setattr(capture._stopping, 'wait', pauses.append)
    for happens in (*[CameraError('away')] * 3, frame(1), CameraError('away'), frame(2)):
        camera.script.put(happens)
    capture.start()
    delivered.wait_for(2)
    assert pauses == [0.5, 1.0, 2.0, 0.5]


def test_the_end_of_a_source_is_no_fault(capture, camera, delivered):
    camera.script.put(frame(1))
    camera.script.put(EndOfStream('film.mp4 is through'))
    capture.start()
    delivered.wait_for(1)
    capture._thread.join(PATIENCE)
    assert not capture._thread.is_alive()
    status = capture.status()
    assert (status.level, status.message) == (DiagnosticStatus.OK, 'film.mp4 is through')


def test_a_capture_that_was_stopped_reads_no_more_and_can_start_again(capture, camera, delivered):
    capture.start()
    capture.stop()
    calls = len(camera.calls)
    camera.script.put(frame(1))
    assert len(camera.calls) == calls
    capture.start()
    delivered.wait_for(1)


def test_a_camera_that_gives_no_frames_is_a_warning_with_what_it_does(capture, camera, monkeypatch):
    camera.description['state'] = 'uploading the network'
    waited = threading.Event()
    monkeypatch.setattr(camera, 'read', lambda _: waited.set())
    capture.start()
    assert waited.wait(PATIENCE)
    capture.stop()
    status = capture.status()
    assert status.level == DiagnosticStatus.WARN
    assert status.message.endswith(': uploading the network')


def test_before_the_start_the_state_is_stale(capture):
    assert capture.status().level == DiagnosticStatus.STALE


def test_a_calibration_of_another_size_is_a_warning_while_frames_flow(
    node, camera, delivered, tmp_path
):
    path = tmp_path / 'front.yaml'
    write_calibration(CALIBRATION, path)
    capture = Capture(node, camera, delivered, str(path))
    assert capture.status().values['calibration'] == str(path)
    camera.script.put(frame(1))
    camera.script.put(frame(2))
    camera.script.put(EndOfStream('through'))
    capture.start()
    capture._thread.join(PATIENCE)
    capture.stop()
    status = capture.status()
    assert status.level == DiagnosticStatus.WARN
    assert 'is for 640×480 and the camera gives 6×4' in status.message
    capture.close()
