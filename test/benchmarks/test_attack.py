"""Attacks run to the end at their smallest and hold; one that does not hold is told."""

import json
import subprocess

import pytest
from geometry_msgs.msg import PointStamped
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo, Image

from benchmarks.attack import __main__ as attack
from benchmarks.attack import bad_numbers, contained, page
from benchmarks.attack.result import Result
from benchmarks.attack.table import ATTACKS, BY_NAME, Attack
from benchmarks.report import Row
from benchmarks.rigs.process_sizes import footprint
from picosam_ros.msg import Prompt
from picosam_ros.srv import Segment

SEED = 5
# The smallest at which each does all that it does. `peers` waits for the middleware's lease.
SMALLEST = {'many_points': 9, 'prompt_storm': 8, 'signals': 3, 'soak': 2}
# Of what they try, other tests try each kind. A soak of 40 s judges memory strictly.
LONGER = {'bad_numbers': 12, 'films': 2, 'soak': 40}
HELD = Row('lost', 0, '', 0)
BROKEN = Row('prompts without a trace', 3, '', 0, '10 sent')


def untimed(name, count):
    """Run an attack; how long something took is judged by `make attack`, on a quiet machine."""
    rows = contained.run(BY_NAME[name], count, SEED)
    facts = (row for row in rows if row.unit != 's' and not row.name.endswith(': late'))
    return Result(BY_NAME[name], count, tuple(facts))


def result(*rows):
    return Result(BY_NAME['films'], 2, rows)


@pytest.mark.parametrize(
    ('name', 'count'),
    [
        *SMALLEST.items(),
        *(pytest.param(*each, marks=pytest.mark.slow) for each in LONGER.items()),
    ],
)
@pytest.mark.timeout(400)
def test_an_attack_runs_to_the_end_and_holds(name, count):
    found = untimed(name, count)
    assert found.ok, found.to_text()
    assert sum(row.target is not None for row in found.rows) > 3


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_killed_peers_leave_nothing_behind():
    found = untimed('peers', 3)
    assert found.ok, found.to_text()


@pytest.mark.timeout(400)
def test_memory_stays_where_a_camera_is_lost_again_and_again():
    # With one network left behind by each loss, as once, these would be 70 MB.
    rows = {row.name: row for row in contained.run(BY_NAME['device_losses'], 12, SEED)}
    for name in ('killed: memory gained', 'killed: memory gained by the node alone'):
        assert rows[name].value <= rows[name].target, rows[name]
    assert rows['kills without frames afterwards'].value == 0


@pytest.mark.parametrize('row', ATTACKS, ids=lambda row: row.name)
def test_every_row_of_the_table_has_its_function(row):
    assert callable(row.run)
    assert row.scaled(1e-9) == 1


def test_all_attacks_together_take_at_most_forty_minutes_where_all_of_them_hang():
    assert sum(row.limit_s for row in ATTACKS) <= 2400


def test_an_attack_that_takes_too_long_is_ended_and_has_failed():
    slow = Attack('soak', '', 1, '', '', limit_s=0.5)
    rows = {row.name: row for row in contained.run(slow, 60, SEED)}
    assert rows['attack broke off'].ok is False
    assert rows['time it took'].value < 60


def test_an_attack_that_raises_has_failed():
    unknown = Attack('no_such_attack', '', 1, '', '', limit_s=60)
    rows = {row.name: row for row in contained.run(unknown, 1, SEED)}
    assert rows['attack broke off'].ok is False
    assert 'no_such_attack' in rows['attack broke off'].note


@pytest.mark.parametrize(('row', 'code'), [(HELD, 0), (BROKEN, 1)])
def test_a_fact_that_does_not_hold_gives_exit_code_1(monkeypatch, tmp_path, capsys, row, code):
    monkeypatch.setattr(attack, 'attacked', lambda *_: result(Row('told', 5.0, 's'), row))
    file = tmp_path / 'facts.json'
    assert attack.main(['--only', 'films', '--json', str(file)]) == code
    told = json.loads(file.read_text())['attacks']['films']
    assert told['holds'] is (code == 0)
    assert told['rows'][1]['value'] == row.value
    assert ('DID NOT HOLD' in capsys.readouterr().out) is (code == 1)


@pytest.mark.parametrize('scale', ['0', '-1', 'nan', '1000'])
def test_a_scale_out_of_range_is_refused(scale, capsys):
    with pytest.raises(SystemExit):
        attack.main(['--scale', scale])
    assert 'up to 100' in capsys.readouterr().err


def test_a_run_writes_the_page_between_its_marks_and_nothing_else(tmp_path):
    path = tmp_path / 'page.md'
    path.write_text(f'before\n{page.BEGIN}\nfigures of before\n{page.END}\nafter\n')
    page.write(path, [result(HELD), result(BROKEN)], {'processor': 'an abacus'})
    text = path.read_text()
    assert text.startswith('before\n')
    assert text.endswith('\nafter\n')
    assert 'figures of before' not in text
    assert '| held' in text
    assert 'did not hold: prompts without a trace 3 (≤ 0)' in text
    path.write_text('no marks')
    with pytest.raises(ValueError, match='attacks: begin'):
        page.write(path, [], {})


def test_the_page_of_the_documentation_has_the_marks(root):
    text = (root / 'docs/reliability.md').read_text()
    assert text.index(page.BEGIN) < text.index(page.END)


@pytest.mark.parametrize(
    'message',
    [
        bad_numbers._image(),
        bad_numbers._camera_info(),
        bad_numbers._prompt(),
        PointStamped(),
        Segment.Request(image=bad_numbers._image(), prompts=[bad_numbers._prompt()]),
    ],
    ids=lambda message: type(message).__name__,
)
def test_every_field_gets_bad_values_that_ros_can_carry(message):
    paths = {path for path, _ in bad_numbers._mutations(message)}
    named = {path[0] for path in paths}
    assert named == set(message.get_fields_and_field_types())
    bad = [*bad_numbers._drawn(message, 400, bad_numbers.random.Random(SEED))]
    for each in bad:
        deserialize_message(serialize_message(each), type(message))
    if isinstance(message, (Image, CameraInfo, Prompt)):
        assert any(each != message for each in bad)


def test_a_footprint_counts_the_children():
    # A process whose threads and files nobody else changes; `cat` echoes once it runs.
    words = ['sh', '-c', 'cat; true']
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        shell.stdin.write(b'.')
        shell.stdin.flush()
        assert shell.stdout.read(1) == b'.'
        alone, both = footprint(shell.pid, children=False), footprint(shell.pid)
    assert (alone.threads, both.threads) == (1, 2)
    assert both.files > alone.files > 0
