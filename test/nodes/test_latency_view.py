"""`picosam latency` beside a running node."""

import json
import os
import signal
import subprocess

import cv2
import pytest
from helpers.harness import PATIENCE
from helpers.installed import executable
from helpers.rig import picture
from std_msgs.msg import String

CENTRE = (150, 100)


@pytest.fixture
def shown(rig):
    """Give the module's segmenter while images with an object come."""
    rig.set(CENTRE)
    timer = rig.node.create_timer(0.05, lambda: rig.images.publish(rig.image(picture(CENTRE))))
    yield rig
    rig.node.destroy_timer(timer)


def finished(rig, *arguments, interrupt_after=0):
    """Run the command while the node is served; return exit code, output and errors.

    It is interrupted after so many results, unless they are 0.
    """
    environment = {**os.environ, 'NO_COLOR': '1'}
    process = subprocess.Popen(
        [executable('picosam'), 'latency', *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        if interrupt_after:
            topic = f'{rig.process.name}/latency'
            mine = rig.node.count_subscribers(topic)
            latencies = rig.inboxes['latency']
            ended = process.poll
            rig.wait_for(lambda: ended() is not None or rig.node.count_subscribers(topic) > mine)
            latencies.clear()
            rig.wait_for(lambda: ended() is not None or len(latencies) >= interrupt_after)
            process.send_signal(signal.SIGINT)
        rig.wait_for(lambda: process.poll() is not None, 4 * PATIENCE)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return process.returncode, out, err


def test_the_only_topic_is_found_and_its_figures_are_json(shown):
    # A busy machine needs longer for as many results.
    for seconds in (2, 8, 32):
        code, out, err = finished(shown, '--seconds', seconds, '--json')
        report = json.loads(out) if code == 0 else {'results': 0}
        if report['results'] > 5 and report['seconds'] > 0.5:
            break
    assert (code, err) == (0, '')
    assert report['topic'] == f'{shown.process.name}/latency'
    assert report['results'] > 5
    assert report['answered'] == report['results']
    assert report['rate_hz'] == pytest.approx((report['results'] - 1) / report['seconds'], rel=0.01)
    assert {'queue', 'inference', 'total'} <= set(report['stages'])
    total = report['stages']['total']
    assert 0 < total['p50'] <= total['p95'] <= total['p99']


def test_a_report_is_drawn_and_a_table_printed(shown, tmp_path):
    path = tmp_path / 'report.png'
    topic = f'{shown.process.name}/latency'
    for seconds in (1, 4, 16):
        code, out, err = finished(shown, topic, '--seconds', seconds, '--plot', path)
        if code == 0:
            break
    assert (code, err) == (0, '')
    assert out.startswith(f'{topic}   ')
    assert 'inference' in out
    assert cv2.imread(str(path)).shape[1] == 1200


def test_ctrl_c_ends_it_with_the_summary(shown):
    topic = f'{shown.process.name}/latency'
    # On a busy machine it may have begun to watch long after it was seen to subscribe.
    for results in (20, 100, 400):
        code, out, err = finished(shown, topic, interrupt_after=results)
        if code == 0:
            break
    assert (code, err) == (0, '')
    assert 'results per second' in out


def test_a_node_that_sends_nothing_is_told(rig):
    topic = f'{rig.process.name}/latency'
    code, _, err = finished(rig, topic, '--seconds', '0.5')
    assert code == 1
    assert f'no message was received on {topic}; check in /diagnostics' in err


def test_a_topic_that_is_not_there_names_those_that_are(rig):
    code, _, err = finished(rig, '/nowhere')
    assert code == 1
    assert f'there is no /nowhere; give one of {rig.process.name}/latency' in err


def test_a_topic_of_another_type_is_refused(rig):
    rig.publisher(String, '/chatter')
    code, _, err = finished(rig, '/chatter')
    assert code == 1
    assert '/chatter has the type std_msgs/msg/String; picosam_ros/msg/Latency is required' in err


def test_a_picture_that_cannot_be_written_is_told_before_the_watching(rig, tmp_path):
    code, _, err = finished(rig, '--plot', str(tmp_path / 'none' / 'a.png'))
    assert code == 1
    assert 'there is no folder' in err
    code, _, err = finished(rig, '--plot', 'report.doc')
    assert code == 1
    assert "OpenCV cannot write 'report.doc'" in err
