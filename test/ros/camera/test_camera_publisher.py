import threading

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from helpers.calibrated import CALIBRATION
from helpers.scripted import ScriptedCamera

from picosam_ros.errors import CameraError, EndOfStream
from picosam_ros.frame import Frame
from picosam_ros.ros.camera import camera_publisher as module
from picosam_ros.ros.camera.camera_publisher import CameraPublisher
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
def publisher(node, camera, delivered):
    publisher = CameraPublisher(node, camera, delivered)
    yield publisher
    publisher.stop()
    publisher.close()


def test_every_frame_is_handed_on_in_order(publisher, camera, delivered):
    frames = [frame(number) for number in range(20)]
    for each in frames:
        camera.script.put(each)
    publisher.start()
    delivered.wait_for(20)
    assert delivered.frames == frames


def test_a_camera_that_fails_is_closed_and_opened_again(publisher, camera, delivered, monkeypatch):
    monkeypatch.setattr(module, '_FIRST_BACKOFF', 0.001)
    for happens in (frame(1), CameraError('unplugged'), CameraError('still away'), frame(2)):
        camera.script.put(happens)
    publisher.start()
    delivered.wait_for(2)
    publisher.stop()
    assert camera.calls.count('close') == 2
    after = camera.calls[camera.calls.index('close') + 1 :]
    assert after[0] == 'open'
    assert publisher.status().values['frames'] == 2
    assert publisher.status().values['reopened'] == 2


def test_an_error_that_is_over_before_the_next_report_is_told_once(
    publisher, camera, delivered, monkeypatch
):
    monkeypatch.setattr(module, '_FIRST_BACKOFF', 0.001)
    camera.script.put(CameraError('unplugged'))
    camera.script.put(frame(1))
    publisher.start()
    delivered.wait_for(1)
    publisher.stop()
    first, second = publisher.status(), publisher.status()
    assert (first.level, second.level != first.level) == (DiagnosticStatus.ERROR, True)
    assert first.message.startswith('unplugged; next try in ')


def test_a_camera_that_is_away_is_an_error_with_the_time_of_the_next_try(
    publisher, camera, monkeypatch
):
    told = threading.Event()
    monkeypatch.setattr(publisher._stopping, 'wait', lambda _: told.set())
    monkeypatch.setattr(module, '_FIRST_BACKOFF', 0.5)
    monkeypatch.setattr(camera, 'open', lambda: camera.script.put(CameraError('unplugged')))
    publisher.start()
    assert told.wait(PATIENCE)
    status = publisher.status()
    assert status.level == DiagnosticStatus.ERROR
    assert status.message.startswith('unplugged; next try in ')
    assert status.values['camera'] == 'scripted'
    assert status.values['source'] == 'a script'


def test_the_pause_between_tries_doubles_up_to_its_limit(publisher, camera, monkeypatch):
    pauses = []

    def wait(seconds):
        pauses.append(seconds)
        if len(pauses) == 8:
            publisher._stopping.set()
            enough.set()

    enough = threading.Event()
    monkeypatch.setattr(publisher._stopping, 'wait', wait)
    for _ in range(8):
        camera.script.put(CameraError('unplugged'))
    publisher.start()
    assert enough.wait(PATIENCE)
    limit = module._LAST_BACKOFF
    assert pauses == [min(0.5 * 2**number, limit) for number in range(8)]


def test_a_frame_brings_the_pause_back_to_the_first(publisher, camera, delivered, monkeypatch):
    pauses = []
    monkeypatch.setattr(publisher._stopping, 'wait', pauses.append)
    for happens in (*[CameraError('away')] * 3, frame(1), CameraError('away'), frame(2)):
        camera.script.put(happens)
    publisher.start()
    delivered.wait_for(2)
    assert pauses == [0.5, 1.0, 2.0, 0.5]


def test_the_end_of_a_source_is_no_fault(publisher, camera, delivered):
    camera.script.put(frame(1))
    camera.script.put(EndOfStream('film.mp4 is through'))
    publisher.start()
    delivered.wait_for(1)
    publisher._thread.join(PATIENCE)
    assert not publisher._thread.is_alive()
    status = publisher.status()
    assert (status.level, status.message) == (DiagnosticStatus.OK, 'film.mp4 is through')


def test_a_capture_that_was_stopped_reads_no_more_and_can_start_again(publisher, camera, delivered):
    publisher.start()
    publisher.stop()
    calls = len(camera.calls)
    camera.script.put(frame(1))
    assert len(camera.calls) == calls
    publisher.start()
    delivered.wait_for(1)


def test_a_camera_without_frames_is_a_warning_with_its_state(publisher, camera, monkeypatch):
    camera.description['state'] = 'uploading the network'
    waited = threading.Event()
    monkeypatch.setattr(camera, 'read', lambda _: waited.set())
    publisher.start()
    assert waited.wait(PATIENCE)
    publisher.stop()
    status = publisher.status()
    assert status.level == DiagnosticStatus.WARN
    assert status.message.endswith(': uploading the network')


def test_before_the_start_the_state_is_stale(publisher):
    assert publisher.status().level == DiagnosticStatus.STALE


def test_a_calibration_of_another_size_is_a_warning_while_frames_flow(
    node, camera, delivered, tmp_path
):
    path = tmp_path / 'front.yaml'
    write_calibration(CALIBRATION, path)
    publisher = CameraPublisher(node, camera, delivered, str(path))
    assert publisher.status().values['calibration'] == str(path)
    camera.script.put(frame(1))
    camera.script.put(frame(2))
    camera.script.put(EndOfStream('through'))
    publisher.start()
    publisher._thread.join(PATIENCE)
    publisher.stop()
    status = publisher.status()
    assert status.level == DiagnosticStatus.WARN
    assert 'is for 640×480 and the camera gives 6×4' in status.message
    publisher.close()
