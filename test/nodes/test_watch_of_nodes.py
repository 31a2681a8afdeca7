"""`picosam watch` beside a running node."""

import contextlib
import json
import os
import signal
import subprocess

from helpers.harness import PATIENCE
from helpers.installed import executable
from helpers.rig import disc, picture

from picosam_ros.msg import Point2D, Prompt

CENTRE = (150, 100)


@contextlib.contextmanager
def watching(rig, out, *arguments):
    """Run the command on the module's segmenter; its output goes to a file."""
    words = ['--node', rig.process.name, '--timeout', str(PATIENCE), *arguments]
    with out.open('w') as file:
        process = subprocess.Popen(
            [executable('picosam'), 'watch', *words],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, 'NO_COLOR': '1'},
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_each_line_of_json_has_objects_rates_latency_and_refusals(rig, tmp_path):
    out = tmp_path / 'lines.json'
    rig.set(CENTRE, object_id=7)
    outside = [Point2D(x=900.0, y=100.0, label=Point2D.POSITIVE)]

    def go_on():
        rig.images.publish(rig.image(picture(CENTRE)))
        rig.prompts.publish(Prompt(object_id=2, points=outside))

    def complete():
        lines = out.read_text().splitlines(keepends=True)
        return next(filter(_is_complete, map(_node_of, lines)), None)

    with watching(rig, out, '--json') as process, rig.repeating(go_on):
        node = rig.wait_for(complete, 4 * PATIENCE)
        process.send_signal(signal.SIGINT)
        rig.wait_for(lambda: process.poll() is not None)
        assert process.returncode == 0
    assert node['node'] == rig.process.name
    assert node['running']
    [seen] = node['objects']
    assert (seen['id'], seen['reason']) == (7, '')
    assert 0 < seen['score'] <= 1
    assert abs(seen['area'] - disc(CENTRE).sum()) < 200
    assert node['latency_ms']['total']['p50'] > 0
    assert 'object 2: point (900, 100) is outside of the image' in node['last_refusal']


def _node_of(line):
    """Return the node of a line that is whole, or nothing."""
    nodes = json.loads(line)['nodes'] if line.endswith('\n') else []
    return nodes[0] if nodes else None


def _is_complete(node):
    """Whether it shows all that the test has made happen."""
    return node and node['objects'] and node['images_per_second'] and node['prompts']['refused']


def test_a_table_is_printed_at_the_end(rig, tmp_path):
    out = tmp_path / 'table.txt'
    with watching(rig, out, '--seconds', '1') as process:
        rig.wait_for(lambda: process.poll() is not None, 4 * PATIENCE)
    head, *rows = out.read_text().splitlines()
    assert process.returncode == 0
    assert head.startswith(rig.process.name)
    assert rows[0].split() == ['images', 'no', 'result', 'yet']
    assert rows[1].split()[:2] == ['objects', 'none:']


def test_where_no_node_runs_it_says_what_to_do(rig):
    command = [executable('picosam'), 'watch', '--namespace', '/nowhere', '--timeout', '1']
    done = subprocess.run(command, capture_output=True, text=True, timeout=4 * PATIENCE)
    assert done.returncode == 1
    assert '/nowhere' in done.stderr or 'is one running' in done.stderr
