import math

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from helpers.rig import HEIGHT, WIDTH, disc, picture
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from std_srvs.srv import SetBool, Trigger

from picosam_ros.msg import Box2D, Point2D, Prompt
from picosam_ros.srv import Segment

CENTRE = (150, 100)


def segment(rig, image, *prompts):
    request = Segment.Request(image=image, prompts=prompts)
    return rig.call(Segment, f'{rig.process.name}/segment', request)


def enable(rig, wanted):
    request = SetBool.Request(data=wanted)
    return rig.call(SetBool, f'{rig.process.name}/enable', request)


def at(x, y, **fields):
    return Prompt(points=[Point2D(x=float(x), y=float(y))], **fields)


def test_segment_answers_as_the_stream_does(searching_rig):
    rig = searching_rig
    image = rig.image(picture(CENTRE))
    box = Box2D(x0=120.0, y0=70.0, x1=180.0, y1=130.0)
    answer = segment(rig, image, at(*CENTRE, object_id=4), Prompt(object_id=9, box=box))
    assert answer.success
    assert answer.message == ''
    assert answer.masks.header == image.header
    assert (answer.masks.image_width, answer.masks.image_height) == (WIDTH, HEIGHT)
    rig.set(CENTRE, object_id=4)
    rig.set(object_id=9, box=box)
    streamed = rig.show(picture(CENTRE)).masks.masks
    for ours, theirs in zip(answer.masks.masks, streamed, strict=True):
        assert (ours.object_id, ours.roi, ours.area) == (
            theirs.object_id,
            theirs.roi,
            theirs.area,
        )
        assert ours.probability == theirs.probability
        assert ours.area == pytest.approx(np.count_nonzero(disc(CENTRE)), rel=0.06)


def test_segment_answers_for_an_image_that_the_node_keeps_by_its_header_alone(searching_rig):
    rig = searching_rig
    shown = rig.image(picture(CENTRE))
    rig.show(picture((60, 60)))
    rig.show(shown)
    given = segment(rig, shown, at(*CENTRE))
    for header in (shown.header, Header()):
        kept = segment(rig, Image(header=header), at(*CENTRE))
        assert kept.success, kept.message
        assert kept.masks.header == shown.header
        assert kept.masks.masks == given.masks.masks


def test_segment_refuses_a_header_whose_image_is_not_kept(rig):
    rig.show(picture(CENTRE))
    header = rig.image(picture(CENTRE)).header
    answer = segment(rig, Image(header=header), at(*CENTRE))
    assert not answer.success
    assert 'is not kept; kept are the last ones' in answer.message
    assert not answer.masks.masks


def test_segment_touches_none_of_the_nodes_prompts(rig):
    accepted = rig.set(CENTRE, object_id=4)
    small = rig.image(picture((20, 20), width=64, height=48))
    assert segment(rig, small, at(20, 20, object_id=4)).success
    [mask] = rig.show(picture(CENTRE)).masks.masks
    assert (mask.object_id, mask.generation) == (4, accepted.generation)
    assert not rig.inboxes['prompt_status'][1:]


def test_segment_refuses_more_prompts_than_there_are_ids_and_more_points_than_allowed(rig):
    image = rig.image(picture(CENTRE))
    answer = segment(rig, image, *[at(*CENTRE, object_id=1 + n % 254) for n in range(300)])
    assert not answer.success
    assert '300 prompts were given in one call; allowed are up to 254' in answer.message
    many = Prompt(points=[Point2D(x=100.0, y=100.0)] * 65, object_id=3)
    answer = segment(rig, image, many)
    assert not answer.success
    assert '65 points were given for object 3; allowed are up to 64' in answer.message


@pytest.mark.parametrize(('kind', 'name'), [(Segment, 'segment'), (Trigger, 'clear_prompts')])
def test_calls_that_come_at_once_are_all_answered(rig, kind, name):
    client = rig.node.create_client(
        kind, f'{rig.process.name}/{name}', qos_profile=QoSProfile(depth=100)
    )
    rig.wait_for(client.service_is_ready)
    rig.state()  # from here on the node knows this client, see Client.call
    futures = [client.call_async(kind.Request()) for _ in range(60)]
    rig.wait_for(lambda: all(future.done() for future in futures))
    rig.node.destroy_client(client)


def test_segment_without_prompts_gives_no_masks(rig):
    answer = segment(rig, rig.image(picture(CENTRE)))
    assert answer.success
    assert not answer.masks.masks


@pytest.mark.parametrize(
    ('prompt', 'reason'),
    [
        (at(WIDTH, 5), 'is outside of the image'),
        (at(math.nan, 5), 'must be finite'),
        (at(5, 5, object_id=0), 'ids run from 1 to 254'),
        (Prompt(), 'no positive point and no box'),
        (
            Prompt(points=[Point2D(x=5.0, y=5.0)], box=Box2D(x1=9.0, y1=9.0)),
            'does not take a box together with points',
        ),
    ],
)
def test_segment_refuses_a_bad_prompt_with_the_reason(rig, prompt, reason):
    answer = segment(rig, rig.image(picture(CENTRE)), at(5, 5), prompt)
    assert not answer.success
    assert reason in answer.message
    assert not answer.masks.masks


@pytest.mark.parametrize(
    ('fields', 'reason'),
    [
        ({'width': 0}, 'it is empty'),
        ({'data': b''}, '0 bytes were given'),
        ({'step': 9}, 'step 9 was given'),
        ({'encoding': '64FC4'}, "encoding '64FC4' was given"),
    ],
)
def test_segment_refuses_a_bad_image_with_the_reason(rig, fields, reason):
    image = rig.image(picture(CENTRE))
    for name, value in fields.items():
        setattr(image, name, value)
    answer = segment(rig, image, at(5, 5))
    assert not answer.success
    assert reason in answer.message


def everything(rig, image, *prompts, budget=600.0):
    request = Segment.Request(image=image, prompts=prompts, everything=True, budget=budget)
    return rig.call(Segment, f'{rig.process.name}/segment', request)


def test_segment_finds_everything_and_tells_how_many_clicks_were_answered(rig):
    image = rig.image(picture(CENTRE))
    answer = everything(rig, image)
    assert (answer.success, answer.message) == (True, '')
    assert answer.masks.header == image.header
    assert answer.asked == answer.planned > 100
    [mask] = answer.masks.masks
    assert mask.object_id == 1
    assert mask.area == pytest.approx(np.count_nonzero(disc(CENTRE)), rel=0.06)
    plain = segment(rig, image, at(*CENTRE))
    assert (plain.asked, plain.planned) == (0, 0)


@pytest.mark.parametrize(
    ('prompts', 'budget', 'reason'),
    [
        ([at(*CENTRE)], 5.0, '1 prompts were given together with everything'),
        ([], -1.0, 'a budget of -1 s was given; allowed are seconds above 0'),
        ([], math.nan, 'a budget of nan s was given'),
    ],
)
def test_segment_refuses_what_does_not_go_with_everything(rig, prompts, budget, reason):
    answer = everything(rig, rig.image(picture(CENTRE)), *prompts, budget=budget)
    assert not answer.success
    assert reason in answer.message
    assert not answer.masks.masks


def test_clear_prompts_leaves_no_object_and_tells_how_many_there_were(rig):
    rig.set(CENTRE, object_id=4)
    rig.set(CENTRE, object_id=5)
    answer = rig.call(Trigger, f'{rig.process.name}/clear_prompts')
    assert (answer.success, answer.message) == (True, '2 objects cleared')
    assert not rig.show(picture(CENTRE)).masks.masks
    answer = rig.call(Trigger, f'{rig.process.name}/clear_prompts')
    assert (answer.success, answer.message) == (True, '0 objects cleared')


def test_masks_stop_and_come_back_with_their_prompts(rig):
    accepted = rig.set(CENTRE, object_id=4)
    frames = rig.show(picture(CENTRE)).latency.frames
    answer = enable(rig, wanted=False)
    assert (answer.success, answer.message) == (True, 'masks are off')
    try:
        off = [rig.image(picture(CENTRE)) for _ in range(5)]
        for image in off:
            rig.images.publish(image)
        rig.images_have_arrived()
        status = rig.component('segmentation', lambda status: 'disabled' in status.message)
        assert status.level == DiagnosticStatus.WARN
        assert status.message == 'disabled; call ~/enable with true'
    finally:
        answer = enable(rig, wanted=True)
    assert (answer.success, answer.message) == (True, 'masks are on')
    result = rig.show(picture(CENTRE))
    assert result.latency.frames == frames + 1
    answered = [message.header for message in rig.inboxes['masks']]
    assert not [image for image in off if image.header in answered]
    [mask] = result.masks.masks
    assert (mask.object_id, mask.generation) == (4, accepted.generation)
