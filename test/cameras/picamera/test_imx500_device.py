"""A device that starts slowly, stops, vanishes and returns: on the true clock, as threads need."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from picosam_ros.cameras import make_camera
from picosam_ros.cameras.picamera.imx500 import Imx500Camera
from picosam_ros.errors import CameraError
from picosam_ros.models import SENSOR_MODEL
from picosam_ros.simulation import Faults, Settings, Simulation

PATIENCE = 30.0
SCENE = np.full((30, 40, 3), 90, np.uint8)


def make(faults='', *, speed=10.0, stall_seconds=0.3, **camera):
    backend = Simulation(
        Settings(
            scene=SCENE,
            replay=[np.zeros((8, 8), np.float32)],
            speed=speed,
            faults=Faults.parse(faults),
        )
    )
    return Imx500Camera(
        source='',
        rate=30,
        frame_id='eye',
        sensor_network=SENSOR_MODEL,
        size=(64, 48),
        stall_seconds=stall_seconds,
        backend=backend,
        **camera,
    )


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not (met := condition()):
        assert time.monotonic() < deadline
    return met


def read(camera):
    return until(lambda: camera.read(timeout=0.05))


def read_error(camera):
    """Read until it fails, and give the error."""
    with pytest.raises(CameraError) as caught:
        until(lambda: camera.read(timeout=0.05) and False)
    return str(caught.value)


def reopen(camera):
    """Try until it opens."""

    def opened():
        try:
            camera.open()
        except CameraError:
            return False
        return True

    until(opened)


def test_the_upload_is_told_while_it_lasts_and_blocks_nobody():
    camera = make('start_s=1.2', speed=1.0)
    begun = time.monotonic()
    camera.open()
    assert time.monotonic() - begun < 1
    states = set()
    until(lambda: states.add(camera.state) or camera.read(timeout=0.05))
    assert any(state.startswith('uploading the network') for state in states)
    assert camera.description['state'] == 'streaming'
    camera.close()
    assert camera.state == 'closed'


def test_closing_during_the_upload_does_not_wait_for_it_and_the_device_is_free_later(monkeypatch):
    monkeypatch.setattr('picosam_ros.cameras.picamera.stream.STOP_S', 0.05)
    camera = make('start_s=2', speed=1.0)
    camera.open()
    begun = time.monotonic()
    camera.close()
    assert time.monotonic() - begun < 1
    with pytest.raises(CameraError, match='closed while it started'):
        camera.open()
    reopen(camera)
    assert read(camera)
    camera.close()


def test_a_stream_that_stops_is_an_error_and_a_new_start_works():
    camera = make('stop_after=5')
    camera.open()
    assert 'the stream stopped: no frame for 0.' in read_error(camera)
    camera.close()
    camera.open()
    assert read(camera)
    camera.close()


def test_a_device_that_vanishes_is_told_and_found_again_when_it_returns():
    camera = make('vanish_at=5,vanish_s=8')
    camera.open()
    read_error(camera)
    camera.close()
    with pytest.raises(CameraError, match='camera imx500 failed: IMX500: Requested camera dev-nod'):
        camera.open()
    assert camera.state == 'closed'
    reopen(camera)
    assert read(camera)
    camera.close()


def test_a_reader_that_paused_does_not_take_that_for_a_stop():
    camera = make(stall_seconds=0.2)
    camera.open()
    assert read(camera)
    arrived = camera._stream._arrived_ns
    until(lambda: camera._stream._arrived_ns > arrived + 500_000_000)
    assert read(camera)
    camera.close()


def test_a_start_that_fails_is_told():
    camera = make()
    camera._given_backend.Picamera2.start = _fail
    camera.open()
    assert 'the camera could not start: no memory' in read_error(camera)
    camera.close()


def _fail(_):
    raise RuntimeError('no memory')


def test_a_configuration_that_fails_leaves_the_device_free():
    camera = make()
    configure = camera._given_backend.Picamera2.configure
    camera._given_backend.Picamera2.configure = lambda *_: _fail(None)
    with pytest.raises(CameraError, match='no memory'):
        camera.open()
    camera._given_backend.Picamera2.configure = configure
    camera.open()
    assert read(camera)
    camera.close()


def test_a_hundred_openings_leave_no_thread_no_file_and_no_request():
    camera = make()
    held = []
    before = None
    for count in range(100):
        camera.open()
        read(camera)
        slot = camera._stream._slot
        camera.close()
        held.append(slot._item)
        if count == 2:
            before = threading.active_count(), _files()
    assert (threading.active_count(), _files()) == before
    assert held == [None] * 100


def _files():
    return sum(1 for _ in Path('/proc/self/fd').iterdir())


def test_a_second_opening_and_a_second_closing_do_nothing():
    camera = make()
    camera.open()
    camera.open()
    assert read(camera)
    camera.close()
    camera.close()


def test_reading_before_opening_is_an_error():
    with pytest.raises(CameraError, match='not open'):
        make_camera('imx500', simulate=True).read(timeout=0)


def test_closing_interrupts_a_read_that_waits():
    camera = make('start_s=100', speed=10.0)
    camera.open()
    answers, reading = [], threading.Event()

    def wait():
        reading.set()
        answers.append(camera.read(timeout=60))

    thread = threading.Thread(target=wait)
    thread.start()
    assert reading.wait(10)
    camera.close()
    thread.join(10)
    assert answers == [None]


@pytest.mark.parametrize('error', [OSError(2, 'gone'), ValueError('empty'), AssertionError()])
def test_where_the_kernel_tells_no_progress_the_upload_is_still_named(error):
    camera = make('start_s=0.5', speed=1.0)

    def untold(*_):
        raise error

    camera._given_backend.IMX500.get_fw_upload_progress = untold
    camera.open()
    assert camera.state == 'uploading the network (progress unknown)'
    camera.close()


def test_the_simulated_camera_shows_photographs():
    camera = make_camera('imx500', simulate=True)
    camera.open()
    assert read(camera).pixels.std() > 10
    camera.close()
