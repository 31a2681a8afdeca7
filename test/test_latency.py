import math
import threading

import numpy as np

from picosam_ros.latency import STAGES, LatencyWindow, Percentiles, RateMeter, Timing


def test_a_timing_has_no_stage_until_it_is_given_one():
    assert all(math.isnan(getattr(Timing(), stage)) for stage in STAGES)


def test_percentiles_are_of_the_results_that_have_the_stage():
    window = LatencyWindow()
    for value in range(1, 101):
        window.add(Timing(inference=value, dnn=value if value % 2 else math.nan))
    summary = window.percentiles()
    assert set(summary) == {'inference', 'dnn'}
    expected = np.percentile(np.arange(1, 101), (50, 95, 99))
    assert summary['inference'] == Percentiles(*expected)
    expected = np.percentile(np.arange(1, 101, 2), (50, 95, 99))
    assert summary['dnn'] == Percentiles(*expected)


def test_a_stage_of_zero_milliseconds_counts():
    window = LatencyWindow()
    window.add(Timing(queue=0.0))
    assert window.percentiles() == {'queue': Percentiles(0, 0, 0)}


def test_only_the_last_ones_count():
    window = LatencyWindow(length=3)
    for value in (900, 900, 1, 2, 3):
        window.add(Timing(total=value))
    assert window.percentiles()['total'].p50 == 2
    assert window.percentiles()['total'].p99 < 3.01


def test_a_cleared_window_has_no_percentiles():
    window = LatencyWindow()
    window.add(Timing(total=1))
    window.clear()
    assert window.percentiles() == {}


def test_threads_may_add_while_another_one_sums_up():
    window = LatencyWindow(length=100_000)
    threads = [
        threading.Thread(
            target=lambda: [window.add(Timing(total=5)) for _ in range(500)], daemon=True
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert all(p == Percentiles(5, 5, 5) for p in window.percentiles().values())
    assert window.percentiles()['total'] == Percentiles(5, 5, 5)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_rate_is_that_of_the_events_of_the_window_and_falls_to_zero_without_any():
    clock = Clock()
    meter = RateMeter(2.0, clock)
    assert (meter.count, meter.rate) == (0, 0.0)
    meter.add()
    assert (meter.count, meter.rate) == (1, 0.0)
    for period in [0.5] * 10 + [0.25] * 12:
        clock.now += period
        meter.add()
    assert (meter.count, meter.rate) == (9, 4.0)
    clock.now += 2.5
    assert (meter.count, meter.rate) == (0, 0.0)
