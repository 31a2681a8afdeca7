import pytest
from helpers.harness import Client, Process
from helpers.photo_clicks import folder_of
from helpers.rig import ROI_SIZE, Rig, picture
from rcl_interfaces.srv import DescribeParameters

from picosam_ros.msg import PromptStatus

BEFORE, AFTER = (150, 100), (160, 100)
DEFAULTS = {'track': False, 'max_prompts': 32, 'lost_after': 90, 'roi_size': ROI_SIZE}


@pytest.fixture
def rig(rig):
    """Give the module's segmenter, which leaves with the parameters that it came with."""
    yield rig
    assert not any(rig.set_parameters(**DEFAULTS))


def side(rig):
    return rig.show(picture(BEFORE)).masks.masks[0].roi.width


def test_the_side_of_the_square_changes_with_the_next_prompt(rig):
    rig.set(BEFORE)
    assert side(rig) == 96
    assert rig.set_parameters(roi_size=192) == ['']
    assert side(rig) == 96
    rig.set(BEFORE)
    assert side(rig) == 192


def test_a_side_of_zero_searches_for_the_square_that_fits(rig):
    rig.set(BEFORE)
    around_the_click = side(rig)
    assert rig.set_parameters(roi_size=0) == ['']
    rig.set(BEFORE)
    [mask] = rig.show(picture(BEFORE)).masks.masks
    assert mask.roi.width != around_the_click
    assert mask.centroid_x == pytest.approx(BEFORE[0], abs=1)


def test_tracking_is_switched_on_and_off_between_two_images(rig):
    rig.set(BEFORE)
    at_the_prompt = rig.show(picture(BEFORE)).masks.masks[0].roi
    assert rig.set_parameters(track=True) == ['']
    rig.show(picture(BEFORE))
    rig.show(picture(AFTER))
    assert rig.show(picture(AFTER)).masks.masks[0].roi.x > at_the_prompt.x
    assert rig.set_parameters(track=False) == ['']
    assert rig.show(picture(AFTER)).masks.masks[0].roi == at_the_prompt


def test_how_long_an_object_may_be_out_of_sight_changes_while_it_is_followed(rig):
    rig.set_parameters(track=True, lost_after=500)
    rig.set(BEFORE)
    rig.show(picture(BEFORE))
    empty = picture((-99, -99))
    for _ in range(3):
        assert list(rig.show(empty).masks.unanswered) == [1]
    rig.set_parameters(lost_after=4)
    statuses = rig.inboxes['prompt_status']
    statuses.clear()
    rig.show(empty)
    rig.show(empty)
    rig.wait_for(lambda: statuses)
    assert statuses[0].state == PromptStatus.LOST


def test_the_limit_of_objects_changes_and_those_that_are_there_stay(rig):
    for object_id in (1, 2, 3):
        assert rig.set(BEFORE, object_id=object_id).state == PromptStatus.ACCEPTED
    rig.set_parameters(max_prompts=2)
    assert len(rig.show(picture(BEFORE)).masks.masks) == 3
    refused = rig.set(BEFORE, object_id=4)
    assert refused.state == PromptStatus.REFUSED
    assert 'which is the limit (parameter max_prompts)' in refused.reason
    rig.set_parameters(max_prompts=4)
    rig.show(picture(BEFORE))
    assert rig.set(BEFORE, object_id=4).state == PromptStatus.ACCEPTED


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('roi_size', 8193),
        ('prompt_max_age', -0.1),
        ('lost_after', 0),
        ('max_prompts', 0),
        ('max_prompts', 255),
        ('roi_size', -1),
        ('track', 1),
        ('threads', 2),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_a_reason(rig, name, value):
    [reason] = rig.set_parameters(**{name: value})
    assert reason


def test_describe_tells_the_range_and_the_sentence(rig):
    names = ['prompt_max_age', 'lost_after', 'track', 'threads']
    request = DescribeParameters.Request(names=names)
    response = rig.call(DescribeParameters, f'{rig.process.name}/describe_parameters', request)
    age, patience, track, threads = response.descriptors
    [reals], [whole] = age.floating_point_range, patience.integer_range
    assert (reals.from_value, reals.to_value) == (0.0, 3600.0)
    assert (whole.from_value, whole.to_value) == (1, 10_000)
    assert 'seconds' in age.description
    assert 'lost' in patience.description
    assert not any(each.read_only for each in (age, patience, track))
    assert threads.read_only


@pytest.mark.parametrize('executable', ['segmenter', 'viewer'])
@pytest.mark.usefixtures('ros')
def test_a_parameter_that_the_node_does_not_have_is_logged_with_the_nearest_one(
    executable, red_network
):
    known = {'segmenter': {'model': red_network}, 'viewer': {'port': 0}}[executable]
    typos = {'segmenter': ('roi_sise', 'roi_size'), 'viewer': ('adress', 'address')}[executable]
    with Process(executable, {**known, typos[0]: 96, 'use_sim_time': False}) as process:
        client = Client(process)
        warning = (
            f'parameter {typos[0]!r} was given, which this node does not have; '
            f'did you mean {typos[1]!r}?'
        )
        client.wait_for(lambda: warning in process.stderr)
        assert 'use_sim_time' not in process.stderr
        process.stop()
        client.close()


def test_two_cameras_live_side_by_side(red_network, tmp_path):
    settings = {
        'camera': 'photos',
        'source': folder_of('coffee', tmp_path),
        'rate': 10.0,
        'model': red_network,
        'threads': 1,
        # A busy machine may take its time to bring a prompt.
        'prompt_max_age': 30.0,
    }
    left = Process('camera', settings, namespace='/left', remaps={'__node': 'front'})
    right = Process('camera', settings, namespace='/right')
    with left, right:
        left.name = '/left/front'
        rigs = [Rig(left), Rig(right)]
        for rig in rigs:
            rig.wait_for(lambda rig=rig: rig.inboxes['masks'])
            rig.known_to(rig.process.name)
        assert rigs[0].point(20, 20).object_id == 1
        rigs[0].wait_for(lambda: any(message.masks for message in rigs[0].inboxes['masks']))
        rigs[1].inboxes['masks'].clear()
        rigs[1].wait_for(lambda: len(rigs[1].inboxes['masks']) > 3)
        assert not any(message.masks for message in rigs[1].inboxes['masks'])
        expected = {'/left/front/masks', '/right/camera/masks', '/left/image_raw'}
        graph = rigs[0].node
        rigs[0].wait_for(lambda: expected <= set(dict(graph.get_topic_names_and_types())))
        for rig in rigs:
            rig.process.stop()
            rig.close()
