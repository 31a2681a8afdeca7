"""A device that starts slowly, stops, vanishes and returns: on the true clock, as threads need."""

import gc
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.patient import PATIENCE, read, read_error, until

from picosam_ros.cameras import make_camera
from picosam_ros.cameras.picamera import stream
from picosam_ros.cameras.picamera.imx500 import Imx500Camera
from picosam_ros.errors import CameraError
from picosam_ros.models import SENSOR_MODEL
from picosam_ros.simulation import Chip, Faults, Settings, Simulation

SCENE = np.full((30, 40, 3), 90, np.uint8)


@pytest.fixture(autouse=True)
def first_frame(monkeypatch):
    """Let the first frame come as late as it does on a busy machine."""
    monkeypatch.setattr(stream, 'FIRST_FRAME_S', PATIENCE)


def make(faults='', *, stall_seconds=0.3, chip=None, **camera):
    backend = Simulation(
        Settings(
            scene=SCENE,
            replay=[np.zeros((8, 8), np.float32)],
            speed=10.0,
            chip=chip or Chip.create(),
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


def test_a_stream_that_stops_is_an_error_and_a_new_start_works():
    camera = make('stop_after=5')
    camera.open()
    assert 'the stream stopped: no frame for ' in str(read_error(camera))
    camera.close()
    camera.open()
    assert read(camera)
    camera.close()


def test_a_sensor_that_times_out_is_told_and_starts_again_when_it_can():
    chip = Chip.create()
    camera = make('timeout_at=5,timeout_s=inf', chip=chip)
    camera.open()
    assert 'the stream stopped' in str(read_error(camera))
    camera.close()
    with pytest.raises(CameraError, match='the camera could not start'):
        camera.open()
    assert camera.state == 'closed'
    chip.failing_until_ns = time.monotonic_ns()
    camera.open()
    assert read(camera)
    camera.close()


def test_a_camera_that_is_not_listed_is_not_asked_for(monkeypatch):
    camera = make()
    backend = camera._given_backend
    monkeypatch.setattr(backend.Picamera2, 'global_camera_info', staticmethod(list))
    monkeypatch.setattr(backend, 'IMX500', None)
    with pytest.raises(CameraError, match='libcamera lists no imx500'):
        camera.open()


def test_a_reader_that_paused_does_not_take_that_for_a_stop():
    camera = make(stall_seconds=0.2)
    camera.open()
    assert read(camera)
    arrived = camera._stream._arrived_ns
    until(lambda: camera._stream._arrived_ns > arrived + 500_000_000)
    assert read(camera)
    camera.close()


def test_what_holds_up_the_whole_process_is_no_stop_and_a_silence_after_it_is(monkeypatch):
    camera = make('stop_after=1', stall_seconds=0.3)
    camera.open()
    assert read(camera)
    now_ns = time.monotonic_ns()
    monkeypatch.setattr(stream, 'time', SimpleNamespace(monotonic_ns=lambda: now_ns))
    for passed_s in (1000, 0.2):
        now_ns += round(passed_s * 1e9)
        assert camera.read(timeout=0) is None
    now_ns += 200_000_000
    with pytest.raises(CameraError, match='the stream stopped: no frame for 1000'):
        camera.read(timeout=0)
    camera.close()


def test_a_start_that_fails_is_told_and_leaves_the_device_free():
    camera = make('failing_starts=1')
    with pytest.raises(CameraError, match=r'the camera could not start: .*Input/output') as caught:
        camera.open()
    assert caught.value.retry_s >= 8
    camera.open()
    assert read(camera)
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
    for count in range(100):
        camera.open()
        read(camera)
        slot = camera._stream._slot
        camera.close()
        held.append(slot._item)
        if count == 2:
            gc.collect()  # what earlier tests left
            threads, files = threading.active_count(), _files()
    # Fewer are no leak.
    assert threading.active_count() <= threads
    assert _files() <= files
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
        make().read(timeout=0)


@pytest.mark.parametrize('error', [OSError(2, 'gone'), ValueError('empty'), AssertionError()])
def test_where_the_kernel_tells_no_progress_it_is_not_known(error):
    camera = make()

    def untold(*_):
        raise error

    camera._given_backend.IMX500.get_fw_upload_progress = untold
    camera.connect()
    assert camera.upload_progress() == (0, 0)
    camera.close()


def test_the_simulated_camera_shows_photographs():
    camera = make_camera('imx500', simulate=True)
    camera.open()
    assert read(camera).pixels.std() > 10
    camera.close()
