import math
from itertools import pairwise

import pytest
from geometry_msgs.msg import Point, PointStamped
from helpers.rig import HEIGHT, ROI_SIZE, WIDTH, picture, values_of
from std_msgs.msg import Header

from picosam_ros.msg import Box2D, MaskArray, Point2D, Prompt, PromptStatus

CENTRE = (150, 100)
NEGATIVE = Point2D.NEGATIVE


def masks_after(rig):
    """Give the masks of the next image."""
    return rig.show(picture(CENTRE)).masks.masks


def test_a_stamped_point_is_answered_under_its_own_header(rig):
    status = rig.point(*CENTRE)
    assert (status.state, status.object_id) == (PromptStatus.ACCEPTED, 1)
    assert (status.reason, status.generation > 0) == ('', True)
    [mask] = masks_after(rig)
    assert (mask.object_id, mask.generation) == (1, status.generation)


def test_a_click_without_a_header_is_answered_under_the_present_time(rig):
    before = rig.header().stamp
    status = rig.click(Point(x=float(CENTRE[0]), y=float(CENTRE[1])))
    after = rig.header().stamp
    assert status.state == PromptStatus.ACCEPTED
    moments = [(stamp.sec, stamp.nanosec) for stamp in (before, status.header.stamp, after)]
    assert moments == sorted(moments)
    assert [mask.object_id for mask in masks_after(rig)] == [1]


def test_a_click_into_the_overlay_is_one_into_the_image(rig):
    clicks = rig.publisher(Point, f'{rig.process.name}/overlay_mouse_left')
    rig.wait_for(clicks.get_subscription_count)
    clicks.publish(Point(x=float(CENTRE[0]), y=float(CENTRE[1])))
    [status] = rig.wait_for(lambda: rig.inboxes['prompt_status'])
    assert status.state == PromptStatus.ACCEPTED
    [mask] = masks_after(rig)
    assert mask.generation == status.generation
    rig.node.destroy_publisher(clicks)


def test_a_prompt_without_a_stamp_keeps_its_frame_id(rig):
    statuses = rig.inboxes['prompt_status']
    rig.points.publish(PointStamped(header=Header(frame_id='mine'), point=Point(x=5.0, y=5.0)))
    rig.wait_for(lambda: statuses)
    assert statuses[0].header.frame_id == 'mine'
    assert statuses[0].header.stamp.sec > 0


def test_a_box_is_a_prompt_and_the_network_looks_at_all_of_it(searching_rig):
    rig = searching_rig
    status = rig.set(object_id=4, box=Box2D(x0=120.0, y0=70.0, x1=180.0, y1=130.0))
    assert status.state == PromptStatus.ACCEPTED
    [mask] = masks_after(rig)
    assert mask.roi.x <= 120
    assert mask.roi.x + mask.roi.width >= 181
    assert mask.roi.width == mask.roi.height <= 61 * 1.3


def test_refining_adds_points_to_those_that_the_object_has(rig):
    first = rig.set((100, 100), object_id=7, roi_size=32)
    [before] = masks_after(rig)
    second = rig.ask(Prompt(action=Prompt.REFINE, object_id=7, points=[Point2D(x=180.0, y=100.0)]))
    assert second.state == PromptStatus.ACCEPTED
    assert second.generation > first.generation
    [after] = masks_after(rig)
    assert after.generation == second.generation
    assert before.roi.width == 32
    assert after.roi.x <= 100 < 180 <= after.roi.x + after.roi.width


def test_an_object_that_is_removed_has_no_masks_any_more(rig):
    rig.set(CENTRE, object_id=7)
    rig.set(CENTRE, object_id=8)
    status = rig.ask(Prompt(action=Prompt.REMOVE, object_id=7))
    assert (status.state, status.object_id) == (PromptStatus.ACCEPTED, 7)
    assert [mask.object_id for mask in masks_after(rig)] == [8]


def test_replacing_an_object_grows_its_generation_and_keeps_the_others(rig):
    first = rig.set(CENTRE, object_id=7)
    other = rig.set(CENTRE, object_id=8)
    again = rig.set((30, 30), object_id=7)
    assert again.generation > other.generation > first.generation
    generations = {mask.object_id: mask.generation for mask in masks_after(rig)}
    assert generations == {7: again.generation, 8: other.generation}


@pytest.mark.parametrize('action', [Prompt.REFINE, Prompt.REMOVE])
def test_an_object_that_does_not_exist_is_named_with_those_that_do(rig, action):
    rig.set(CENTRE, object_id=12)
    prompt = Prompt(action=action, object_id=11, points=[Point2D(x=9.0, y=9.0)])
    status = rig.ask(prompt)
    assert (status.state, status.generation) == (PromptStatus.REFUSED, 0)
    assert status.reason == 'object 11 is not segmented; objects that are segmented now: 12'


@pytest.mark.parametrize(
    'field',
    [{'box': Box2D(x0=120.0, y0=70.0, x1=180.0, y1=130.0)}, {'roi_size': 64}],
    ids=['box', 'roi_size'],
)
def test_what_refining_does_not_take_is_refused_and_not_ignored(rig, field):
    rig.set(CENTRE, object_id=7)
    point = Point2D(x=180.0, y=100.0)
    status = rig.ask(Prompt(action=Prompt.REFINE, object_id=7, points=[point], **field))
    assert (status.state, status.object_id) == (PromptStatus.REFUSED, 7)
    assert status.reason == (
        'a box or an roi_size was given with REFINE, which takes points and a size_step; '
        'give it with SET, which begins the object anew'
    )


def test_an_unknown_action_is_refused_with_the_known_ones(rig):
    status = rig.ask(Prompt(action=77, object_id=3, points=[Point2D(x=9.0, y=9.0)]))
    assert (status.state, status.object_id) == (PromptStatus.REFUSED, 3)
    assert status.reason == 'action 77 was given; allowed are 0 (SET), 1 (REFINE), 2 (REMOVE)'
    assert not masks_after(rig)


@pytest.mark.parametrize('object_id', [0, 255])
def test_the_reserved_ids_are_refused(rig, object_id):
    status = rig.set(CENTRE, object_id=object_id)
    assert (status.state, status.object_id) == (PromptStatus.REFUSED, object_id)
    assert f'object id {object_id} was given; ids run from 1 to 254' in status.reason
    assert not masks_after(rig)


@pytest.mark.parametrize('object_id', [1, 254])
def test_the_outermost_ids_are_taken(rig, object_id):
    assert rig.set(CENTRE, object_id=object_id).state == PromptStatus.ACCEPTED
    result = rig.show(picture(CENTRE))
    assert result.labels.max() == object_id


def test_points_in_a_box_are_refused_with_what_the_engine_can_do(rig):
    box = Box2D(x0=120.0, y0=70.0, x1=180.0, y1=130.0)
    status = rig.set(CENTRE, box=box)
    assert status.state == PromptStatus.REFUSED
    assert status.reason == (
        "engine 'host' does not take a box together with points; "
        'it takes positive points, negative points, boxes'
    )
    rig.set(object_id=5, box=box)
    refinement = Prompt(
        action=Prompt.REFINE, object_id=5, points=[Point2D(x=9.0, y=9.0, label=NEGATIVE)]
    )
    assert rig.ask(refinement).state == PromptStatus.REFUSED
    assert [mask.object_id for mask in masks_after(rig)] == [5]


def test_a_negative_point_takes_away_what_the_network_sees_there_too(rig):
    rig.set(CENTRE, object_id=5, roi_size=96)
    [before] = masks_after(rig)
    refinement = Prompt(
        action=Prompt.REFINE,
        object_id=5,
        points=[Point2D(x=CENTRE[0] + 50.0, y=CENTRE[1] + 0.0, label=NEGATIVE)],
    )
    assert rig.ask(refinement).state == PromptStatus.ACCEPTED
    [after] = masks_after(rig)
    # To the left of the square around the negative point nobody contradicts.
    assert 0.2 * before.area < after.area < 0.7 * before.area


def test_a_refused_replacement_leaves_the_object_as_it_was(rig):
    accepted = rig.set(CENTRE, object_id=5)
    assert rig.set((WIDTH, 0), object_id=5).state == PromptStatus.REFUSED
    [mask] = masks_after(rig)
    assert mask.generation == accepted.generation


@pytest.mark.parametrize(
    ('x', 'y', 'reason'),
    [
        (math.nan, 5, 'must be finite'),
        (5, math.inf, 'must be finite'),
        (-math.inf, 5, 'must be finite'),
        (-1, 5, f'x from 0 to {WIDTH - 1}'),
        (5, -0.51, f'y from 0 to {HEIGHT - 1}'),
        (WIDTH, 5, f'x from 0 to {WIDTH - 1}'),
        (5, HEIGHT, f'y from 0 to {HEIGHT - 1}'),
        (1e300, -1e300, 'outside of the image'),
    ],
)
def test_a_point_that_is_no_pixel_of_the_image_is_refused_on_every_input(rig, x, y, reason):
    click = rig.click(Point(x=float(x), y=float(y)))
    for status in (click, rig.point(x, y), rig.set((x, y))):
        assert (status.state, status.generation) == (PromptStatus.REFUSED, 0)
        assert reason in status.reason
    assert not masks_after(rig)


@pytest.mark.parametrize(
    ('corners', 'reason'),
    [
        ((math.nan, 0, 5, 5), 'must be finite'),
        ((9, 9, 5, 5), 'is empty'),
        ((5, 9, 9, 8), 'is empty'),
        ((WIDTH + 5, 5, WIDTH + 9, 9), 'is outside of the'),
    ],
)
def test_a_box_that_holds_no_pixel_is_refused(rig, corners, reason):
    x0, y0, x1, y1 = map(float, corners)
    status = rig.set(box=Box2D(x0=x0, y0=y0, x1=x1, y1=y1))
    assert status.state == PromptStatus.REFUSED
    assert reason in status.reason
    assert not masks_after(rig)


def test_a_prompt_that_points_at_nothing_is_refused(rig):
    status = rig.set()
    assert status.state == PromptStatus.REFUSED
    assert status.reason == 'the prompt has no positive point and no box; give one of them'


def test_what_reaches_over_the_border_is_clamped_and_told(rig):
    status = rig.set(object_id=2, box=Box2D(x0=-50.0, y0=-50.0, x1=40.0, y1=1e9))
    assert status.state == PromptStatus.CLAMPED
    assert status.reason == f'the box was cut at the border of the {WIDTH}×{HEIGHT} image'
    status = rig.set(CENTRE, object_id=3, roi_size=4_000_000_000)
    assert status.state == PromptStatus.CLAMPED
    assert status.reason == f'the ROI of 4000000000 pixels was shrunk to {2 * WIDTH}'
    assert [mask.object_id for mask in masks_after(rig)] == [2, 3]


def test_the_size_of_the_square_can_be_changed_while_the_node_runs(rig):
    [refusal] = rig.set_parameters(roi_size=-1)
    assert refusal
    assert rig.set_parameters(roi_size=48) == ['']
    rig.point(*CENTRE)
    rig.set(CENTRE, object_id=2)
    rig.set(CENTRE, object_id=3, roi_size=60)
    assert rig.set_parameters(roi_size=ROI_SIZE) == ['']
    rig.set(CENTRE, object_id=4)
    widths = [mask.roi.width for mask in masks_after(rig)]
    assert widths == [48, 48, 60, ROI_SIZE]


def test_one_object_more_than_the_limit_is_refused_and_replacing_is_not(rig):
    states = {rig.set(CENTRE, object_id=number).state for number in range(1, 33)}
    assert states == {PromptStatus.ACCEPTED}
    status = rig.set(CENTRE, object_id=33)
    assert status.state == PromptStatus.REFUSED
    assert '32 objects are segmented already' in status.reason
    assert rig.set(CENTRE, object_id=32).state == PromptStatus.ACCEPTED
    assert len(masks_after(rig)) == 32


def test_every_answer_is_counted_in_the_diagnostics(rig):
    before = values_of(rig.latest('segmentation'))
    rig.set(CENTRE, object_id=5)
    rig.set((-5, -5), object_id=6)
    rig.set(CENTRE, object_id=7, roi_size=100_000)
    for kind in ('accepted', 'refused', 'clamped'):
        name = f'prompts {kind}'
        expected = int(before.get(name, 0)) + 1
        status = rig.component(
            'segmentation',
            lambda s, n=name, e=expected: int(values_of(s).get(n, 0)) == e,
        )
        assert status


def test_no_mask_of_an_older_generation_follows_the_answer_to_the_new_prompt(rig):
    # Both sides' times are those at which the node published.
    sent = {'masks': [], 'statuses': []}
    masks = rig.node.create_subscription(
        MaskArray,
        f'{rig.process.name}/masks',
        lambda message, info: sent['masks'].append((info['source_timestamp'], message)),
        1000,
    )
    statuses = rig.node.create_subscription(
        PromptStatus,
        f'{rig.process.name}/prompt_status',
        lambda message, info: sent['statuses'].append((info['source_timestamp'], message)),
        1000,
    )
    rig.wait_for(lambda: rig.show(picture(CENTRE)) and rig.point(*CENTRE) and all(sent.values()))

    def replaced():
        rig.images.publish(rig.image(picture(CENTRE)))
        rig.point(*CENTRE)
        return len(sent['masks']) > 20

    for _ in range(200):
        replaced()
    # A machine may answer many prompts while it makes one mask.
    rig.wait_for(replaced)
    rig.settle()
    answered = {message.generation: at for at, message in sent['statuses'] if message.generation}
    generations = sorted(answered)
    successor = dict(pairwise(generations))
    stale = [
        (at - answered[successor[mask.generation]]) / 1e6
        for at, message in sent['masks']
        for mask in message.masks
        if mask.generation in successor and at > answered[successor[mask.generation]]
    ]
    assert not stale, f'milliseconds after the answer: {stale}'
    rig.node.destroy_subscription(masks)
    rig.node.destroy_subscription(statuses)
