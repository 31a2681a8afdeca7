import pickle
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.scripted import ScriptedCamera

from picosam_ros.cameras import reader as module
from picosam_ros.cameras.reader import CameraReader
from picosam_ros.errors import CameraError, EndOfStream
from picosam_ros.frame import Frame
from picosam_ros.status import Level

PATIENCE = 30.0


def frame(number):
    return Frame(np.full((4, 6, 3), number, np.uint8), stamp_ns=number, frame_id='lens')


class Delivered:
    """Frames, and a way to wait for them; raises what `faults` holds, one for each frame."""

    def __init__(self):
        self.frames = []
        self.faults = []
        self._changed = threading.Condition()

    def __call__(self, frame):
        if self.faults:
            raise self.faults.pop(0)
        with self._changed:
            self.frames.append(frame)
            self._changed.notify()

    def wait_for(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.frames) >= count, PATIENCE)


class RecordedLog:
    """What was logged: level and text."""

    def __init__(self):
        self.lines = []

    def info(self, text):
        self.lines.append(('info', text))

    def warning(self, text):
        self.lines.append(('warning', text))

    def error(self, text):
        self.lines.append(('error', text))

    def texts(self, level):
        return [text for each, text in self.lines if each == level]


@pytest.fixture
def delivered():
    return Delivered()


@pytest.fixture
def camera():
    return ScriptedCamera()


@pytest.fixture
def log():
    return RecordedLog()


@pytest.fixture
def reader(camera, delivered, log):
    reader = CameraReader(camera, log)
    yield reader
    reader.stop()
    reader.close()


@pytest.fixture
def pauses(reader, monkeypatch):
    """Return the pauses between two tries, which take no time."""
    pauses = []
    monkeypatch.setattr(reader._stopping, 'wait', pauses.append)
    return pauses


def test_every_frame_is_delivered_in_order(reader, camera, delivered):
    frames = [frame(number) for number in range(20)]
    for each in frames:
        camera.script.put(each)
    reader.start(delivered)
    delivered.wait_for(20)
    assert delivered.frames == frames


@pytest.mark.parametrize(
    ('fault', 'text'),
    [
        (CameraError('unplugged'), 'unplugged'),
        (ValueError('buffer size'), 'ValueError: buffer size'),
        (KeyError('network_info'), "KeyError: 'network_info'"),
    ],
)
def test_a_camera_that_raises_anything_is_told_closed_and_opened_again(
    reader, camera, delivered, pauses, fault, text
):
    for happens in (frame(1), fault, fault, frame(2)):
        camera.script.put(happens)
    reader.start(delivered)
    delivered.wait_for(2)
    reader.stop()
    assert camera.calls.count('close') == 2
    assert camera.calls[camera.calls.index('close') + 1] == 'open'
    status = reader.status()
    assert (status.level, status.message) == (Level.ERROR, f'{text}; next try in 1 s')
    counted = [status.values[name] for name in ('frames', 'reopened', 'faults')]
    assert counted == [2, 2, 2]


def test_a_camera_that_cannot_be_opened_is_tried_again(
    reader, camera, delivered, pauses, monkeypatch
):
    refusals = [OSError('busy'), CameraError('busy')]

    def refuse():
        if refusals:
            raise refusals.pop(0)

    monkeypatch.setattr(camera, 'open', refuse)
    camera.script.put(frame(1))
    reader.start(delivered)
    delivered.wait_for(1)
    assert reader.status().values['faults'] == 2


def test_a_traceback_is_logged_of_what_is_no_picosam_error(reader, camera, delivered, log, pauses):
    for happens in (CameraError('unplugged'), ValueError('buffer size'), frame(1)):
        camera.script.put(happens)
    reader.start(delivered)
    delivered.wait_for(1)
    expected, unexpected = log.texts('error')
    assert expected == 'unplugged; next try in 0.5 s'
    assert 'Traceback' in unexpected
    assert unexpected.endswith('ValueError: buffer size; next try in 1 s')


def test_a_camera_that_cannot_be_closed_is_opened_again(
    reader, camera, delivered, log, pauses, monkeypatch
):
    def close():
        raise RuntimeError('close failed')

    monkeypatch.setattr(camera, 'close', close)
    for happens in (CameraError('unplugged'), frame(1)):
        camera.script.put(happens)
    reader.start(delivered)
    delivered.wait_for(1)
    assert 'RuntimeError: close failed' in log.texts('error')[-1]
    assert reader.status().values['faults'] == 2


def test_what_deliver_raises_is_counted_apart_and_leaves_the_camera_open(
    reader, camera, delivered, log
):
    delivered.faults = [TypeError('not an image')]
    for number in range(3):
        camera.script.put(frame(number))
    reader.start(delivered)
    delivered.wait_for(2)
    reader.stop()
    assert 'close' not in camera.calls
    status, after = reader.status(), reader.status()
    assert status.message == 'a frame could not be delivered: TypeError: not an image'
    assert (status.level, after.level != status.level) == (Level.ERROR, True)
    counted = [status.values[name] for name in ('frames', 'faults', 'frames not delivered')]
    assert counted == [3, 0, 1]
    assert 'Traceback' in log.texts('error')[0]


def test_a_deliver_that_always_raises_does_not_flood_the_log(
    reader, camera, delivered, log, monkeypatch
):
    monkeypatch.setattr(module.time, 'monotonic', lambda: 7.0)
    delivered.faults = [TypeError('not an image')] * 50
    for number in range(51):
        camera.script.put(frame(number))
    reader.start(delivered)
    delivered.wait_for(1)
    assert len(log.texts('error')) == 1


def test_a_fault_that_is_over_before_the_next_report_is_told_once(
    reader, camera, delivered, pauses
):
    camera.script.put(CameraError('unplugged'))
    camera.script.put(frame(1))
    reader.start(delivered)
    delivered.wait_for(1)
    reader.stop()
    first, second = reader.status(), reader.status()
    assert (first.level, second.level != first.level) == (Level.ERROR, True)
    assert first.message.startswith('unplugged; next try in ')


def test_the_pause_between_tries_doubles_up_to_its_limit(reader, camera, delivered, pauses):
    for happens in (*[CameraError('unplugged')] * 8, frame(1)):
        camera.script.put(happens)
    reader.start(delivered)
    delivered.wait_for(1)
    limit = module._LAST_BACKOFF
    assert pauses == [min(0.5 * 2**number, limit) for number in range(8)]


def test_a_frame_brings_the_pause_back_to_the_first(reader, camera, delivered, pauses):
    for happens in (*[CameraError('away')] * 3, frame(1), CameraError('away'), frame(2)):
        camera.script.put(happens)
    reader.start(delivered)
    delivered.wait_for(2)
    assert pauses == [0.5, 1.0, 2.0, 0.5]


def test_the_pause_is_not_less_than_the_error_asks_for(reader, camera, delivered, pauses):
    error = CameraError('the sensor did not start', retry_s=8.0)
    for happens in (error, CameraError('away', retry_s=0.2), frame(1)):
        camera.script.put(happens)
    reader.start(delivered)
    delivered.wait_for(1)
    assert pauses == [8.0, 1.0]


def test_a_reader_that_waits_for_the_next_try_can_be_stopped(
    reader, camera, delivered, monkeypatch
):
    waiting = threading.Event()
    wait = reader._stopping.wait

    def noted(seconds):
        waiting.set()
        return wait(seconds)

    monkeypatch.setattr(reader._stopping, 'wait', noted)
    camera.script.put(CameraError('the sensor did not start', retry_s=1e6))
    reader.start(delivered)
    assert waiting.wait(PATIENCE)
    reader.stop()
    assert reader.status().message == 'the sensor did not start; next try in 1e+06 s'


def test_the_end_of_a_source_is_no_fault(reader, camera, delivered):
    camera.script.put(frame(1))
    camera.script.put(EndOfStream('film.mp4 is through'))
    reader.start(delivered)
    delivered.wait_for(1)
    reader._thread.join(PATIENCE)
    assert not reader._thread.is_alive()
    status = reader.status()
    assert (status.level, status.message) == (Level.OK, 'film.mp4 is through')
    assert status.values['faults'] == 0


def test_a_reader_that_was_stopped_reads_no_more_and_can_start_again(reader, camera, delivered):
    reader.start(delivered)
    reader.stop()
    calls = len(camera.calls)
    camera.script.put(frame(1))
    assert len(camera.calls) == calls
    reader.start(delivered)
    delivered.wait_for(1)


def test_a_camera_without_frames_is_a_warning_with_its_state(
    reader, camera, delivered, monkeypatch
):
    camera.description['state'] = 'uploading the network'
    waited = threading.Event()
    monkeypatch.setattr(camera, 'read', lambda _: waited.set())
    reader.start(delivered)
    assert waited.wait(PATIENCE)
    reader.stop()
    status = reader.status()
    assert status.level == Level.WARN
    assert status.message == 'uploading the network'


def test_between_the_frames_of_a_slow_camera_frames_flow(reader, camera, monkeypatch):
    moments = iter((101.0, 102.0, 103.9, 104.1))
    monkeypatch.setattr(module, 'time', SimpleNamespace(monotonic=lambda: next(moments)))
    for _ in range(2):
        camera.script.put(frame(1))
        assert reader._read()
    for message in ('frames flow', 'no frame within 0.2 s'):
        assert reader._read() is None
        assert reader.status().message == message


@pytest.mark.parametrize(
    ('state', 'why'),
    [
        ({}, 'tells no fault: is it connected'),
        ({'state': 'loads its network'}, 'loads its network'),
    ],
)
def test_that_frames_stop_is_logged_once_with_the_reason_and_that_they_flow_again(
    camera, log, monkeypatch, state, why
):
    monkeypatch.setattr(module, '_TOLD_AFTER_S', 0.0)
    reader = CameraReader(camera, log)
    camera.description = state
    camera.script.put(frame(1))
    assert reader._read()
    assert [reader._read() for _ in range(3)] == [None] * 3
    [told] = log.texts('warning')
    assert told.startswith(f'camera {camera.name!r}: frames stopped: ')
    assert why in told
    camera.script.put(frame(2))
    assert reader._read()
    assert log.texts('info')[-1] == f'camera {camera.name!r}: frames flow again'


def test_a_camera_that_tells_how_far_it_is_is_logged_once(camera, log, monkeypatch):
    monkeypatch.setattr(module, '_TOLD_AFTER_S', 0.0)
    reader = CameraReader(camera, log)
    for percent in range(5):
        camera.description = {'state': f'uploading the network: {percent} % of 2.8 MB'}
        assert reader._read() is None
        assert reader.status().message == camera.description['state']
    [told] = log.texts('warning')
    assert told.endswith('no frame comes: uploading the network')


def test_before_the_start_the_state_is_stale(reader):
    status = reader.status()
    assert (status.level, status.message) == (Level.STALE, 'not started')
    assert (status.values['camera'], status.values['source']) == ('scripted', 'a script')


@pytest.mark.parametrize(
    ('warning', 'told'),
    [
        ('', (Level.OK, 'frames flow')),
        (
            'the sensor runs without its network',
            (Level.WARN, 'the sensor runs without its network'),
        ),
    ],
)
def test_what_impairs_a_camera_is_a_warning_while_frames_flow(camera, log, warning, told):
    statuses = []
    reader = CameraReader(camera, log)
    camera.warning = warning
    for happens in (frame(1), frame(2), EndOfStream('through')):
        camera.script.put(happens)
    reader.start(lambda _: statuses.append(reader.status()))
    reader._thread.join(PATIENCE)
    assert [(status.level, status.message) for status in statuses] == [told] * 2
    assert log.texts('warning') == [f"camera 'scripted': {warning}"] * bool(warning)


def test_an_error_of_a_camera_keeps_its_pause_on_the_way_between_processes():
    error = pickle.loads(pickle.dumps(CameraError('away', retry_s=8.0)))
    assert (str(error), error.retry_s) == ('away', 8.0)
