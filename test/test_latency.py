import math
import re
import threading
from pathlib import Path

import numpy as np

from picosam_ros.latency import (
    STAGES,
    LatencyWindow,
    Percentiles,
    Timing,
    accounted,
    completed,
)
from picosam_ros.stages import TABLE


def test_a_timing_has_no_stage_until_it_is_given_one():
    assert all(math.isnan(getattr(Timing(), stage)) for stage in STAGES)


def test_every_stage_has_one_name_and_one_meaning_in_the_core_and_in_its_message():
    assert tuple(stage.name for stage in TABLE) == STAGES
    message = (Path(__file__).parents[1] / 'msg' / 'Latency.msg').read_text()
    fields = re.findall(r'^float32 (\w+) +# (.*)$', message, re.MULTILINE)
    assert fields == [(stage.name, stage.meaning) for stage in TABLE]


def test_the_stages_of_a_result_add_up_to_its_total():
    timing = completed(
        Timing(exposure=10.0, dnn=14.0, dsp=0.5, inference=3.0, decode=1.0),
        age=40.0,
        queue=2.0,
        decode=0.5,
        publish=0.25,
        since_offer=8.0,
    )
    assert (timing.receive, timing.other, timing.total) == (15.5, 1.25, 48.0)
    assert math.isnan(accounted(Timing(), total=1.0).encode)


def test_means_of_stages_add_up_also_where_some_results_have_no_such_stage():
    window = LatencyWindow()
    window.add(accounted(Timing(inference=4.0), total=6.0))
    window.add(accounted(Timing(inference=8.0, encode=20.0), total=30.0))
    assert window.means() == {'encode': 10.0, 'inference': 6.0, 'other': 2.0, 'total': 18.0}
    assert LatencyWindow().means() == {}


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
