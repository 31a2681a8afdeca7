"""Nodes that share a process, beside the same nodes in processes of their own."""

import contextlib
import signal
from types import SimpleNamespace

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from helpers.cloud_rig import points_of
from helpers.harness import Client, Process
from helpers.rig import HEIGHT, ROI_SIZE, WIDTH, Rig, array_of, picture
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import String

from picosam_ros.ros.messages import from_time

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')

from helpers.socket_page import SocketPage

CENTRE = (150, 160)
OBJECT = 77
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
CLOUD = {'mode': 'ground', 'camera_height': 1.0, 'camera_pitch': 0.4}
VIEWER = {'port': 0}


class AllRig(Rig):
    """A segmenter, a cloud and a viewer of one namespace."""

    def __init__(self, process):
        super().__init__(process)
        self.space = process.namespace
        self.clouds = self.subscribe(PointCloud2, 'cloud/cloud')
        self.urls = self.subscribe(String, 'viewer/url', LATCHED)
        self.infos = self.publisher(CameraInfo, 'camera_info')
        self.wait_for(lambda: self.urls and self.infos.get_subscription_count() > 1)
        self.connect()

    def calibrate(self):
        k = [300.0, 0.0, WIDTH / 2, 0.0, 300.0, HEIGHT / 2, 0.0, 0.0, 1.0]
        info = CameraInfo(header=self.header(), width=WIDTH, height=HEIGHT, k=k)
        info.distortion_model, info.d = 'plumb_bob', [0.0] * 5
        self.infos.publish(info)

    def seen(self, page):
        """Show an object until a cloud and a frame with masks of one image are there."""
        images = {}

        def met():
            self.calibrate()
            shown = self.show(picture(CENTRE))
            images[from_time(shown.masks.header.stamp)] = shown
            clouds = {from_time(c.header.stamp): c for c in self.clouds if c.width}
            frames = {int(f['stamp']): f for f in page.frames if f['masks']}
            common = images.keys() & clouds.keys() & frames.keys()
            return next(((images[s], clouds[s], frames[s]) for s in common), None)

        shown, cloud, frame = self.wait_for(met)
        [mask] = shown.masks.masks
        mask.generation = 0
        return SimpleNamespace(mask=mask, shown=shown, cloud=points_of(cloud), frame=frame)


@pytest.fixture(scope='module')
def settings(red_network):
    return {'model': red_network, 'threads': 1, 'track': False, 'roi_size': ROI_SIZE}


def composed(settings):
    """Start all three as one process."""
    others = {f'cloud:{name}': value for name, value in CLOUD.items()}
    others |= {f'viewer:{name}': value for name, value in VIEWER.items()}
    return Process('segmenter', settings | others, words=['--with', 'cloud,viewer'])


@pytest.fixture(scope='module')
def together(settings):
    """Run one process for this module; that it ends well is checked."""
    with composed(settings) as process:
        rig = AllRig(process)
        yield rig
        process.stop(signal.SIGTERM)
        rig.close()


@pytest.fixture
def rig(together):
    together.fresh()
    return together


def answers(page):
    """Return those to the click: others may still come, of what the rig asked to be connected."""
    return [answer for answer in page.texts['answer'] if answer['object'] == OBJECT]


def results(rig):
    """Click into the page; return what is published and shown."""
    with SocketPage(rig.urls[-1].data) as page:
        rig.wait_for(lambda: rig.show(picture(CENTRE)) and page.frames)
        page.send('point', tag=1, object=OBJECT, x=CENTRE[0], y=CENTRE[1], stamp='0')
        rig.wait_for(lambda: rig.show(picture(CENTRE)) and answers(page))
        assert answers(page)[0]['state'] == 'accepted', answers(page)
        return rig.seen(page)


def test_a_composed_process_publishes_and_shows_what_separate_ones_do(rig, settings):
    one = results(rig)
    with contextlib.ExitStack() as processes:
        first = processes.enter_context(Process('segmenter', settings))
        for name, parameters, remaps in (
            ('cloud', CLOUD, {t: f'segmenter/{t}' for t in ('label_mask', 'confidence')}),
            ('viewer', VIEWER | {'segmentation': 'segmenter'}, {}),
        ):
            processes.enter_context(
                Process(name, parameters, remaps=remaps, namespace=first.namespace)
            )
        other = AllRig(first)
        other.fresh()
        three = results(other)
        other.close()
    assert one.mask == three.mask
    for topic in ('label_mask', 'confidence'):
        left, right = (array_of(getattr(each.shown, topic)) for each in (one, three))
        assert left.any()
        assert np.array_equal(left, right)
    assert one.cloud.size
    assert np.array_equal(one.cloud, three.cloud)
    assert one.frame['masks'][0]['outline'] == three.frame['masks'][0]['outline']


def test_masks_and_images_are_handed_over_and_not_subscribed_to(rig):
    with SocketPage(rig.urls[-1].data) as page:
        rig.wait_for(lambda: rig.show(picture(CENTRE)) and page.frames)
        for topic in ('masks', 'label_mask', 'confidence'):
            found = rig.node.get_subscriptions_info_by_topic(f'{rig.space}/segmenter/{topic}')
            assert {each.node_name for each in found} <= {'client'}, topic
        images = rig.node.get_subscriptions_info_by_topic(f'{rig.space}/image')
        assert [each.node_name for each in images] == ['segmenter']
        for node, topics in (
            ('cloud', ('segmenter/label_mask', 'segmenter/confidence')),
            ('viewer', ('segmenter/masks', 'image')),
        ):
            name = f'{rig.space[1:]}/{node}: topics'

            def told(name=name, topics=topics):
                statuses = [s for m in rig.diagnostics for s in m.status if s.name == name]
                values = {v.key: v.value for v in statuses[-1].values} if statuses else {}
                wanted = {f'{rig.space}/{topic}' for topic in topics}
                return wanted <= {
                    key for key, value in values.items() if 'of this process' in value
                }

            rig.wait_for(told)


def change(rig, node, transition):
    request = ChangeState.Request(transition=Transition(id=transition))
    return rig.call(ChangeState, f'{rig.space}/{node}/change_state', request).success


def test_each_node_has_a_lifecycle_of_its_own(rig):
    nodes = ('segmenter', 'cloud', 'viewer')

    def states():
        return [rig.state(f'{rig.space}/{node}') for node in nodes]

    assert states() == ['active'] * 3
    for node in nodes:
        if node == 'viewer':
            rig.urls.clear()
        for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
            assert change(rig, node, transition)
        assert states() == ['unconfigured' if each == node else 'active' for each in nodes]
        for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
            assert change(rig, node, transition)
    assert states() == ['active'] * 3
    rig.wait_for(lambda: rig.urls)
    rig.connect()
    assert results(rig).cloud.size


@pytest.mark.parametrize(
    ('words', 'parameters', 'sentence'),
    [
        (['--with', 'cloud,radar'], {}, "--with names 'radar'; allowed are cloud, viewer"),
        (['--with=cloud,cloud'], {}, "--with names 'cloud' twice"),
        # Of the node's own table: it cannot be made.
        (['--with=cloud'], {'cloud:queue_size': 0}, 'queue_size'),
        # It is made, and cannot be configured: the others, which can, end with it.
        (['--with=cloud,viewer'], {'viewer:public_url': 'nonsense'}, 'public_url'),
    ],
)
def test_a_node_that_cannot_start_ends_the_process_with_a_sentence_and_exit_code_1(
    settings, words, parameters, sentence
):
    with Process('segmenter', settings | parameters, words=words) as process:
        assert process.wait() == 1
        assert sentence in process.stderr
        assert 'Traceback' not in process.stderr


def test_a_companion_that_waits_for_a_manager_waits_and_a_parameter_of_one_is_no_typo(settings):
    parameters = settings | {'cloud:autostart': False, 'cloud:mode': 'ground', 'mistyped': 1}
    with Process('segmenter', parameters, words=['--with', 'cloud']) as process:
        client = Client(process)
        client.wait_for(lambda: client.state() == 'active')
        assert client.state(f'{process.namespace}/cloud') == 'unconfigured'
        client.close()
        process.stop(signal.SIGTERM)
        assert "'model'" not in process.stderr
        assert process.stderr.count("parameter 'mistyped' was given") == 2


def test_the_first_node_alone_is_renamed_and_its_companions_follow_it(settings):
    renames = {'__node': 'front', 'image': 'lens/image'}
    with Process('segmenter', settings, remaps=renames, words=['--with', 'cloud']) as process:
        client = Client(process)
        cloud, front = (f'{process.namespace}/{name}' for name in ('cloud', 'front'))
        client.wait_for(lambda: client.state(cloud) == client.state(front) == 'active')
        diagnostics = client.subscribe(DiagnosticArray, '/diagnostics')

        def handed_over():
            statuses = [s for m in diagnostics for s in m.status]
            return any(
                value.key == f'{front}/label_mask' and 'of this process' in value.value
                for status in statuses
                if status.name == f'{cloud[1:]}: topics'
                for value in status.values
            )

        client.wait_for(handed_over)
        client.close()
        process.stop(signal.SIGTERM)
