"""Clicks into the world, as RViz sends them."""

import importlib.util

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Point, PointStamped, Quaternion, TransformStamped, Vector3
from helpers.harness import Process
from helpers.rig import HEIGHT, WIDTH, Rig, picture, values_of
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo
from sensor_msgs.srv import SetCameraInfo

from picosam_ros.msg import PromptStatus

FOCAL = 200.0
CX, CY = 160.0, 120.0
K = [FOCAL, 0.0, CX, 0.0, FOCAL, CY, 0.0, 0.0, 1.0]


@pytest.fixture(scope='module')
def started(red_network):
    """Run a segmenter whose squares lie around the clicks, and publish for its camera."""
    parameters = {'model': red_network, 'threads': 1, 'track': False, 'roi_size': 96}
    with Process('segmenter', parameters) as process:
        rig = Rig(process)
        rig.connect()
        rig.infos = rig.publisher(CameraInfo, 'camera_info', 10)
        rig.worlds = rig.publisher(PointStamped, 'clicked_point', 10)
        rig.wait_for(rig.infos.get_subscription_count)
        rig.wait_for(rig.worlds.get_subscription_count)
        yield rig
        process.stop()
        rig.close()


def calibration(width=WIDTH, height=HEIGHT, k=K, **fields):
    return CameraInfo(width=width, height=height, k=k, **fields)


def send(rig, point, frame_id='lens'):
    """Click on a point and return the header."""
    x, y, z = map(float, point)
    header = rig.header(frame_id=frame_id)
    rig.worlds.publish(PointStamped(header=header, point=Point(x=x, y=y, z=z)))
    return header


def click(rig, point, frame_id='lens'):
    """Click on a point and return its status."""
    return rig.received('prompt_status', send(rig, point, frame_id))


def calibrate(rig, info):
    """Come back when the node knows the calibration: its height tells, as no image has it."""
    mark = calibration(height=rig.header().stamp.nanosec % 10**6 + 10_000)

    def arrived(message, text):
        rig.infos.publish(message)
        return text in click(rig, (0, 0, 1)).reason

    rig.show(picture((150, 100)))
    rig.wait_for(lambda: arrived(mark, f'{mark.width}×{mark.height}'))
    rig.wait_for(lambda: not arrived(info, f'{mark.width}×{mark.height}'))
    rig.fresh()


def set_rectified(rig, rectified):
    value = ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=rectified)
    request = SetParameters.Request(parameters=[Parameter(name='rectified', value=value)])
    [result] = rig.call(SetParameters, f'{rig.process.name}/set_parameters', request).results
    assert result.successful


def centre_of(rig):
    """Give the centre of the square that the network looks at for object 1."""
    [mask] = rig.show(picture((150, 100))).masks.masks
    return mask.roi.x + (mask.roi.width - 1) / 2, mask.roi.y + (mask.roi.height - 1) / 2


def test_a_point_of_the_cameras_own_frame_needs_no_tf(rig):
    calibrate(rig, calibration())
    status = click(rig, (0.1, -0.05, 1.0))
    assert (status.state, status.object_id) == (PromptStatus.ACCEPTED, 1), status.reason
    assert centre_of(rig) == pytest.approx((CX + 20, CY - 10), abs=0.51)


def test_a_lens_that_bends_is_reckoned_with_unless_the_image_is_rectified(rig):
    p = [FOCAL, 0.0, CX, 0.0, 0.0, FOCAL, CY, 0.0, 0.0, 0.0, 1.0, 0.0]
    bending = calibration(distortion_model='plumb_bob', d=[0.3, 0.0, 0.0, 0.0, 0.0], p=p)
    calibrate(rig, bending)
    assert click(rig, (0.5, 0.0, 1.0)).state == PromptStatus.ACCEPTED
    expected = CX + FOCAL * 0.5 * (1 + 0.3 * 0.25)
    assert centre_of(rig) == pytest.approx((expected, CY), abs=0.51)
    set_rectified(rig, True)
    assert click(rig, (0.5, 0.0, 1.0)).state == PromptStatus.ACCEPTED
    assert centre_of(rig) == pytest.approx((CX + FOCAL * 0.5, CY), abs=0.51)
    set_rectified(rig, False)


@pytest.mark.parametrize(
    ('point', 'reason'),
    [
        ((0, 0, -2), "point (0, 0, -2) of frame 'lens' is behind the camera: -2 m"),
        ((0.1, 0, 0), 'is behind the camera'),
        ((5, 0, 1), f'is outside of the {WIDTH}×{HEIGHT} image, at (1160.0, 120.0)'),
        ((0, -5, 1), f'is outside of the {WIDTH}×{HEIGHT} image, at (160.0, -880.0)'),
        ((float('nan'), 0, 1), 'must be finite'),
    ],
)
def test_a_point_that_the_camera_does_not_see_is_refused_with_the_reason(rig, point, reason):
    calibrate(rig, calibration())
    status = click(rig, point)
    assert status.state == PromptStatus.REFUSED
    assert reason in status.reason
    assert not rig.show(picture((150, 100))).masks.masks


@pytest.mark.parametrize(
    ('info', 'reason'),
    [
        (CameraInfo(), 'a camera of 0×0 pixels was given'),
        (calibration(k=[0.0] * 9), 'the camera is not calibrated'),
        (calibration(distortion_model='odd', d=[1.0]), "distortion model 'odd' was given"),
        (calibration(width=640, height=480), 'camera_info is for 640×480 pixels, and the images'),
    ],
)
def test_a_camera_info_that_is_of_no_use_is_refused_with_the_reason(rig, info, reason):
    calibrate(rig, info)
    status = click(rig, (0, 0, 1))
    assert status.state == PromptStatus.REFUSED
    assert reason in status.reason


def test_a_point_without_a_frame_is_refused(rig):
    calibrate(rig, calibration())
    status = click(rig, (0, 0, 1), frame_id='')
    assert status.state == PromptStatus.REFUSED
    assert "the point is in frame '', the images are in 'lens'" in status.reason


def test_without_image_or_camera_info_a_click_is_refused_with_what_is_missing(red_network):
    with Process('segmenter', {'model': red_network, 'threads': 1}) as process:
        rig = Rig(process)
        rig.worlds = rig.publisher(PointStamped, 'clicked_point', 10)
        statuses = rig.inboxes['prompt_status']
        rig.wait_for(lambda: send(rig, (0, 0, 1)) and statuses)
        assert statuses[0].state == PromptStatus.REFUSED
        assert 'no image has arrived yet' in statuses[0].reason
        rig.connect()
        reason = click(rig, (0, 0, 1)).reason
        assert f"no camera_info has arrived on '{process.namespace}/camera_info'" in reason
        process.stop()
        rig.close()


def test_without_tf2_ros_a_point_of_another_frame_is_refused_with_what_to_install(rig):
    if importlib.util.find_spec('tf2_ros'):
        pytest.skip('tf2_ros is installed')
    calibrate(rig, calibration())
    status = click(rig, (0, 0, 1), frame_id='map')
    assert status.state == PromptStatus.REFUSED
    assert "the point is in frame 'map', the images are in 'lens'" in status.reason
    assert 'tf2-ros-py' in status.reason


def placed(parent, child='lens', **rotation):
    """Put the camera at (1, 2, 0.5) of a frame, looking along its x."""
    transform = TransformStamped(child_frame_id=child)
    transform.header.frame_id = parent
    transform.transform.translation = Vector3(x=1.0, y=2.0, z=0.5)
    transform.transform.rotation = Quaternion(x=-0.5, y=0.5, z=-0.5, w=0.5)
    return transform


def test_a_point_of_another_frame_is_found_by_tf(rig):
    pytest.importorskip('tf2_ros')
    from tf2_msgs.msg import TFMessage

    latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    transforms = rig.publisher(TFMessage, '/tf_static', latched)
    transforms.publish(TFMessage(transforms=[placed('map_of_the_static')]))
    calibrate(rig, calibration())
    status = click(rig, (3.0, 2.2, 0.7), 'map_of_the_static')
    assert status.state == PromptStatus.ACCEPTED, status.reason
    assert centre_of(rig) == pytest.approx((CX - 20, CY - 20), abs=0.51)
    behind = click(rig, (0.0, 2.2, 0.7), 'map_of_the_static')
    assert "frame 'map_of_the_static' is behind the camera: -1 m" in behind.reason
    rig.node.destroy_publisher(transforms)


def test_a_transform_that_comes_after_the_click_is_waited_for(rig):
    pytest.importorskip('tf2_ros')
    from tf2_msgs.msg import TFMessage

    transforms = rig.publisher(TFMessage, '/tf', 10)
    calibrate(rig, calibration())
    header = send(rig, (3.0, 2.2, 0.7), 'map_of_the_late')

    def answered():
        late = placed('map_of_the_late')
        late.header.stamp = rig.header().stamp
        transforms.publish(TFMessage(transforms=[late]))
        return [s for s in rig.inboxes['prompt_status'] if s.header == header]

    [status] = rig.wait_for(answered)
    assert status.state == PromptStatus.ACCEPTED, status.reason
    rig.node.destroy_publisher(transforms)


def test_a_frame_that_tf_does_not_know_is_refused_with_both(rig):
    pytest.importorskip('tf2_ros')
    calibrate(rig, calibration())
    status = click(rig, (3.0, 2.2, 0.7), 'nowhere')
    assert status.state == PromptStatus.REFUSED
    assert "the point is in frame 'nowhere', the images are in 'lens'" in status.reason


def test_a_refused_click_is_seen_in_the_diagnostics_too(rig):
    calibrate(rig, calibration(k=[0.0] * 9))
    reason = click(rig, (0, 0, 1)).reason
    told = f'a prompt was refused: object 1: {reason}'
    warned = rig.component('prompts', lambda status: status.message == told)
    assert warned.level == DiagnosticStatus.WARN
    rig.diagnostics.clear()
    fine = rig.component('prompts', lambda status: status.level == DiagnosticStatus.OK)
    assert values_of(fine)['last refusal'] == f'object 1: {reason}'


def test_the_camera_node_takes_its_own_calibration(red_network):
    # A busy machine may take its time to bring a prompt.
    settings = {'camera': 'photos', 'model': red_network, 'threads': 1, 'prompt_max_age': 30.0}
    with Process('camera', settings) as process:
        rig = Rig(process)
        rig.worlds = rig.publisher(PointStamped, 'clicked_point', 10)
        rig.wait_for(lambda: rig.inboxes['masks'] and rig.worlds.get_subscription_count())
        frame = rig.inboxes['masks'][-1]
        statuses = rig.inboxes['prompt_status']
        rig.wait_for(lambda: send(rig, (0, 0, 1), frame.header.frame_id) and statuses)
        assert 'the camera is not calibrated' in statuses[0].reason

        k = [FOCAL, 0.0, 300.0, 0.0, FOCAL, 200.0, 0.0, 0.0, 1.0]
        info = calibration(frame.image_width, frame.image_height, k=k)
        info.distortion_model, info.d = 'plumb_bob', [0.0] * 5
        info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
        info.p = [FOCAL, 0.0, 300.0, 0.0, 0.0, FOCAL, 200.0, 0.0, 0.0, 0.0, 1.0, 0.0]
        request = SetCameraInfo.Request(camera_info=info)
        assert rig.call(SetCameraInfo, f'{process.name}/set_camera_info', request).success
        status = click(rig, (0.1, -0.05, 1.0), frame.header.frame_id)
        assert status.state == PromptStatus.ACCEPTED, status.reason
        outside = click(rig, (9, 0, 1), frame.header.frame_id)
        assert 'image, at (2100.0, 200.0)' in outside.reason
        process.stop()
        rig.close()
