import shutil

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Point
from helpers.harness import Client, Process
from helpers.rig import Rig, picture
from lifecycle_msgs.msg import Transition

from picosam_ros.models import DEFAULT_MODEL
from picosam_ros.msg import PromptStatus

CENTRE = (150, 100)
CONFIGURE, ACTIVATE = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE
DEACTIVATE, CLEANUP = Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP


@pytest.fixture(scope='module')
def managed(red_network):
    """Run a segmenter that waits for a lifecycle manager."""
    settings = {'model': red_network, 'autostart': False, 'track': False}
    with Process('segmenter', settings) as process:
        rig = Rig(process)
        yield rig
        process.stop()
        rig.close()


@pytest.fixture
def rig(managed):
    """Give the managed segmenter, not configured yet."""
    if managed.state() == 'active':
        assert managed.change(DEACTIVATE)
    if managed.state() == 'inactive':
        assert managed.change(CLEANUP)
    for inbox in managed.inboxes.values():
        inbox.clear()
    return managed


def test_a_managed_node_goes_round_and_round(rig):
    assert rig.state() == 'unconfigured'
    status = rig.latest('segmentation')
    assert (status.level, status.message) == (
        DiagnosticStatus.STALE,
        'not configured; configure and activate the node',
    )
    for _ in range(3):
        assert not rig.change(ACTIVATE)
        assert rig.change(CONFIGURE)
        assert rig.state() == 'inactive'
        assert rig.change(ACTIVATE)
        rig.connect()
        accepted = rig.set(CENTRE)
        assert rig.show(picture(CENTRE)).latency.frames > 1
        assert rig.change(DEACTIVATE)
        assert rig.state() == 'inactive'
        assert rig.change(ACTIVATE)
        # The prompts stayed, the counts begin anew.
        result = rig.show(picture(CENTRE))
        assert result.latency.frames == 1
        assert [mask.generation for mask in result.masks.masks] == [accepted.generation]
        assert rig.change(DEACTIVATE)
        assert rig.change(CLEANUP)
        assert rig.state() == 'unconfigured'
        rig.wait_for(lambda: rig.node.count_publishers(f'{rig.process.name}/masks') == 0)
        rig.wait_for(lambda: rig.node.count_subscribers(rig.images.topic_name) == 0)


def test_images_that_come_while_the_node_is_inactive_are_never_answered(rig):
    assert rig.change(CONFIGURE)
    assert rig.change(ACTIVATE)
    rig.connect()
    assert rig.change(DEACTIVATE)
    ignored = [rig.image(picture(CENTRE)) for _ in range(3)]
    for image in ignored:
        rig.images.publish(image)
    rig.images_have_arrived()
    assert rig.change(ACTIVATE)
    assert rig.show(picture(CENTRE)).latency.frames == 1
    answered = [message.header for message in rig.inboxes['latency']]
    assert not [image for image in ignored if image.header in answered]


def test_a_prompt_before_the_first_image_is_refused_with_the_way_out(rig):
    assert rig.change(CONFIGURE)
    assert rig.latest('segmentation').message == 'not active; activate the node'
    assert rig.change(ACTIVATE)
    statuses = rig.inboxes['prompt_status']
    rig.wait_for(rig.points.get_subscription_count)
    rig.wait_for(lambda: statuses.connected)

    def answered():
        rig.clicks.publish(Point(x=5.0, y=5.0))
        return statuses

    rig.wait_for(answered)
    assert statuses[0].state == PromptStatus.REFUSED
    assert statuses[0].reason == (
        'no image has arrived yet, so a pixel means nothing; '
        'send the prompt again once the first image is there'
    )
    rig.connect()
    assert rig.point(*CENTRE).state == PromptStatus.ACCEPTED


def test_shutdown_by_the_manager_and_then_by_the_user_ends_well(red_network):
    with Process('segmenter', {'model': red_network}) as process:
        client = Client(process)
        assert client.state() == 'active'
        assert client.change(Transition.TRANSITION_ACTIVE_SHUTDOWN)
        assert client.state() == 'finalized'
        assert not client.change(CONFIGURE)
        process.stop()
        client.close()


def test_a_model_that_does_not_exist_ends_a_node_that_starts_itself():
    with Process('segmenter', {'model': '/nowhere/network.onnx'}) as process:
        assert process.wait() == 1
        assert 'model file /nowhere/network.onnx does not exist' in process.stderr
        assert f'known names are {DEFAULT_MODEL}, ' in process.stderr
        assert 'or give the path of an .onnx file' in process.stderr
        assert 'Traceback' not in process.stderr


def test_a_managed_node_with_a_bad_model_tells_it_and_can_be_configured_once_it_is_mended(
    tmp_path, red_network
):
    path = tmp_path / 'network.onnx'
    path.write_bytes(b'no network')
    with Process('segmenter', {'model': path, 'autostart': False}) as process:
        rig = Rig(process)
        assert not rig.change(CONFIGURE)
        assert rig.state() == 'unconfigured'
        status = rig.component('segmentation', lambda s: s.level == DiagnosticStatus.ERROR)
        assert f'model file {path} cannot be loaded by ONNX Runtime' in status.message
        assert 'Traceback' not in process.stderr
        shutil.copy(red_network, path)
        assert rig.change(CONFIGURE)
        assert rig.change(ACTIVATE)
        rig.connect()
        assert rig.component('segmentation', lambda s: s.level == DiagnosticStatus.OK)
        process.stop()
        rig.close()
