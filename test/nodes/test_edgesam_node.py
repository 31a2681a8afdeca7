"""The node with EdgeSAM's engine, on small files with the signatures of the export."""

import math

import pytest
from geometry_msgs.msg import Point
from helpers import exported
from helpers.harness import Process
from helpers.rig import Rig, picture, values_of

from picosam_ros.msg import Box2D, PromptStatus
from picosam_ros.msg import Prompt as PromptMessage
from picosam_ros.ros.messages import from_time

CENTRE = (150, 100)


@pytest.fixture(scope='module')
def pair(tmp_path_factory):
    return exported.write_pair(tmp_path_factory.mktemp('exports'))


@pytest.fixture(scope='module')
def started(pair):
    """Run a segmenter on the two files."""
    parameters = {'engine': 'edgesam', **pair.options, 'threads': 1, 'track': False}
    with Process('segmenter', parameters) as process:
        rig = Rig(process)
        rig.connect()
        yield rig
        process.stop()
        rig.close()


def test_a_click_is_answered_by_edgesam_around_it(rig):
    assert rig.point(*CENTRE).state == PromptStatus.ACCEPTED
    [mask] = rig.show(picture(CENTRE)).masks.masks
    assert mask.engine == 'edgesam'
    assert (mask.centroid_x, mask.centroid_y) == pytest.approx(CENTRE, abs=5)
    assert mask.score == pytest.approx(0.9)


def test_negative_points_and_boxes_with_points_are_accepted(rig):
    assert rig.set(CENTRE, object_id=1).state == PromptStatus.ACCEPTED
    before = rig.show(picture(CENTRE)).masks.masks[0].area
    refinement = PromptMessage.REFINE
    answer = rig.set((CENTRE[0] + 60, CENTRE[1], 0), object_id=1, action=refinement)
    assert answer.state == PromptStatus.ACCEPTED
    box = Box2D(x0=200.0, y0=100.0, x1=260.0, y1=180.0)
    assert rig.set((230, 140), object_id=2, box=box).state == PromptStatus.ACCEPTED
    refined, second = rig.show(picture(CENTRE)).masks.masks
    assert 0 < refined.area < before
    assert second.area > 0


def test_latency_tells_encoder_and_decoder_apart(rig):
    rig.point(*CENTRE)
    image = rig.image(picture(CENTRE))
    latency = rig.show(image).latency
    age_ms = 1e-6 * (rig.node.get_clock().now().nanoseconds - from_time(image.header.stamp))
    assert latency.encode > 0
    assert latency.inference > 0
    assert math.isnan(latency.dnn)
    stages = (latency.receive, latency.queue, latency.preprocess, latency.encode)
    stages += (latency.inference, latency.decode, latency.publish)
    # Between two stages a busy machine may do other things.
    assert sum(stages) - 0.1 <= latency.total <= age_ms


def test_diagnostics_name_the_files_and_the_licence(rig):
    rig.click(Point(x=float(CENTRE[0]), y=float(CENTRE[1])))
    values = values_of(rig.component('segmentation', lambda status: status.values))
    assert values['engine'] == 'edgesam'
    assert values['model'] == 'edgesam_encoder.onnx + edgesam_decoder.onnx'
    assert 'non-commercial use only' in values['licence']
    assert 'non-commercial use only' in rig.process.stderr


def test_without_files_the_node_ends_and_says_which_ones_it_needs():
    with Process('segmenter', {'engine': 'edgesam'}) as process:
        assert process.wait() == 1
        assert "engine 'edgesam' needs two .onnx files of yours" in process.stderr
        assert 'Traceback' not in process.stderr
