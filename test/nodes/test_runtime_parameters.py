import pytest
from helpers.harness import Client, Process
from helpers.rig import Rig, picture
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters

from picosam_ros.msg import PromptStatus

BEFORE, AFTER = (150, 100), (160, 100)
DEFAULTS = {'track': False, 'max_prompts': 32, 'lost_after': 90, 'roi_size': 96}


def value_of(value):
    if isinstance(value, bool):
        return ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=value)
    if isinstance(value, int):
        return ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=value)
    return ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)


def change(rig, **changes):
    """Set parameters as `ros2 param set` does; return the reason of each refusal, or ''."""
    parameters = [Parameter(name=name, value=value_of(value)) for name, value in changes.items()]
    request = SetParameters.Request(parameters=parameters)
    response = rig.call(SetParameters, f'{rig.process.name}/set_parameters', request)
    for result in response.results:
        assert result.successful == (not result.reason)
    return [result.reason for result in response.results]


@pytest.fixture
def rig(rig):
    """Give the module's segmenter, which leaves with the parameters that it came with."""
    yield rig
    assert not any(change(rig, **DEFAULTS))


def side(rig):
    return rig.show(picture(BEFORE)).masks.masks[0].roi.width


def test_the_side_of_the_square_changes_with_the_next_prompt(rig):
    rig.set(BEFORE)
    assert side(rig) == 96
    assert change(rig, roi_size=192) == ['']
    assert side(rig) == 96
    rig.set(BEFORE)
    assert side(rig) == 192


def test_a_side_of_zero_searches_for_the_square_that_fits(rig):
    rig.set(BEFORE)
    around_the_click = side(rig)
    assert change(rig, roi_size=0) == ['']
    rig.set(BEFORE)
    [mask] = rig.show(picture(BEFORE)).masks.masks
    assert mask.roi.width != around_the_click
    assert mask.centroid_x == pytest.approx(BEFORE[0], abs=1)


def test_tracking_is_switched_on_and_off_between_two_images(rig):
    rig.set(BEFORE)
    at_the_prompt = rig.show(picture(BEFORE)).masks.masks[0].roi
    assert change(rig, track=True) == ['']
    rig.show(picture(BEFORE))
    rig.show(picture(AFTER))
    assert rig.show(picture(AFTER)).masks.masks[0].roi.x > at_the_prompt.x
    assert change(rig, track=False) == ['']
    assert rig.show(picture(AFTER)).masks.masks[0].roi == at_the_prompt


def test_how_long_an_object_may_be_out_of_sight_changes_while_it_is_followed(rig):
    change(rig, track=True, lost_after=500)
    rig.set(BEFORE)
    rig.show(picture(BEFORE))
    empty = picture((-99, -99))
    for _ in range(3):
        assert list(rig.show(empty).masks.unanswered) == [1]
    change(rig, lost_after=4)
    statuses = rig.inboxes['prompt_status']
    statuses.clear()
    rig.show(empty)
    rig.show(empty)
    rig.wait_for(lambda: statuses)
    assert statuses[0].state == PromptStatus.LOST


def test_the_limit_of_objects_changes_and_those_that_are_there_stay(rig):
    for object_id in (1, 2, 3):
        assert rig.set(BEFORE, object_id=object_id).state == PromptStatus.ACCEPTED
    change(rig, max_prompts=2)
    assert len(rig.show(picture(BEFORE)).masks.masks) == 3
    refused = rig.set(BEFORE, object_id=4)
    assert refused.state == PromptStatus.REFUSED
    assert 'which is the limit (parameter max_prompts)' in refused.reason
    change(rig, max_prompts=4)
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
    [reason] = change(rig, **{name: value})
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


def test_two_cameras_live_side_by_side(red_network):
    settings = {'camera': 'photos', 'rate': 10.0, 'model': red_network, 'threads': 1}
    left = Process('camera', settings, namespace='/left', remaps={'__node': 'front'})
    right = Process('camera', settings, namespace='/right')
    with left, right:
        left.name = '/left/front'
        rigs = [Rig(left), Rig(right)]
        for rig in rigs:
            rig.wait_for(lambda rig=rig: rig.inboxes['masks'])
        assert rigs[0].point(20, 20).object_id == 1
        rigs[0].wait_for(lambda: rigs[0].inboxes['masks'][-1].masks)
        rigs[1].inboxes['masks'].clear()
        rigs[1].wait_for(lambda: len(rigs[1].inboxes['masks']) > 3)
        assert not any(message.masks for message in rigs[1].inboxes['masks'])
        topics = dict(rigs[0].node.get_topic_names_and_types())
        assert {'/left/front/masks', '/right/camera/masks', '/left/image_raw'} <= set(topics)
        for rig in rigs:
            rig.process.stop()
            rig.close()
