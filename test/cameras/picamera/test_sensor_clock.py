import time

import pytest

from picosam_ros.cameras.picamera.sensor_clock import captured_at, period_of, stamp_from

SECOND = 1_000_000_000
MILLISECOND = 1_000_000


def test_a_steady_timestamp_is_the_moment_of_capture():
    captured = time.monotonic_ns() - 40 * MILLISECOND
    assert abs(captured_at({'SensorTimestamp': captured}) - captured) < MILLISECOND


def test_a_timestamp_of_the_boot_clock_is_brought_to_the_steady_one(monkeypatch):
    asleep = 3600 * SECOND
    monkeypatch.setattr(time, 'clock_gettime_ns', lambda _: time.monotonic_ns() + asleep)
    captured = time.monotonic_ns() - 40 * MILLISECOND
    assert abs(captured_at({'SensorTimestamp': captured + asleep}) - captured) < 50 * MILLISECOND


@pytest.mark.parametrize('metadata', [{}, {'SensorTimestamp': 5}, {'SensorTimestamp': 2**62}])
def test_without_a_timestamp_that_makes_sense_it_is_the_arrival(metadata):
    before = time.monotonic_ns()
    assert before <= captured_at(metadata) <= time.monotonic_ns()


def test_the_stamp_is_libcameras_wall_clock_where_it_tells_one():
    assert stamp_from({'FrameWallClock': 17}, 0) == 17


def test_else_the_stamp_is_as_old_as_the_frame():
    captured = time.monotonic_ns() - 40 * MILLISECOND
    age = time.time_ns() - stamp_from({}, captured)
    assert 40 * MILLISECOND <= age < 90 * MILLISECOND


def test_the_period_is_told_in_microseconds():
    assert period_of({'FrameDuration': 100_000}) == SECOND // 10
    assert period_of({}) == pytest.approx(SECOND / 30, abs=1)
