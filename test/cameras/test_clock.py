import threading
import time
from types import SimpleNamespace

from picosam_ros.cameras import base
from picosam_ros.cameras.base import Alarm, stamp_of


def test_a_moment_of_the_steady_clock_gets_the_stamp_of_its_age(monkeypatch):
    clock = SimpleNamespace(time_ns=lambda: 1_800_000_000_000, monotonic_ns=lambda: 5_000_000_000)
    monkeypatch.setattr(base, 'time', clock)
    assert stamp_of(3_000_000_000) == 1_798_000_000_000


def test_a_stamp_is_not_later_than_its_moment_and_not_before_the_clocks_were_read():
    moment, before = time.monotonic_ns(), time.time_ns()
    stamp = stamp_of(moment)
    assert before - (time.monotonic_ns() - moment) <= stamp <= time.time_ns()


def test_the_alarm_goes_off_at_its_moment_and_not_before():
    moment = time.monotonic_ns() + 5_000_000
    assert Alarm().wait_until(moment, timeout=60)
    assert time.monotonic_ns() >= moment


def test_a_moment_that_has_passed_is_not_waited_for():
    assert Alarm().wait_until(time.monotonic_ns() - 1, timeout=0)


def test_the_timeout_comes_first_if_it_is_shorter():
    assert not Alarm().wait_until(time.monotonic_ns() + 60_000_000_000, timeout=0.001)


def test_an_alarm_that_was_ended_never_goes_off():
    alarm = Alarm()
    alarm.end()
    assert alarm.ended
    assert not alarm.wait_until(time.monotonic_ns() - 1, timeout=60)


def test_another_thread_ends_the_wait():
    alarm = Alarm()
    threading.Timer(0.01, alarm.end).start()
    begun = time.monotonic()
    assert not alarm.wait_until(time.monotonic_ns() + 60_000_000_000, timeout=60)
    assert time.monotonic() - begun < 30
