"""The view of a node's latency; the node is a real one in test/nodes/test_latency_view.py."""

import json
import math

import numpy as np
import pytest

from picosam_ros.commands import latency
from picosam_ros.commands.arguments import positive
from picosam_ros.commands.latency_plot import STAGE, TOTAL, draw_report
from picosam_ros.commands.terminal import Screen
from picosam_ros.latency import LatencyRecord, LatencySample, Percentiles, Timing, summarise


def sample(number, *, prompts=1, dropped=0, period=0.1, **stages):
    return LatencySample(10.0 + period * number, Timing(**stages), prompts, dropped)


def record_of(count, **stages):
    record = LatencyRecord('/eye/latency')
    for number in range(count):
        record.add(sample(number, **(stages or {'queue': 1.0, 'total': 4.0 + number % 2})))
    return record


def test_a_summary_has_rate_drops_and_percentiles():
    samples = [sample(i, total=float(i), dropped=2 * i) for i in range(101)]
    summary = summarise('/eye/latency', samples)
    assert (summary.results, summary.answered, summary.dropped) == (101, 101, 200)
    assert summary.seconds == pytest.approx(10)
    assert summary.rate_hz == pytest.approx(10)
    assert summary.stages == {'total': Percentiles(50, 95, 99)}


def test_results_without_masks_do_not_make_the_stages_look_fast():
    samples = [sample(i, prompts=i % 2, total=10.0 * (i % 2)) for i in range(10)]
    summary = summarise('', samples)
    assert (summary.results, summary.answered) == (10, 5)
    assert summary.stages['total'].p50 == 10
    assert summarise('', samples[::2]).stages['total'].p50 == 0


def test_drops_go_on_after_a_node_was_activated_anew():
    counts = (5, 7, 0, 3)
    samples = [sample(i, dropped=dropped) for i, dropped in enumerate(counts)]
    assert summarise('', samples).dropped == 5


def test_one_result_has_no_rate_and_none_no_stages():
    assert record_of(1).summary().rate_hz == 0
    assert LatencyRecord('/eye/latency').summary().stages == {}


def test_the_table_shows_each_stage_and_a_bar_of_its_share():
    lines = latency.table(record_of(20, queue=1.0, total=4.0).summary()).splitlines()
    assert lines[0] == '/eye/latency   10.0 results per second, 20 in 1.9 s, 0 images dropped'
    assert lines[1].split() == ['p50', 'p95', 'p99', 'ms']
    assert lines[2].split() == ['queue', '1.00', '1.00', '1.00', '█' * 6]
    assert lines[3].split() == ['total', '4.00', '4.00', '4.00', '█' * 24]


def test_the_table_says_that_it_waits_and_that_prompts_are_missing():
    assert 'waiting for the first result' in latency.table(LatencyRecord('/eye/latency').summary())
    record = LatencyRecord('/eye/latency')
    record.add(sample(0, prompts=0, total=0.0))
    assert 'no result has a mask: send a prompt' in latency.table(record.summary())


def test_the_picture_has_the_bars_and_the_totals():
    picture = draw_report(record_of(200))
    assert picture.shape[1:] == (1200, 3)
    assert picture.dtype == np.uint8
    bars = picture[:200]
    long = np.all(bars == TOTAL[0], axis=-1).sum(axis=1).max()
    short = np.all(bars == STAGE[0], axis=-1).sum(axis=1).max()
    assert long / short == pytest.approx(4.5, rel=0.03)


@pytest.mark.parametrize('total', [0.0, 0.001, 5e6, math.nan])
def test_the_picture_of_odd_figures_and_of_a_single_result_is_drawn(total):
    assert draw_report(record_of(1, queue=0.0, total=total)).std() > 0


@pytest.mark.parametrize('text', ['0', '-1', 'inf', 'nan', 'soon'])
def test_seconds_are_a_number_above_zero(text):
    with pytest.raises(Exception, match='allowed are numbers above 0'):
        positive(text)
    assert positive('0.5') == 0.5


def test_a_screen_that_is_no_terminal_stays_empty(capsys):
    screen = Screen(live=True)
    screen.show('a\nb')
    screen.clear()
    assert capsys.readouterr().out == ''


def test_a_screen_draws_in_place(capsys, monkeypatch):
    monkeypatch.setattr('sys.stdout.isatty', lambda: True, raising=False)
    screen = Screen(live=True)
    screen.show('a\nb')
    screen.show('c')
    screen.clear()
    out = capsys.readouterr().out
    assert '\033[2F\033[J' in out
    assert out.endswith('\033[1F\033[J')


def test_figures_in_json_are_rounded():
    text = json.dumps(latency._rounded({'a': {'b': 1.234567, 'c': 3}}))
    assert text == '{"a": {"b": 1.2346, "c": 3}}'
