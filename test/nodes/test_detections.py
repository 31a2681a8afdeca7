"""Boxes of a detector as prompts."""

import importlib.util

import pytest
from helpers.harness import Process
from helpers.rig import HEIGHT, WIDTH, Rig, picture

from picosam_ros.msg import PromptStatus

CENTRE = (150, 100)


@pytest.fixture(scope='module')
def started(red_network):
    """Run a segmenter, and be its detector."""
    messages = pytest.importorskip('vision_msgs.msg')
    with Process('segmenter', {'model': red_network, 'threads': 1, 'track': False}) as process:
        rig = Rig(process)
        rig.connect()
        rig.detections = rig.publisher(messages.Detection2DArray, 'detections', 10)
        rig.wait_for(rig.detections.get_subscription_count)
        yield rig
        process.stop()
        rig.close()


def box(name, centre=CENTRE, size=(40, 40), theta=0.0):
    from vision_msgs.msg import Detection2D

    detection = Detection2D(id=name)
    detection.bbox.center.position.x, detection.bbox.center.position.y = map(float, centre)
    detection.bbox.center.theta = theta
    detection.bbox.size_x, detection.bbox.size_y = map(float, size)
    return detection


def detect(rig, *boxes, header=None, answers=None):
    """Send an array and return its answers, by default one for each box."""
    from vision_msgs.msg import Detection2DArray

    header = header or rig.header(frame_id='')
    statuses = rig.inboxes['prompt_status']
    rig.detections.publish(Detection2DArray(header=header, detections=list(boxes)))
    count = len(boxes) if answers is None else answers

    def received():
        found = [status for status in statuses if status.header == header]
        return found if len(found) == count else None

    return rig.wait_for(received)


def masks(rig):
    return {mask.object_id: mask for mask in rig.show(picture(CENTRE)).masks.masks}


@pytest.fixture
def rig(started):
    """Give the module's segmenter, with no detection left of the test before."""
    from vision_msgs.msg import Detection2DArray

    started.detections.publish(Detection2DArray())
    detect(started, box('253', size=(0, 0)))
    started.fresh()
    return started


def test_each_box_is_a_prompt_and_ids_that_are_numbers_are_kept(rig):
    statuses = detect(rig, box('7'), box('person', (60, 60)), box('', (250, 180)))
    assert [status.state for status in statuses] == [PromptStatus.ACCEPTED] * 3
    assert statuses[0].object_id == 7
    assert len({status.object_id for status in statuses}) == 3
    found = masks(rig)
    assert {i: mask.generation for i, mask in found.items()} == {
        status.object_id: status.generation for status in statuses
    }
    # 40 pixels around 150 are 130.5 to 169.5, and the square has some air.
    roi = found[7].roi
    assert roi.x <= 130
    assert roi.x + roi.width >= 170
    assert roi.x + (roi.width - 1) / 2 == pytest.approx(150, abs=0.51)


def test_names_and_nameless_boxes_keep_their_ids_from_array_to_array(rig):
    first = detect(rig, box('person', (60, 60)), box('', (250, 180)))
    second = detect(rig, box('', (252, 181)), box('person', (200, 60)))
    assert [status.object_id for status in second] == [status.object_id for status in first][::-1]


def test_boxes_of_the_newest_array_replace_the_earlier_ones_and_no_other_prompts(rig):
    mine = rig.set(CENTRE, object_id=1)
    detect(rig, box('5'), box('6'))
    first, lost = sorted(detect(rig, box('6'), answers=2), key=lambda status: status.state)
    assert (first.object_id, first.state) == (6, PromptStatus.ACCEPTED)
    assert (lost.object_id, lost.state) == (5, PromptStatus.LOST)
    assert lost.reason == 'the newest array of detections does not have it'
    assert set(masks(rig)) == {1, 6}
    [gone] = detect(rig, answers=1)
    assert (gone.object_id, gone.state) == (6, PromptStatus.LOST)
    assert masks(rig)[1].generation == mine.generation


def test_a_box_that_somebody_took_over_is_theirs(rig):
    detect(rig, box('5'))
    mine = rig.set(CENTRE, object_id=5)
    detect(rig, box('6'))
    assert masks(rig)[5].generation == mine.generation


def test_an_id_that_somebody_took_over_is_not_given_back_to_the_name(rig):
    [named] = detect(rig, box('a cup'))
    mine = rig.set(CENTRE, object_id=named.object_id)
    [renamed] = detect(rig, box('a cup'))
    assert renamed.object_id != named.object_id
    assert masks(rig)[mine.object_id].generation == mine.generation


def test_ids_that_others_use_are_not_given_to_a_box_with_a_name(rig):
    used = {rig.set(CENTRE, object_id=object_id).object_id for object_id in (1, 2, 4)}
    statuses = detect(rig, box('cup'), box(''))
    assert not used & {status.object_id for status in statuses}
    assert len(masks(rig)) == 5


@pytest.mark.parametrize(
    ('wrong', 'reason'),
    [
        ({'size': (0, 0)}, 'is empty'),
        ({'size': (float('nan'), 5)}, 'must be finite'),
        ({'theta': float('inf')}, 'must be finite'),
        ({'centre': (WIDTH + 100, 5)}, f'is outside of the {WIDTH}×{HEIGHT} image'),
    ],
)
def test_a_box_that_cannot_be_is_refused_and_the_others_are_not(rig, wrong, reason):
    refused, accepted = detect(rig, box('5', **wrong), box('6'))
    assert (refused.object_id, refused.state) == (5, PromptStatus.REFUSED)
    assert reason in refused.reason
    assert accepted.state == PromptStatus.ACCEPTED
    assert set(masks(rig)) == {6}


def test_a_box_over_the_border_is_clamped(rig):
    [status] = detect(rig, box('5', (0, 0), (60, 60)))
    assert status.state == PromptStatus.CLAMPED


def test_an_id_that_is_there_twice_is_refused_the_second_time(rig):
    first, second = detect(rig, box('5'), box('5', (60, 60)))
    assert (first.state, second.state) == (PromptStatus.ACCEPTED, PromptStatus.REFUSED)
    assert second.reason.startswith("id '5' is twice in this array")
    assert masks(rig)[5].generation == first.generation


def test_a_turned_box_gives_the_upright_one_around_it(rig):
    detect(rig, box('5', size=(81, 11), theta=1.5707963))
    assert masks(rig)[5].roi.width == pytest.approx(81 * 1.2, abs=2)


def test_an_array_of_another_camera_is_refused_box_by_box_and_changes_nothing(rig):
    [before] = detect(rig, box('5'))
    statuses = detect(rig, box('5'), box('6'), header=rig.header(frame_id='elsewhere'))
    for status in statuses:
        assert status.state == PromptStatus.REFUSED
        assert "frame_id 'elsewhere' was given, and the images are in 'lens'" in status.reason
    assert {i: mask.generation for i, mask in masks(rig).items()} == {5: before.generation}


def test_boxes_for_an_earlier_image_are_answered_on_that_one(rig):
    earlier = rig.show(picture(CENTRE)).masks.header
    rig.show(picture((60, 60)))
    statuses = detect(rig, box('5'), box('6'), header=earlier)
    rig.show(picture((60, 60)))
    _, answer = [message for message in rig.inboxes['masks'] if message.header == earlier]
    assert {mask.object_id: mask.generation for mask in answer.masks} == {
        status.object_id: status.generation for status in statuses
    }
    assert all(mask.area > 1000 for mask in answer.masks)


def test_where_the_messages_are_missing_the_node_says_so_once_and_works(red_network):
    if importlib.util.find_spec('vision_msgs'):
        pytest.skip('vision_msgs is installed')
    with Process('segmenter', {'model': red_network, 'threads': 1}) as process:
        rig = Rig(process)
        rig.connect()
        assert process.stderr.count('vision_msgs cannot be imported') == 1
        process.stop()
        rig.close()
