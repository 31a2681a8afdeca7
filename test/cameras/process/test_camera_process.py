"""Cameras in a real child process, on a simulated sensor."""

import gc
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from helpers.patient import PATIENCE, read, read_error, until

from picosam_ros.cameras import make_camera
from picosam_ros.cameras.process import camera as camera_process
from picosam_ros.cameras.process import child_process
from picosam_ros.engines.base import RoiPlacer
from picosam_ros.errors import CameraError
from picosam_ros.roi import Roi
from picosam_ros.tracking.scene_cut import Scene

SQUARE = Roi(100, 120, 200, 200)
SECOND_NS = 1_000_000_000


@pytest.fixture
def make(monkeypatch):
    """Make a simulated IMX500 that may take its time, and close it in the end."""
    for name in ('OPEN_S', 'FRAME_S', 'CALL_S'):
        monkeypatch.setattr(camera_process, name, PATIENCE)
    monkeypatch.setattr(child_process, 'KILL_S', PATIENCE)
    made = []

    def make(faults='', **options):
        made.append(make_camera('imx500', simulate=True, faults=faults, **options))
        return made[-1]

    yield make
    for camera in made:
        camera.close()


def pid_of(camera):
    return camera.pid


def exists(pid):
    return Path(f'/proc/{pid}').exists()


def stopped(pid):
    """Tell whether all of its threads are."""
    tasks = Path(f'/proc/{pid}/task').iterdir()
    return all((task / 'stat').read_text().rpartition(')')[2].split()[0] == 'T' for task in tasks)


def files():
    return len(list(Path('/proc/self/fd').iterdir()))


def test_frames_come_with_pixels_header_and_the_sensors_output(make):
    camera = make(frame_id='eye')
    before = time.time_ns()
    camera.open()
    first = read(camera)
    assert first.pixels.shape == (480, 640, 3)
    assert first.pixels.dtype == np.uint8
    assert first.pixels.std() > 10
    assert first.frame_id == 'eye'
    assert first.from_sensor
    assert camera.description['state'] == 'streaming'
    ticket = camera.look_at(SQUARE)
    output = until(lambda: read(camera).sensor_output)
    assert output.ticket == ticket
    assert output.logits.shape == (96, 96)
    edges = output.roi.x - SQUARE.x, output.roi.y - SQUARE.y, output.roi.width - SQUARE.width
    assert max(map(abs, edges)) < 1
    second = read(camera)
    assert before < first.stamp_ns < second.stamp_ns < second.received_ns


def test_the_photos_of_the_sensor_go_on_when_they_are_told_to(make):
    camera = make()
    camera.open()
    before = Scene.of(read(camera))
    for _ in range(2):
        camera.show.next_scene()
        before = until(lambda before=before: other_scene(read(camera), before))


def other_scene(frame, before):
    """Return the scene of a frame if it is another one than before."""
    scene = Scene.of(frame)
    return scene if scene.is_cut_from(before) else None


def test_a_frame_keeps_its_pixels_while_later_ones_come(make):
    camera = make()
    camera.open()
    frame = read(camera)
    pixels = frame.pixels.copy()
    until(lambda: not np.array_equal(read(camera).pixels, pixels))
    assert np.array_equal(frame.pixels, pixels)


def test_it_says_that_its_roi_can_be_placed_and_the_other_camera_does_not(make):
    assert isinstance(make(), RoiPlacer)
    assert not isinstance(make_camera('picamera'), RoiPlacer)


def test_the_upload_is_told_while_this_process_goes_on(make):
    camera = make('start_s=1000')
    camera.open()
    chip, told = camera._camera.chip, set()
    until(lambda: chip.upload_begin_ns)

    def progressed():
        assert camera.read(0.02) is None
        told.add(camera.state)
        chip.upload_begin_ns -= 10 * SECOND_NS  # as if it had gone on for so long
        return sum(state.startswith('uploading the network: ') for state in told) > 1

    until(progressed)
    camera.close()
    assert camera.state == 'closed'


def test_no_roi_is_placed_before_it_streams(make):
    camera = make('start_s=100')
    for told in ('closed', 'uploading'):
        with pytest.raises(CameraError, match=f'cannot be placed before it streams.*{told}'):
            camera.look_at(SQUARE)
        camera.open()


def test_closing_during_the_upload_ends_the_child_at_once(make):
    camera = make('start_s=1000')
    camera.open()
    pid = pid_of(camera)
    camera.close()
    assert not exists(pid)
    camera.open()  # The simulated kernel lets go at once.


def test_a_child_that_the_kernel_holds_keeps_the_camera_closed(make, monkeypatch):
    camera = make('start_s=1000')
    camera.open()
    child = camera._child
    # As in a system call that no signal ends: nobody kills it, also not the fork that would hear
    # the end of the calls.
    monkeypatch.setattr(child._process, 'kill', lambda: None)
    monkeypatch.setattr(child_process, 'KILL_S', 0.1)
    calls = os.dup(child._calls.fileno())
    camera.close()
    with pytest.raises(CameraError, match='closed while it started'):
        camera.open()
    os.kill(child._process.pid, signal.SIGKILL)
    until(lambda: not child.running)
    os.close(calls)
    camera.open()


def test_a_camera_that_is_refused_at_first_is_an_error_of_open(make):
    camera = make(sensor_network='/gone/network.rpk')
    with pytest.raises(CameraError, match=r'network.rpk'):
        camera.open()
    assert camera.state == 'closed'


def test_a_start_that_fails_is_told_with_its_wait_and_the_next_one_works(make):
    camera = make('failing_starts=1')
    camera.open()
    error = read_error(camera)
    assert 'the camera could not start' in str(error)
    assert error.retry_s >= 8
    camera.close()
    camera.open()
    assert read(camera)


def test_a_child_that_dies_is_told_with_its_signal_and_another_one_takes_over(make, monkeypatch):
    monkeypatch.setattr(child_process, 'END_S', PATIENCE)
    camera = make()
    camera.open()
    read(camera)
    os.kill(pid_of(camera), signal.SIGSEGV)
    assert 'ended unexpectedly (signal 11)' in str(read_error(camera))
    camera.close()
    camera.open()
    assert read(camera)


def test_a_child_that_stands_still_is_told_and_ended(make, monkeypatch):
    monkeypatch.setattr(child_process, 'END_S', 0.1)
    camera = make()
    camera.open()
    read(camera)
    pid = pid_of(camera)
    os.kill(pid, signal.SIGSTOP)
    until(lambda: stopped(pid))
    monkeypatch.setattr(camera_process, 'CALL_S', 0.1)
    with pytest.raises(CameraError, match='did not answer within'):
        camera.look_at(SQUARE)
    monkeypatch.setattr(camera_process, 'FRAME_S', 0.5)
    assert 'did not send a frame within 0.5 s' in str(read_error(camera))
    camera.close()
    assert not exists(pid)


def test_a_camera_that_nobody_read_for_long_has_not_failed(make):
    camera = make()
    camera.open()
    read(camera)
    camera._child.heard -= 10 * PATIENCE  # as if the last read had been so long ago
    camera.read(0)
    assert read(camera)


def test_a_slow_camera_may_take_longer_for_a_frame(make, monkeypatch):
    camera = make(rate=1.0)
    camera.open()
    read(camera)
    monkeypatch.setattr(camera_process, 'FRAME_S', 0.2)
    camera._child.heard = time.monotonic() - 1
    with pytest.raises(CameraError, match=r'did not send a frame within 0.5 s'):
        camera._check_patience(camera._child)


def test_a_frame_from_before_a_call_does_not_bring_back_the_older_roi(make):
    camera = make()
    camera.open()
    read(camera)
    camera.look_at(Roi(0, 0, 100, 100))
    before = until(lambda: camera._child.receive(0.05))
    ticket = camera.look_at(SQUARE)
    assert before.report.record.placement.ticket == ticket - 1
    camera._take(before)
    os.kill(pid_of(camera), signal.SIGKILL)
    read_error(camera)
    camera.close()
    camera.open()
    assert until(lambda: read(camera).sensor_output).ticket == ticket


@contextmanager
def free_handles(count):
    """Leave this process so many free file handles."""
    limits, taken = resource.getrlimit(resource.RLIMIT_NOFILE), []
    highest = max(int(entry.name) for entry in Path('/proc/self/fd').iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 16, limits[1]))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(count):
            os.close(taken.pop())
        yield
    finally:
        for handle in taken:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_process_without_free_file_handles_is_told_so_and_recovers(make):
    camera = make()
    camera.open()
    read(camera)
    camera.close()
    gc.collect()  # what earlier tests left
    before = files()
    for count in (0, 2, 4, 6):
        with (
            free_handles(count),
            pytest.raises(CameraError, match=r'no process could be started.*open files'),
        ):
            camera.open()
        assert files() <= before
    camera.open()
    assert read(camera)


def test_the_roi_and_what_is_counted_outlive_the_child(make):
    camera = make()
    camera.open()
    read(camera)
    ticket = camera.look_at(SQUARE)
    until(lambda: read(camera).sensor_output)
    counted = camera.description['frames without a mask (ROI not settled)']
    os.kill(pid_of(camera), signal.SIGKILL)
    read_error(camera)
    camera.close()
    camera.open()
    assert until(lambda: read(camera).sensor_output).ticket == ticket
    again = camera.description['frames without a mask (ROI not settled)']
    assert int(again) >= int(counted)


def test_an_roi_that_the_driver_refuses_is_an_error_of_the_call(make):
    camera = make('refuse_roi=1')
    camera.open()
    read(camera)
    with pytest.raises(CameraError, match='the driver of the sensor refused the ROI'):
        camera.look_at(SQUARE)
    assert until(lambda: read(camera) and camera.description.get('refused ROIs'))


def test_openings_leave_no_process_no_thread_and_no_file(make):
    camera = make()
    pids, threads, opened = [], [], []
    for _ in range(5):
        camera.open()
        read(camera)
        pids.append(pid_of(camera))
        camera.close()
        threads.append(threading.active_count())
        opened.append(files())
    # What earlier tests left may end meanwhile: fewer are no leak.
    assert threads[-1] <= threads[0], threads
    assert opened[-1] <= opened[0], opened
    assert not any(map(exists, pids))


def run_program(folder, faults, until, then, cwd=None):
    """Run a program that opens a camera; return when it and all that it started have ended."""
    script = folder / 'program.py'
    script.write_text(
        'import os\n'
        'from picosam_ros.cameras import make_camera\n'
        'from picosam_ros.cameras.process import camera as process\n'
        f'process.OPEN_S = process.FRAME_S = {PATIENCE}\n'
        f"camera = make_camera('imx500', simulate=True, faults={faults!r})\n"
        'camera.open()\n'
        f'while not ({until}): pass\n'
        f'{then}\n'
    )
    # Its output ends with the last process that has it.
    return subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name != 'PYTHONPATH'},
        timeout=5 * PATIENCE,
    )


@pytest.mark.parametrize(
    ('faults', 'until'),
    [('', 'camera.read(0.1)'), ('start_s=1000', "camera.read(0.1) or 'uploading' in camera.state")],
    ids=['streams', 'uploads'],
)
def test_the_child_ends_with_the_process_that_started_it(tmp_path, faults, until):
    done = run_program(tmp_path, faults, until, 'os.kill(os.getpid(), 9)')
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_the_child_imports_nothing_from_the_working_folder(tmp_path):
    cwd = tmp_path / 'work'
    cwd.mkdir()
    (cwd / 'random.py').write_text("raise ImportError('the wrong one')")
    done = run_program(tmp_path, '', 'camera.read(0.1)', 'camera.close()', cwd)
    assert done.returncode == 0, done.stderr
    assert 'the wrong one' not in done.stderr


def test_ctrl_c_does_not_reach_the_child(make):
    camera = make()
    camera.open()
    assert os.getpgid(pid_of(camera)) == pid_of(camera) != os.getpgid(0)
