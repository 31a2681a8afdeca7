"""The race runs to the end, tells what it promised and what got worse; no test asks who won."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.race import workloads
from benchmarks.race.__main__ import main
from benchmarks.race.chart import draw
from benchmarks.race.compare import worse
from benchmarks.race.contenders import BARE
from benchmarks.race.results import ContenderResult, Results, Times
from benchmarks.race.table import table, verdict
from benchmarks.race.workloads import (
    AGAIN,
    FIRST,
    OBJECT,
    PROMPTS,
    SIZES,
    WORKLOADS,
)

# On a busy machine a race takes many times as long.
pytestmark = pytest.mark.timeout(400)

SENSOR = 'in_sensor (host share)'


def result(milliseconds, *, each=0.0, ours=True):
    """Return a contender that takes so long, and `each` longer for every further prompt."""
    times = {
        workload.name: Times(ms, 1.2 * ms, 1.3 * ms, 1.0, 9)
        for workload in WORKLOADS
        for ms in [milliseconds + each * (workload.prompts - 1)]
    }
    return ContenderResult(50.0, 9.0, 100.0, times, ours)


def results(**others):
    contenders = {BARE: result(4.0, each=4.0), 'host': result(4.2, each=4.2), **others}
    return Results({'processor': 'an abacus', 'load': '0.1 before'}, 1, contenders)


def test_every_box_lies_within_its_picture_and_no_two_are_one():
    for workload in WORKLOADS:
        boxes = [prompt.box for prompt in workloads.prompts(workload)]
        assert len(set(boxes)) == workload.prompts
        for box in boxes:
            assert box.x1 - box.x0 == box.y1 - box.y0 == OBJECT - 1
            assert 0 <= box.x0 < box.x1 < workload.width
            assert 0 <= box.y0 < box.y1 < workload.height


def test_it_runs_to_the_end_and_writes_figures_and_a_chart(tmp_path, capsys):
    file, image = tmp_path / 'race.json', tmp_path / 'race.png'
    words = ['--quick', '--rounds', '1', '--only', 'host', '--only', SENSOR]
    assert main([*words, '--json', str(file), '--png', str(image)]) == 0
    printed = capsys.readouterr().out
    for word in (BARE, 'host', SENSOR, 'segment() over bare inference', 'dot products'):
        assert word in printed
    written = Results.read(file)
    assert set(written.contenders) == {BARE, 'host', SENSOR}
    host = written.contenders['host']
    assert min(host.open_ms, host.first_ms, host.memory_mb) > 0
    assert 0 < host.workloads[FIRST.name].p50 <= host.workloads[FIRST.name].p95
    # The sensor has one ROI: it runs where there is one prompt.
    assert PROMPTS[-1].name in host.workloads
    assert PROMPTS[-1].name not in written.contenders[SENSOR].workloads
    assert image.stat().st_size > 1000


def test_a_stored_race_is_read_as_it_was_written(tmp_path):
    path = tmp_path / 'race.json'
    results().write(path)
    assert Results.read(path) == results()


@pytest.mark.parametrize('content', ['', '{}', '{"machine": {}, "threads": 1, "contenders": [1]}'])
def test_a_file_that_is_no_race_is_refused_with_the_way_to_write_one(tmp_path, content):
    path = tmp_path / 'race.json'
    path.write_text(content)
    with pytest.raises(SystemExit, match=r'is no result of the race .* write one with --json'):
        Results.read(path)


def test_what_got_worse_is_told_as_a_ratio_to_the_bare_inference():
    # The machine is half as fast and nothing got worse but one workload.
    slower = {name: result(8.0, each=8.0) for name in (BARE, 'host')}
    assert worse(results(**slower), results(), 0.15) == []
    slow = result(4.2, each=4.2)
    slow.workloads[FIRST.name] = replace(slow.workloads[FIRST.name], p50=6.0)
    [sentence] = worse(results(host=slow), results(), 0.15)
    assert sentence == ('host, 640×480, 1 prompt: 1.50 times the bare inference, was 1.05 (+43%)')


def test_memory_that_grew_is_told_too():
    [sentence] = worse(results(host=replace(result(4.2, each=4.2), memory_mb=130)), results(), 0.15)
    assert sentence == 'host: 130 MB, was 100 (+30%)'


def test_the_command_fails_where_something_got_worse_or_did_not_run(tmp_path, capsys):
    path = tmp_path / 'race.json'
    fast = {SENSOR: result(1e-4), 'host': result(1e-3)}
    replace(results(), contenders={BARE: result(4.0), **fast}).write(path)
    words = ['--quick', '--rounds', '1', '--only', SENSOR, '--compare', str(path)]
    assert main(words) == 1
    assert f'worse: {SENSOR}, 640×480, 1 prompt: ' in capsys.readouterr().out
    assert main([*words, '--tolerance', '1e9']) == 0
    assert 'nothing got worse' in capsys.readouterr().out


def test_an_unknown_contender_is_a_usage_error_with_the_known_ones(capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['--only', 'abacus'])
    assert "'abacus' was given; known are bare inference, host" in capsys.readouterr().err


def test_one_file_of_edgesam_is_a_usage_error(capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['--encoder', 'a.onnx'])
    assert 'give both files' in capsys.readouterr().err


def test_the_table_has_the_fastest_first_and_names_peers():
    lines = table(results(peer=result(2.0, ours=False))).splitlines()
    assert [line.split('  ')[0] for line in lines[2:]] == ['peer (peer)', BARE, 'host']
    assert lines[0].split()[:4] == ['ms', 'open', 'first', 'p50']


def test_the_verdict_holds_ratios_against_their_promises():
    ours = {
        'host int8': result(2.1),
        'host, openvino': result(2.0),
        'edgesam stand-in': result(400.0),
        'PyTorch eager': result(9.0, ours=False),
    }
    again = ours['edgesam stand-in'].workloads
    again[AGAIN.name] = replace(again[AGAIN.name], p50=40.0)
    rows = {row.name: row for row in verdict(results(**ours)).rows}
    assert rows['segment() over bare inference'].value == pytest.approx(1.05)
    assert rows['int8 over fp32'].ok
    assert rows['host, openvino over host'].value == pytest.approx(2.0 / 4.2)
    assert rows['host over PyTorch eager'].ok
    told = rows['edgesam stand-in: the same image again over a new one']
    assert told.value == pytest.approx(0.1)
    assert rows['host: each of 32 prompts over one'].value == pytest.approx(1.0)
    assert rows['host: an image of 4K over VGA'].value == pytest.approx(1.0)


def test_the_picture_has_a_colour_for_everybody():
    drawn = draw(results(quick=result(0.3)))
    assert drawn.shape[1:] == (1280, 3)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 20


def test_the_stand_in_has_edgesams_signature_and_runs(tmp_path):
    from benchmarks.race import stand_in
    from picosam_ros.engines import open_engine
    from picosam_ros.engines.sam.specs import S_LAB

    encoder, decoder = stand_in.write(tmp_path)
    with open_engine('edgesam', encoder=encoder, decoder=decoder, threads=1) as engine:
        assert engine.description['licence'] == S_LAB
        workload = SIZES[0]
        made = engine.segment(
            workloads.frame(workloads.image(workload), 1), workloads.prompts(workload)
        )
    assert np.isfinite(made.masks[0].logits).all()
