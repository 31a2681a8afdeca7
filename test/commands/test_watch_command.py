"""The table of `picosam watch`; the node is a real one in test/nodes/test_watch_of_nodes.py."""

import math
from dataclasses import replace

from picosam_ros.commands.watch_table import report, table
from picosam_ros.latency import LatencySample, Timing, summarise
from picosam_ros.node_state import NodeState, SeenObject
from picosam_ros.status import Level, Status

SAMPLES = [LatencySample(i / 10, Timing(queue=1.0, total=5.0), 1, 2 * i) for i in range(11)]
STATE = NodeState(
    name='/robot/camera',
    there=True,
    silence_s=0.1,
    latency=summarise('', SAMPLES),
    objects=[
        SeenObject(1, 0.914, 1200, (10, 20, 50, 60), 'host'),
        SeenObject(2, reason='it is too dark'),
        SeenObject(3, 0.1),
    ],
    answers={'accepted': 3, 'refused': 1, 'lost': 0},
    last_refusal='object 9: no',
    readers=['/robot/viewer'],
    components={
        'segmentation': Status(Level.OK, '3 objects', {'engine': 'host', 'model': 'small'}),
        'input': Status(Level.WARN, 'stamps are 3 s old'),
    },
)


def rows_of(state):
    return [line.split() for line in table(state).splitlines()]


def test_the_table_has_a_row_for_each_fact():
    assert rows_of(STATE) == [
        ['/robot/camera', 'host', 'small'],
        ['images', '30.0', 'images/s,', '10.0', 'of', 'them', 'answered'],
        ['objects', '1', 'score', '0.91', '1200', 'px', '(10,', '20)', 'to', '(50,', '60)'],
        ['2', 'not', 'answered:', 'it', 'is', 'too', 'dark'],
        ['3', 'empty', 'mask'],
        ['latency', '5.0', 'ms', '(p95', '5.0)', 'queue', '1.0'],
        ['prompts', '3', 'accepted,', '1', 'refused'],
        ['refused', 'object', '9:', 'no'],
        ['masks', 'to', '/robot/viewer'],
        ['input', 'stamps', 'are', '3', 's', 'old'],
    ]


def test_silence_and_absence_are_told():
    silent = replace(STATE, latency=summarise('', []))
    assert rows_of(silent)[1] == ['images', 'no', 'result', 'for', '0', 's']
    assert rows_of(replace(silent, silence_s=math.inf))[1] == ['images', 'no', 'result', 'yet']
    assert rows_of(replace(STATE, there=False))[1] == ['images', 'the', 'node', 'is', 'gone']


def test_many_objects_are_counted():
    state = replace(STATE, objects=[SeenObject(n, 0.5, 9, (0, 0, 2, 2)) for n in range(1, 31)])
    assert ['and', '18', 'more'] in rows_of(state)


def test_json_has_the_same():
    told = report(STATE)
    assert told['engine'] == 'host small'
    assert (told['images_per_second'], told['results_per_second']) == (30.0, 10.0)
    assert told['latency_ms']['total'] == {'p50': 5.0, 'p95': 5.0}
    assert [each['id'] for each in told['objects']] == [1, 2, 3]
    assert told['objects'][1]['score'] is None
    assert told['problems'] == [
        {'component': 'input', 'level': 'WARN', 'message': 'stamps are 3 s old'}
    ]
