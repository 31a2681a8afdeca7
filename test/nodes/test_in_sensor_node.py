"""The camera node on a simulated IMX500: who answers, in whose turn, and what is told about it."""

import contextlib
from collections import Counter

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from helpers.harness import Process
from helpers.rig import BACKGROUND, OBJECT, Rig, picture, values_of

from picosam_ros.latency import STAGES
from picosam_ros.msg import Point2D, Prompt, PromptStatus
from picosam_ros.srv import Segment

# In the image of 640×480: a cross of red discs, which the camera's hand never loses.
CENTRES = {1: (320, 240), 2: (240, 240), 3: (400, 240)}


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    """A folder with one picture of three red discs."""
    folder = tmp_path_factory.mktemp('pictures')
    pixels = np.full((480, 640, 3), BACKGROUND, np.uint8)
    for centre in CENTRES.values():
        cv2.circle(pixels, centre, 30, OBJECT, -1)
    cv2.imwrite(str(folder / 'discs.png'), pixels[..., ::-1])
    return str(folder)


@pytest.fixture
def run(red_network, pictures):
    """Give a function that starts the node and waits for its first image."""
    with contextlib.ExitStack() as stack:

        def start(**parameters):
            simulated = {
                'camera': 'imx500',
                'simulate': True,
                'source': pictures,
                'sensor_network': red_network,
                'model': red_network,
                'threads': 1,
                'track': False,
                'roi_size': 192,
                # A busy machine may take its time to bring a prompt.
                'prompt_max_age': 30.0,
            }
            process = stack.enter_context(Process('camera', simulated | parameters))
            rig = Rig(process)
            stack.callback(rig.close)
            stack.callback(process.stop)
            rig.wait_for(lambda: rig.inboxes['latency'])
            rig.join()
            return rig

        yield start


def point(rig, *object_ids):
    for object_id in object_ids:
        assert rig.set(CENTRES[object_id], object_id=object_id).state == PromptStatus.ACCEPTED


def masks_by(rig, engine):
    """Give the object ids that an engine answered, one for each mask."""
    return [
        mask.object_id
        for message in rig.inboxes['masks']
        for mask in message.masks
        if mask.engine == engine
    ]


def test_the_sensor_answers_and_the_host_fills_the_gaps(run):
    rig = run(faults='missing=0.3')
    point(rig, 1, 2)

    def complete():
        return [message for message in rig.inboxes['masks'] if len(message.masks) == 2]

    def answered_by_both():
        counts = Counter(mask.engine for message in complete() for mask in message.masks)
        return counts['in_sensor'] > 5 and counts['host'] > 5

    rig.wait_for(answered_by_both)
    for message in complete():
        assert not message.unanswered
        for mask in message.masks:
            x, _ = CENTRES[mask.object_id]
            assert abs(mask.roi.x + mask.roi.width / 2 - x) < 2


def test_both_find_the_same_object(run):
    # The host has its turn again and again, not only before the ROI has settled.
    rig = run(faults='missing=0.3')
    point(rig, 1)
    rig.wait_for(lambda: all(len(masks_by(rig, engine)) > 5 for engine in ('in_sensor', 'host')))
    masks = [mask for message in rig.inboxes['masks'] for mask in message.masks]
    areas = {
        engine: [m.area for m in masks if m.engine == engine] for engine in ('in_sensor', 'host')
    }
    assert np.median(areas['in_sensor']) == pytest.approx(np.median(areas['host']), rel=0.2)


def test_three_objects_take_turns_with_the_sensor_alone(run):
    rig = run(fallback_policy='sensor_only')
    point(rig, 1, 2, 3)
    rig.inboxes['masks'].clear()

    def three_rounds():
        # Messages that are lost on a busy machine break a round, those after them make whole ones.
        answered = masks_by(rig, 'in_sensor')
        nine = (answered[i : i + 9] for i in range(len(answered) - 8))
        return any(set(nine[:3]) == CENTRES.keys() and nine == 3 * nine[:3] for nine in nine)

    def told(words):
        reasons = (reason for message in rig.inboxes['masks'] for reason in message.reasons)
        return any(reason.startswith(words) for reason in reasons)

    rig.wait_for(three_rounds)
    rig.wait_for(lambda: told('waits for its turn: the sensor has one ROI'))
    rig.wait_for(lambda: told('the ROI was placed'))
    assert masks_by(rig, 'host') == []


@pytest.mark.parametrize('parameters', [{'fallback_policy': 'host_only'}, {'engine': 'host'}])
def test_the_host_alone_answers_where_that_is_asked_for(run, parameters):
    rig = run(**parameters)
    point(rig, 1)
    rig.wait_for(lambda: len(masks_by(rig, 'host')) > 5)
    assert masks_by(rig, 'in_sensor') == []


def test_the_engine_of_the_sensor_can_be_asked_for_by_name(run):
    rig = run(engine='in_sensor')
    point(rig, 1)
    rig.wait_for(lambda: len(masks_by(rig, 'in_sensor')) > 5)
    assert masks_by(rig, 'host') == []


def test_the_stages_in_the_sensor_are_told_and_all_add_up_to_the_total(run):
    rig = run()
    point(rig, 1)
    latency = rig.inboxes['latency']
    rig.wait_for(lambda: sum(one.dnn == one.dnn for one in latency) > 10)
    told = [one for one in latency if one.dnn == one.dnn]
    assert {(round(one.exposure, 1), round(one.dnn, 1), round(one.dsp, 1)) for one in told} == {
        (10.0, 14.3, 0.4)
    }
    for one in told:
        stages = [getattr(one, stage) for stage in STAGES if stage != 'total']
        assert sum(stage for stage in stages if stage == stage) == pytest.approx(one.total, abs=0.1)
        assert one.other > -0.1
    # That is the time between two stages, which a busy machine draws out for most messages, but
    # not for all.
    rig.wait_for(lambda: any(one.dnn == one.dnn and one.other < 1 for one in latency))


def test_an_roi_that_the_driver_refuses_is_told_and_the_host_stands_in(run):
    rig = run(faults='refuse_roi=1')
    point(rig, 1)
    rig.wait_for(lambda: len(masks_by(rig, 'host')) > 5)
    status = rig.component('segmentation', lambda s: 'refused the ROI' in s.message)
    assert status.level == DiagnosticStatus.WARN

    def streaming(camera):
        values = values_of(camera)
        return int(values.get('refused ROIs', 0)) > 0 and values['state'] == 'streaming'

    rig.component('camera', streaming)


def test_an_upload_is_seen_in_the_diagnostics_and_holds_nothing_up(red_network, pictures):
    # Long enough to be seen by a late observer.
    parameters = {'camera': 'imx500', 'simulate': True, 'source': pictures, 'faults': 'start_s=15'}
    with Process('camera', parameters | {'sensor_network': red_network}) as process:
        rig = Rig(process)
        seen = rig.component('camera', lambda s: '% of 3.5 MB' in s.message)
        assert seen.message.startswith('uploading the network: ')
        rig.component('camera', lambda s: s.message == 'frames flow')
        process.stop()
        rig.close()


def test_the_service_answers_another_image_on_the_host_and_moves_no_roi(run):
    rig = run()
    point(rig, 1)
    rig.wait_for(lambda: len(masks_by(rig, 'in_sensor')) > 5)
    prompt = Prompt(points=[Point2D(x=100.0, y=80.0)], object_id=9)

    def moves_no_roi():
        # One that moves costs the sensor some frames each time, which the host answers. So does a
        # camera that a busy machine lets wait until it is started anew, but not each time.
        rig.inboxes['masks'].clear()
        request = Segment.Request(image=rig.image(picture((100, 80))), prompts=[prompt])
        response = rig.call(Segment, f'{rig.process.name}/segment', request)
        assert [mask.engine for mask in response.masks.masks] == ['host']
        answered = len(masks_by(rig, 'in_sensor'))
        rig.wait_for(lambda: len(masks_by(rig, 'in_sensor')) > answered + 15)
        return masks_by(rig, 'host') == []

    rig.wait_for(moves_no_roi)


def test_the_engine_of_the_sensor_is_refused_on_a_camera_without_one():
    with Process('camera', {'camera': 'photos', 'engine': 'in_sensor'}) as process:
        assert process.wait() == 1
        assert 'no network runs in the sensor of this camera' in process.stderr
