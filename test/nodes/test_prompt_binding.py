"""A prompt with a stamp belongs to the image of that stamp."""

import pytest
from geometry_msgs.msg import Point, PointStamped
from helpers.harness import Process
from helpers.rig import Rig, picture
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from std_msgs.msg import Header

from picosam_ros.msg import Box2D, Point2D, Prompt, PromptStatus
from picosam_ros.ros.messages import from_time, to_time

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


@pytest.fixture(scope='module')
def started(red_network):
    """Run a segmenter whose ROIs follow their objects."""
    # Squares that hold the object and where it goes next.
    parameters = {'model': red_network, 'threads': 1, 'roi_size': 168}
    with Process('segmenter', parameters) as process:
        rig = Rig(process)
        rig.connect()
        yield rig
        process.stop()
        rig.close()


def ask(rig, header, *points, **fields):
    """Send a prompt under a header and return its status."""
    marks = [Point2D(x=float(x), y=float(y)) for x, y in points]
    # A header may have been answered before.
    before = sum(status.header == header for status in rig.inboxes['prompt_status'])
    rig.prompts.publish(Prompt(header=header, points=marks, **fields))
    return rig.wait_for(lambda: messages_for(rig, 'prompt_status', header)[before:])[0]


def shifted(rig, nanoseconds, frame_id='lens'):
    """Make a header that is so much later than the newest image, which is shown for it."""
    shown = rig.show(picture((150, 100)))
    stamp_ns = from_time(shown.masks.header.stamp) + nanoseconds
    return Header(stamp=to_time(stamp_ns), frame_id=frame_id)


def messages_for(rig, topic, header):
    return [message for message in rig.inboxes[topic] if message.header == header]


def test_a_prompt_for_an_earlier_image_is_answered_on_exactly_that_and_followed_from_there(rig):
    earlier = rig.show(picture((100, 120))).masks.header
    rig.show(picture((115, 120)))
    rig.points.publish(PointStamped(header=earlier, point=Point(x=85.0, y=120.0)))
    status = rig.received('prompt_status', earlier)
    assert status.state == PromptStatus.ACCEPTED
    [newest] = rig.show(picture((120, 120))).masks.masks
    assert newest.generation == status.generation
    assert newest.centroid_x == pytest.approx(120, abs=1)
    empty, answer = messages_for(rig, 'masks', earlier)
    assert not empty.masks
    [mask] = answer.masks
    assert (mask.object_id, mask.generation) == (1, status.generation)
    assert mask.centroid_x == pytest.approx(100, abs=1)
    assert mask.roi.x + mask.roi.width / 2 == pytest.approx(85, abs=1)
    # From the earlier image on the object is followed to where it is in the newest.
    assert newest.roi.x + newest.roi.width / 2 == pytest.approx(120, abs=3)
    assert len(messages_for(rig, 'label_mask', earlier)) == 1


def test_boxes_and_refinements_are_for_their_image_too(rig):
    first = rig.show(picture((100, 120))).masks.header
    box = Box2D(x0=80.0, y0=100.0, x1=120.0, y1=140.0)
    assert ask(rig, first, object_id=3, box=box).state == PromptStatus.ACCEPTED
    second = rig.show(picture((100, 120))).masks.header
    ask(rig, second, (100, 120), object_id=5)
    rig.show(picture((100, 120)))
    refined = ask(rig, second, (101, 121), object_id=5, action=Prompt.REFINE)
    rig.inboxes['masks'].clear()
    rig.show(picture((100, 120)))
    [answer] = messages_for(rig, 'masks', second)
    assert [(mask.object_id, mask.generation) for mask in answer.masks] == [(5, refined.generation)]
    assert refined.state == PromptStatus.ACCEPTED


def test_a_stamp_of_no_image_is_for_the_newest_while_it_is_young_enough(rig):
    status = ask(rig, shifted(rig, -SECOND // 2), (150, 100))
    assert status.state == PromptStatus.ACCEPTED
    [mask] = rig.show(picture((150, 100))).masks.masks
    assert mask.generation == status.generation


def test_an_old_stamp_is_refused_with_its_age_and_what_is_allowed_can_be_changed(rig):
    def allow(seconds):
        value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=seconds)
        parameter = Parameter(name='prompt_max_age', value=value)
        request = SetParameters.Request(parameters=[parameter])
        [result] = rig.call(SetParameters, f'{rig.process.name}/set_parameters', request).results
        return result.successful

    status = ask(rig, shifted(rig, -20 * SECOND), (150, 100))
    assert status.state == PromptStatus.REFUSED
    assert 'the prompt is 20 s old, allowed are 1 s (parameter prompt_max_age)' in status.reason
    assert not allow(-1.0)
    assert allow(30.0)
    assert ask(rig, shifted(rig, -20 * SECOND), (150, 100)).state == PromptStatus.ACCEPTED
    assert allow(1.0)


def test_a_stamp_of_the_future_is_refused_with_both_times(rig):
    header = shifted(rig, HOUR)
    status = ask(rig, header, (150, 100))
    assert status.state == PromptStatus.REFUSED
    given = f'{header.stamp.sec}.{header.stamp.nanosec:09d}'
    assert f'stamp {given} was given, and it is ' in status.reason
    assert 'in the future, allowed are 0.1 s' in status.reason


@pytest.mark.parametrize('stamped', [True, False])
def test_another_frame_id_is_refused_with_both_on_every_input_that_has_one(rig, stamped):
    reason = "frame_id 'map' was given, and the images are in 'lens'"
    rig.show(picture((150, 100)))
    statuses = rig.inboxes['prompt_status']
    header = rig.header(frame_id='map')
    if not stamped:
        header.stamp = Header().stamp
    rig.points.publish(PointStamped(header=header, point=Point(x=9.0, y=9.0)))
    rig.wait_for(lambda: len(statuses) == 1)
    rig.prompts.publish(Prompt(header=header, points=[Point2D(x=9.0, y=9.0)]))
    rig.wait_for(lambda: len(statuses) == 2)
    for status in statuses:
        assert status.state == PromptStatus.REFUSED
        assert status.reason.startswith(reason)


def test_an_object_is_removed_whatever_the_header_says(rig):
    ask(rig, Header(stamp=rig.header().stamp), (150, 100), object_id=9)
    header = Header(stamp=to_time(1), frame_id='map')
    assert ask(rig, header, object_id=9, action=Prompt.REMOVE).state == PromptStatus.ACCEPTED
