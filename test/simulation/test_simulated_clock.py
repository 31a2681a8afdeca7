"""What the clocks do to other threads and what signals do to them."""

import signal
import sys
import threading
import time

import numpy as np
import pytest
from helpers.patient import until

from picosam_ros.simulation import Faults, Settings, Simulation, SteadyClock, SteppedClock
from picosam_ros.simulation import clock as module
from picosam_ros.simulation.clock import LIBC

HOLD_NS = 50_000_000


@pytest.fixture
def ticks():
    """Count in another thread, whenever that one can run; the list has the count."""
    count, ended = [0], threading.Event()

    def run():
        while not ended.is_set():
            count[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=run)
    interval = sys.getswitchinterval()
    thread.start()
    # A thread is left alone until it waits by itself, so all between two reads counts exactly.
    sys.setswitchinterval(60)
    # A wait that began before was for the shorter interval; the next one is not.
    before = count[0]
    until(lambda: time.sleep(0.001) or count[0] > before + 1)
    yield count
    sys.setswitchinterval(interval)
    ended.set()
    thread.join(10)


class Watched(SteadyClock):
    """Notes how far a count of another thread moves while it holds."""

    def __init__(self, count):
        self.count, self.moved = count, []

    def hold_until(self, steady_ns):
        before = self.count[0]
        super().hold_until(steady_ns)
        self.moved.append(self.count[0] - before)


def test_no_other_thread_runs_while_the_camera_starts(ticks):
    clock = Watched(ticks)
    clock.hold_until(0)  # loads what it calls
    clock.moved.clear()
    settings = Settings(
        np.zeros((3, 4, 3), np.uint8),
        replay=[np.zeros((8, 8), np.float32)],
        clock=clock,
        faults=Faults(start_s=HOLD_NS / 1e9),
    )
    simulation = Simulation(settings)
    simulation.IMX500('picosam2-96')
    with simulation.Picamera2() as camera:
        camera.start()
    assert clock.moved == [0]
    before = ticks[0]
    # The other thread can run at all, once a busy machine has a core for it.
    until(lambda: clock.sleep_until(clock.now_ns() + HOLD_NS) or ticks[0] > before)


def test_a_hold_lasts_until_its_end_and_signals_wait_for_it(monkeypatch):
    moments_ns = []
    hold = LIBC.pthread_mutex_clocklock  # looked up now: that is a call, the first time

    class Libc:
        pthread_mutex_lock = LIBC.pthread_mutex_lock

        def pthread_mutex_clocklock(*arguments):
            # Forget those that came before the hold; no call, after which another one is heard.
            moments_ns[:] = []
            return hold(*arguments)

    monkeypatch.setattr(module, 'LIBC', Libc)
    previous = signal.signal(signal.SIGALRM, lambda *_: moments_ns.append(time.monotonic_ns()))
    end_ns = time.monotonic_ns() + HOLD_NS
    signal.setitimer(signal.ITIMER_REAL, HOLD_NS / 1e10, HOLD_NS / 1e10)
    SteadyClock().hold_until(end_ns)
    ended_ns = time.monotonic_ns()
    until(lambda: moments_ns)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)
    assert ended_ns >= end_ns
    assert min(moments_ns) >= end_ns


@pytest.mark.parametrize('make', [SteadyClock, SteppedClock])
def test_a_moment_that_has_passed_is_not_waited_for(make):
    clock = make()
    for moment_ns in (-1, 0, clock.now_ns()):
        clock.hold_until(moment_ns)
