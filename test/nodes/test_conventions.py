"""What other packages expect of a node of this kind, one test or more for each convention.

Types, encodings, QoS and frames are read off the running nodes. Depth's units are in the tests of
`cloud`, the lifecycle manager's protocol in test_nav2_manager.
"""

import os

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from helpers.harness import Client, Process
from helpers.rig import array_of, picture
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from test_camera_calibration import CALIBRATION, UNCALIBRATED

from picosam_ros.msg import Prompt, PromptStatus
from picosam_ros.spatial.calibration import write_calibration

NAMESPACE = f'/kept{os.getpid()}'
OBJECT = 7


class CalibratedCamera(Client):
    """A camera with a calibration, and `cloud` on a flat ground behind it."""

    def __init__(self, process, cloud):
        super().__init__(process)
        self.cloud = cloud
        topics = {'image_raw': Image, 'camera/label_mask': Image, 'camera/confidence': Image}
        clouds = {'cloud/cloud': PointCloud2, 'cloud/aligned_cloud': PointCloud2}
        infos = {'camera_info': CameraInfo}
        self.inboxes = {
            topic: self.subscribe(kind, topic) for topic, kind in (topics | clouds | infos).items()
        }

    def of_one_moment(self, *topics):
        """Wait for messages of these topics with the same header, and give them."""
        boxes = [self.inboxes[topic] for topic in topics]

        def found():
            for message in reversed(boxes[0]):
                same = [next((m for m in b if m.header == message.header), None) for b in boxes]
                if None not in same:
                    return same
            return None

        return self.wait_for(found)

    def kinds_of_service(self, name):
        """Wait until a service is known, and give its types."""

        def kinds():
            return dict(self.node.get_service_names_and_types()).get(f'{NAMESPACE}/{name}')

        return self.wait_for(kinds)


@pytest.fixture(scope='module')
def camera(tmp_path_factory):
    """Run both, with an object that is the lower half of the picture."""
    file = tmp_path_factory.mktemp('calibration') / 'front.yaml'
    write_calibration(CALIBRATION, file)
    settings = {'camera': 'photos', 'rate': 10.0, 'camera_info_url': file}
    ground = {'mode': 'ground', 'camera_height': 1.0, 'camera_pitch': 0.6}
    remaps = {topic: f'camera/{topic}' for topic in ('label_mask', 'confidence')}
    with (
        Process('camera', settings, namespace=NAMESPACE) as process,
        Process('cloud', ground, namespace=NAMESPACE, remaps=remaps) as cloud,
    ):
        client = CalibratedCamera(process, cloud)
        statuses = client.subscribe(PromptStatus, 'camera/prompt_status')
        prompts = client.publisher(Prompt, 'prompt')
        prompt = Prompt(object_id=OBJECT)
        prompt.box.x0, prompt.box.y0, prompt.box.x1, prompt.box.y1 = 160.0, 240.0, 480.0, 470.0
        client.wait_for(prompts.get_subscription_count)
        client.wait_for(lambda: all(client.inboxes.values()))
        client.known_to(process.name)
        prompts.publish(prompt)
        client.wait_for(lambda: any(s.object_id == OBJECT for s in statuses))
        yield client
        process.stop()
        cloud.stop()
        assert UNCALIBRATED not in process.stderr
        client.close()


def test_semantic_layer_masks_and_confidence_are_mono8_of_one_size_and_stamp(camera):
    labels, confidence, image = camera.of_one_moment(
        'camera/label_mask', 'camera/confidence', 'image_raw'
    )
    assert (labels.encoding, confidence.encoding) == ('mono8', 'mono8')
    assert (labels.width, labels.height) == (image.width, image.height)
    assert (confidence.width, confidence.height) == (image.width, image.height)


def test_semantic_layer_the_cloud_is_aligned_with_the_masks_and_has_their_stamp(camera):
    labels, cloud = camera.of_one_moment('camera/label_mask', 'cloud/aligned_cloud')
    assert (cloud.width, cloud.height) == (labels.width, labels.height)
    assert cloud.row_step == cloud.width * cloud.point_step
    assert len(cloud.data) == cloud.row_step * cloud.height


def test_semantic_layer_labels_are_latched_and_reliable(camera):
    reason = 'vision_msgs is not among the wheels of PyPI; install ros-$ROS_DISTRO-vision-msgs'
    messages = pytest.importorskip('vision_msgs.msg', reason=reason)
    topic = f'{NAMESPACE}/camera/label_info'
    [publisher] = camera.node.get_publishers_info_by_topic(topic)
    assert publisher.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    assert publisher.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    # It subscribes long after they were published.
    infos = camera.subscribe(messages.LabelInfo, topic, latched)
    camera.wait_for(lambda: infos)
    names = {c.class_id: c.class_name for c in infos[0].class_map}
    assert names[0] == 'nothing'
    assert names[OBJECT] == f'object_{OBJECT}'
    assert 255 not in names


def test_topic_names_are_those_of_such_nodes(camera):
    topics = dict(camera.node.get_topic_names_and_types())
    assert topics[f'{NAMESPACE}/camera/label_mask'] == ['sensor_msgs/msg/Image']
    assert camera.kinds_of_service('camera/enable') == ['std_srvs/srv/SetBool']


def test_class_ids_are_0_for_nothing_and_never_255(rig):
    rig.set((150, 100), object_id=254)
    result = rig.show(picture((150, 100)))
    assert set(array_of(result.label_mask).ravel().tolist()) == {0, 254}
    refusal = rig.set((150, 100), object_id=255)
    assert refusal.state == PromptStatus.REFUSED
    assert '1 to 254' in refusal.reason


def test_obstacle_layer_clouds_are_floats_in_the_optical_frame_of_the_image(camera):
    cloud, labels = camera.of_one_moment('cloud/cloud', 'camera/label_mask')
    assert cloud.header.frame_id == labels.header.frame_id
    kinds = {field.name: field.datatype for field in cloud.fields}
    assert {kinds[axis] for axis in 'xyz'} == {PointField.FLOAT32}
    assert {'id', 'confidence'} <= set(kinds)


def test_click_in_rqt_image_view_is_a_point_without_a_header(camera):
    topics = dict(camera.node.get_topic_names_and_types())
    assert topics[f'{NAMESPACE}/image_mouse_left'] == ['geometry_msgs/msg/Point']


def test_click_in_rviz_is_a_stamped_point(camera):
    topics = dict(camera.node.get_topic_names_and_types())
    assert topics[f'{NAMESPACE}/clicked_point'] == ['geometry_msgs/msg/PointStamped']


@pytest.mark.parametrize(
    'topic',
    [
        'image_raw',
        'camera_info',
        'camera/label_mask',
        'camera/label_mask/color',
        'camera/confidence',
        'camera/masks',
        'camera/overlay',
        'camera/overlay/compressed',
        'camera/latency',
        'cloud/cloud',
        'cloud/aligned_cloud',
    ],
)
def test_qos_drivers_publish_with_the_systems_defaults(camera, topic):
    [publisher] = camera.node.get_publishers_info_by_topic(f'{NAMESPACE}/{topic}')
    assert publisher.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    assert publisher.qos_profile.durability == DurabilityPolicy.VOLATILE


def test_qos_consumers_of_sensor_data_subscribe_best_effort(camera, rig):
    ours = [f'{rig.process.namespace}/image']
    ours += [f'{NAMESPACE}/camera/{topic}' for topic in ('label_mask', 'confidence')]
    for topic in ours:
        endpoints = camera.node.get_subscriptions_info_by_topic(topic)
        nodes = [e for e in endpoints if e.node_name in ('segmenter', 'cloud')]
        assert nodes, topic
        assert {e.qos_profile.reliability for e in nodes} == {ReliabilityPolicy.BEST_EFFORT}


def test_frames_are_optical_unless_told_otherwise(camera):
    for topic in ('image_raw', 'camera_info', 'camera/label_mask', 'cloud/cloud'):
        [message] = camera.of_one_moment(topic)
        assert message.header.frame_id == 'camera_optical_frame'


def test_camera_image_and_calibration_have_one_stamp_and_frame(camera):
    image, info = camera.of_one_moment('image_raw', 'camera_info')
    assert (info.width, info.height) == (image.width, image.height)
    assert tuple(info.k) == CALIBRATION.k
    assert camera.kinds_of_service('camera/set_camera_info') == ['sensor_msgs/srv/SetCameraInfo']


def test_diagnostics_have_a_hardware_id_a_level_and_a_sentence(camera):
    arrays = camera.subscribe(DiagnosticArray, '/diagnostics')
    space = f'{NAMESPACE[1:]}/'

    def own():
        return [a for a in arrays if any(s.name.startswith(space) for s in a.status)]

    def reported():
        return {s.name: s for array in own() for s in array.status}

    names = {f'{space}camera: camera', f'{space}cloud: cloud'}
    camera.wait_for(lambda: names <= set(reported()))
    levels = {getattr(DiagnosticStatus, level) for level in ('OK', 'WARN', 'ERROR', 'STALE')}
    for status in reported().values():
        assert status.hardware_id
        assert status.level in levels
        assert status.message
    assert all(array.header.stamp.sec for array in own())


def test_diagnostics_outputs_without_a_prompt_are_no_error(rig):
    rig.show(picture((5, 5)))
    status = rig.component('segmentation', lambda status: 'STALE' not in status.message)
    assert status.level != DiagnosticStatus.ERROR
