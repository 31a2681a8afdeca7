import time
from types import SimpleNamespace

import numpy as np
import pytest

from picosam_ros.cameras import base
from picosam_ros.cameras.picamera import captured_frame
from picosam_ros.cameras.picamera.captured_frame import (
    FORMATS,
    PREFERRED,
    captured_at,
    period_of,
    stamp_from,
    to_rgb,
)
from picosam_ros.errors import CameraError

SECOND = 1_000_000_000
MILLISECOND = 1_000_000

# How a red pixel lies in memory, by the picamera2 manual.
RED = {
    'BGR888': (255, 0, 0),
    'RGB888': (0, 0, 255),
    'XBGR8888': (255, 0, 0, 255),
    'XRGB8888': (0, 0, 255, 255),
}


@pytest.mark.parametrize('name', FORMATS)
def test_a_red_square_is_red(name):
    memory = np.zeros((6, 8, len(RED[name])), np.uint8)
    memory[2:4, 3:6] = RED[name]
    rgb = to_rgb(memory, name)
    expected = np.zeros((6, 8, 3), np.uint8)
    expected[2:4, 3:6, 0] = 255
    assert np.array_equal(rgb, expected)
    assert rgb.flags.c_contiguous


def test_what_the_cameras_ask_for_is_not_converted():
    memory = np.zeros((6, 8, 3), np.uint8)
    assert to_rgb(memory, PREFERRED) is memory


def test_an_unknown_format_is_refused_with_the_known_ones():
    with pytest.raises(CameraError, match="'YUV420'; known are BGR888, RGB888, XBGR8888"):
        to_rgb(np.zeros((9, 8), np.uint8), 'YUV420')


def test_a_steady_timestamp_is_the_moment_of_capture():
    captured = time.monotonic_ns() - 40 * MILLISECOND
    assert abs(captured_at({'SensorTimestamp': captured}) - captured) < MILLISECOND


def test_the_timestamp_is_that_of_the_end_of_the_exposure_which_began_before_it():
    end = time.monotonic_ns() - 40 * MILLISECOND
    metadata = {'SensorTimestamp': end, 'ExposureTime': 10_000, 'FrameWallClock': SECOND}
    assert abs(captured_at(metadata) - (end - 10 * MILLISECOND)) < MILLISECOND
    assert stamp_from(metadata, 0) == SECOND - 10 * MILLISECOND


def test_a_timestamp_of_the_boot_clock_is_brought_to_the_steady_one(monkeypatch):
    now, asleep = 100 * SECOND, 3600 * SECOND
    clocks = {'monotonic_ns': lambda: now, 'CLOCK_BOOTTIME': time.CLOCK_BOOTTIME}
    clocks['clock_gettime_ns'] = {time.CLOCK_BOOTTIME: now + asleep}.get
    monkeypatch.setattr(captured_frame, 'time', SimpleNamespace(**clocks))
    captured = now - 40 * MILLISECOND
    assert captured_at({'SensorTimestamp': captured + asleep}) == captured


@pytest.mark.parametrize('metadata', [{}, {'SensorTimestamp': 5}, {'SensorTimestamp': 2**62}])
def test_without_a_timestamp_that_makes_sense_it_is_the_arrival(metadata):
    before = time.monotonic_ns()
    assert before <= captured_at(metadata) <= time.monotonic_ns()


def test_the_stamp_is_libcameras_wall_clock_where_it_tells_one():
    assert stamp_from({'FrameWallClock': 17}, 0) == 17


def test_else_the_stamp_is_as_old_as_the_frame(monkeypatch):
    now, wall = 100 * SECOND, 1_800_000_000 * SECOND
    clock = SimpleNamespace(monotonic_ns=lambda: now, time_ns=lambda: wall)
    monkeypatch.setattr(base, 'time', clock)
    assert stamp_from({}, now - 40 * MILLISECOND) == wall - 40 * MILLISECOND


def test_the_period_is_told_in_microseconds():
    assert period_of({'FrameDuration': 100_000}) == SECOND // 10
    assert period_of({}) == pytest.approx(SECOND / 30, abs=1)
