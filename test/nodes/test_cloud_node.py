from importlib.util import find_spec

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import TransformStamped
from helpers.cloud_rig import CAMERA, FRAME, HEIGHT, REPEAT_S, WIDTH, CloudRig, points_of, square
from helpers.harness import Client, Process
from lifecycle_msgs.msg import Transition
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from visualization_msgs.msg import Marker

ERROR, OK, WARN = DiagnosticStatus.ERROR, DiagnosticStatus.OK, DiagnosticStatus.WARN
DEPTH = np.full((HEIGHT, WIDTH), 2.0, np.float32)
HEIGHT_M, PITCH = 1.0, 0.4


@pytest.fixture(scope='module')
def by_depth():
    """Run a cloud node that takes depth from images."""
    with Process('cloud', {'trim': 0.0}) as process:
        rig = CloudRig(process)
        rig.connect('label_mask', 'confidence', 'depth')
        rig.shown(square(), DEPTH, condition=lambda: rig.inboxes['cloud'])
        yield rig
        process.stop()
        rig.close()


@pytest.fixture
def rig(by_depth):
    """Give the module's node, calibrated, with nothing left of the test before."""
    for inbox in by_depth.inboxes.values():
        inbox.clear()
    by_depth.inboxes['cloud'].clear()
    by_depth.shown(square(), DEPTH)
    return by_depth


@pytest.fixture(scope='module')
def by_ground():
    """Run a cloud node that knows how the camera stands on a flat ground."""
    settings = {'mode': 'ground', 'camera_height': HEIGHT_M, 'camera_pitch': PITCH, 'trim': 0.0}
    with Process('cloud', settings) as process:
        rig = CloudRig(process)
        rig.connect('label_mask', 'confidence')
        rig.shown(square(), condition=lambda: rig.inboxes['grid'])
        yield rig
        process.stop()
        rig.close()


def set_parameter(rig, name, value):
    kinds = {int: ('integer_value', ParameterType.PARAMETER_INTEGER)}
    kinds[bool] = ('bool_value', ParameterType.PARAMETER_BOOL)
    field, kind = kinds[type(value)]
    request = SetParameters.Request(
        parameters=[Parameter(name=name, value=ParameterValue(type=kind, **{field: value}))]
    )
    [result] = rig.call(SetParameters, f'{rig.process.name}/set_parameters', request).results
    assert result.successful, result.reason


@pytest.mark.parametrize('kind', ['32FC1', '16UC1'])
def test_the_cloud_has_every_pixel_of_the_object_where_it_is(rig, kind):
    depth = DEPTH if kind == '32FC1' else np.full((HEIGHT, WIDTH), 2000, np.uint16)
    header = rig.show(square(7), depth)
    cloud = rig.received('cloud', header)
    assert cloud.header == header
    assert cloud.is_dense
    [points] = points_of(cloud)
    rows, columns = np.nonzero(square())
    assert points['x'] == pytest.approx(2 * (columns - 31.5) / 50, abs=1e-5)
    assert points['y'] == pytest.approx(2 * (rows - 23.5) / 50, abs=1e-5)
    assert (points['z'] == 2).all()
    assert set(points['id']) == {7}
    assert set(points['confidence']) == {99}


def test_the_aligned_cloud_has_the_size_and_the_stamp_of_the_label_mask(rig):
    depth = DEPTH.copy()
    depth[0] = 0
    header = rig.show(square(), depth)
    cloud = rig.received('aligned_cloud', header)
    assert (cloud.height, cloud.width) == (HEIGHT, WIDTH)
    assert cloud.header == header
    assert not cloud.is_dense
    points = points_of(cloud)
    assert np.isnan(points['x'][0]).all()
    assert (points['z'][1:] == 2).all()
    assert np.array_equal(points['id'], square())


def test_the_pose_is_the_centroid_and_points_along_the_line_of_sight(rig):
    header = rig.show(square(columns=slice(60, 62), rows=slice(23, 25)), DEPTH)
    pose = rig.received('pose', header).pose
    x, z = 2 * (60.5 - 31.5) / 50, 2.0
    position, q = pose.position, pose.orientation
    assert (position.x, position.y, position.z) == pytest.approx((x, 0, z), abs=1e-6)
    ahead = np.array([1 - 2 * (q.y**2 + q.z**2), 2 * (q.x * q.y + q.z * q.w),
                      2 * (q.x * q.z - q.y * q.w)])  # fmt: skip
    assert ahead == pytest.approx(np.array([x, 0, z]) / np.hypot(x, z), abs=1e-6)
    up = np.array([2 * (q.x * q.z + q.y * q.w), 2 * (q.y * q.z - q.x * q.w),
                   1 - 2 * (q.x**2 + q.y**2)])  # fmt: skip
    assert up == pytest.approx([0, -1, 0], abs=1e-6)


def test_the_pose_is_that_of_the_largest_object_or_of_the_one_that_is_named(rig):
    labels = square(2, columns=slice(0, 30)) + square(9, columns=slice(50, 60))
    assert rig.received('pose', rig.show(labels, DEPTH)).pose.position.x < 0
    set_parameter(rig, 'object_id', 9)
    assert rig.received('pose', rig.show(labels, DEPTH)).pose.position.x > 0
    set_parameter(rig, 'object_id', 3)
    header = rig.show(labels, DEPTH)
    rig.received('aligned_cloud', header)  # the last that is published
    assert header.stamp not in [message.header.stamp for message in rig.inboxes['pose']]
    set_parameter(rig, 'object_id', 0)


def test_a_marker_shows_the_extent_and_older_ones_go(rig):
    labels = square(2, rows=slice(10, 21), columns=slice(30, 51))
    header, arrays = rig.show(labels, DEPTH), rig.inboxes['markers']
    forget, box, text = rig.wait_for(
        lambda: next((a.markers for a in arrays if a.markers[0].header == header), None)
    )
    assert forget.action == Marker.DELETEALL
    assert (box.type, box.id, box.header.frame_id) == (Marker.CUBE, 2, FRAME)
    assert (box.scale.x, box.scale.y) == pytest.approx((2 * 20 / 50, 2 * 10 / 50), abs=1e-5)
    assert box.pose.position.x == pytest.approx(2 * (40 - 31.5) / 50, abs=1e-5)
    assert text.text.startswith('2: 2.')


def test_stamps_within_the_slop_match_and_the_label_masks_counts(rig):
    header, other = rig.header(), rig.header(age_s=0.03)
    assert rig.show(square(), DEPTH, header=header, depth_header=other) == header
    assert rig.received('cloud', header).header == header


def test_diagnostics_name_the_package_that_matches(rig):
    # Shown all the while: two seconds after the last set, nothing matches.
    with rig.repeating(lambda: rig.show(square(), DEPTH), REPEAT_S):
        status = rig.component('matches', 'the inputs match', OK)
    values = {value.key: value.value for value in status.values}
    expected = 'message_filters' if find_spec('message_filters') else 'picosam_ros'
    assert values['matched by'] == expected


def test_depth_of_another_size_is_told(rig):
    rig.show(square(), np.ones((HEIGHT // 2, WIDTH // 2), np.float32))
    status = rig.component('cloud', 'depth of 32×24 pixels was given for a label mask of 64×48')
    assert status.level == ERROR
    assert 'register the depth to the colour camera' in status.message


def test_a_wrong_frame_of_the_depth_is_told(rig):
    header = rig.header()
    depth_header = rig.header('depth_optical')
    rig.show(square(), DEPTH, header=header, depth_header=depth_header)
    words = f"depth is in frame 'depth_optical', label_mask in '{FRAME}'"
    assert rig.component('cloud', words).level == ERROR


def test_images_without_a_frame_are_told(rig):
    rig.show(square(), DEPTH, header=rig.header(''))
    assert rig.component('cloud', 'label_mask has no frame id').level == ERROR


def test_depth_in_an_unknown_encoding_is_told(rig):
    header = rig.show(square())
    from picosam_ros.ros.messages import to_image

    rig.images['depth'].publish(to_image(np.zeros((HEIGHT, WIDTH, 3), np.uint8), 'rgb8', header))
    words = "depth: encoding 'rgb8' was given; allowed are 16UC1, mono16, 32FC1"
    assert rig.component('cloud', words).level == ERROR


def test_a_camera_info_of_zeros_of_another_frame_and_of_another_size_is_told(rig):
    def told(words, component='cloud', **calibration):
        def said():
            rig.calibrate(**calibration)
            rig.show(square(), DEPTH)
            full = f'{rig.process.name.lstrip("/")}: {component}'
            statuses = [s for array in rig.diagnostics for s in array.status]
            return any(s.name == full and words in s.message and s.level == ERROR for s in statuses)

        rig.diagnostics.clear()
        return rig.wait_for(said)

    assert told('the camera is not calibrated; calibrate it', focal=0.0)
    assert told('the camera is not calibrated; calibrate it', 'camera_info', focal=0.0)
    assert told(f"camera_info is in frame 'other', label_mask in '{FRAME}'", frame_id='other')
    assert told('label_mask has 64×48 pixels, camera_info is for 640×480', width=640, height=480)
    rig.shown(square(), DEPTH, condition=lambda: rig.inboxes['cloud'])


def test_stale_stamps_are_told_and_their_cloud_keeps_them(rig):
    # A clock that is off for good: the node begins anew, and then all match.
    def told():
        header = rig.show(square(), DEPTH, header=rig.header(age_s=60))
        full = f'{rig.process.name.lstrip("/")}: label_mask'
        statuses = [s for array in rig.diagnostics for s in array.status if s.name == full]
        old = any('old on arrival' in s.message and s.level == WARN for s in statuses)
        clouds = [cloud.header.stamp for cloud in rig.inboxes['cloud']]
        return old and header.stamp.sec - 5 < max((s.sec for s in clouds), default=0)

    rig.diagnostics.clear()
    rig.inboxes['cloud'].clear()
    rig.wait_for(told)


def test_stamps_that_never_match_are_told_with_counts_and_gap(rig):
    def told():
        # Without a jump back, which would begin anew: depth is late by less than a second.
        header, late = rig.header(), rig.header(age_s=0.5)
        rig.show(square(), DEPTH, header=header, depth_header=late)
        full = f'{rig.process.name.lstrip("/")}: matches'
        statuses = [s for array in rig.diagnostics for s in array.status if s.name == full]
        return next((s for s in statuses if 'no stamps within 50 ms' in s.message), None)

    # Few enough a second that none of the late ones meets an earlier mask.
    rig.diagnostics.clear()
    deadline = {'next': 0.0}

    def slowly():
        now = rig.node.get_clock().now().nanoseconds / 1e9
        if now < deadline['next']:
            return None
        deadline['next'] = now + 1.3
        return told()

    status = rig.wait_for(slowly)
    assert status.level == WARN
    assert 'label_mask ' in status.message
    assert 'depth -' in status.message


def test_once_all_is_well_again_diagnostics_say_so(rig):
    rig.show(square(), np.ones((HEIGHT // 2, WIDTH // 2), np.float32))
    rig.component('cloud', 'depth of 32×24')
    rig.show(square(), DEPTH)
    status = rig.component('cloud', '1 objects', OK)
    values = {value.key: value.value for value in status.values}
    assert values['points'] == '200'
    assert int(values['refused (ImageError)']) >= 1
    assert rig.component('camera_info', 'the camera is calibrated').level == OK


def test_a_node_that_gets_nothing_says_what_it_lacks():
    with Process('cloud') as process:
        rig = CloudRig(process)
        assert rig.state() == 'active'
        words = 'nothing to match: no label_mask, no confidence, no depth arrives'
        status = rig.component('matches', words)
        assert 'label_mask 0, confidence 0, depth 0' in status.message
        for name in ('label_mask', 'confidence', 'depth'):
            topic = f'{process.namespace}/{name}'
            assert rig.component(name, f'no image yet from {topic}').level in (WARN, ERROR)
        assert 'no camera_info has arrived' in rig.component('camera_info', '', ERROR).message
        rig.wait_for(lambda: 'no camera_info has arrived' in process.stderr)
        process.stop()
        rig.close()


def test_without_camera_info_a_set_of_images_is_refused_in_words():
    with Process('cloud') as process:
        rig = CloudRig(process)
        rig.connect('label_mask', 'confidence', 'depth')
        rig.show(square(), DEPTH)
        assert rig.component('cloud', 'no camera_info has arrived').level == ERROR
        rig.wait_for(lambda: 'no camera_info has arrived' in process.stderr)
        for _ in range(3):
            rig.show(square(), DEPTH)
            assert rig.component('cloud', 'no camera_info has arrived').level == ERROR
        process.stop()
        assert process.stderr.count('no camera_info has arrived') == 1
        rig.close()


def test_a_parameter_of_the_other_mode_is_told():
    with Process('cloud', {'camera_height': 1.0}) as process:
        rig = CloudRig(process)
        words = "'camera_height' was set to 1.0, which has no effect with mode 'depth'"
        rig.wait_for(lambda: words in process.stderr)
        assert "'camera_pitch'" not in process.stderr
        process.stop()
        rig.close()


def test_on_the_ground_things_stand_where_their_lowest_pixel_is(by_ground):
    rig = by_ground
    rows, columns = slice(5, 41), slice(30, 34)
    header = rig.show(square(rows=rows, columns=columns))
    [points] = points_of(rig.received('cloud', header))
    assert len(points) == 4
    down = np.arctan((40 - 23.5) / 50) + PITCH
    z = HEIGHT_M / np.sin(down) * np.cos(down - PITCH)
    assert points['z'] == pytest.approx(z, abs=1e-4)
    grid = rig.received('grid', header)
    assert grid.header.frame_id == 'base_link'
    cells = np.reshape(grid.data, (grid.info.height, grid.info.width))
    x = HEIGHT_M / np.tan(down)
    _, x_cells = np.nonzero(cells == 100)
    assert set(x_cells) == {int(x / grid.info.resolution)}
    assert {0, -1, 100} == set(np.unique(cells))
    aligned = points_of(rig.received('aligned_cloud', header))
    assert aligned.shape == (HEIGHT, WIDTH)
    assert np.isnan(aligned['z'][39, 31])
    assert np.isfinite(aligned['z'][[40, 41], [31, 31]]).all()


def test_on_the_ground_flat_things_lie_where_all_of_their_pixels_are(by_ground):
    rig = by_ground
    set_parameter(rig, 'standing', False)
    header = rig.show(square(rows=slice(30, 40), columns=slice(20, 40)))
    [points] = points_of(rig.received('cloud', header))
    assert len(points) == 200
    xyz = np.stack([points[axis] for axis in 'xyz'], axis=1)
    seen = CAMERA.project(xyz)
    rows, columns = np.nonzero(square(rows=slice(30, 40), columns=slice(20, 40)))
    assert np.abs(seen - np.column_stack([columns, rows])).max() < 1e-3
    set_parameter(rig, 'standing', True)


def test_without_tf_and_without_a_height_the_ground_is_asked_for():
    with Process('cloud', {'mode': 'ground'}) as process:
        rig = CloudRig(process)
        rig.connect('label_mask', 'confidence')

        def shown():
            rig.calibrate()
            rig.show(square())
            return True

        rig.wait_for(shown)

        def told():
            shown()
            statuses = [s for array in rig.diagnostics for s in array.status]
            words = 'or tell where the camera is by camera_height and camera_pitch'
            return next((s for s in statuses if words in s.message), None)

        status = rig.wait_for(told)
        assert status.level == ERROR
        assert 'tf2_ros' in status.message or "from 'lens_optical' to 'base_link'" in status.message
        process.stop()
        rig.close()


def test_with_tf_the_ground_is_where_tf_says():
    tf2_ros = pytest.importorskip('tf2_ros')
    # What camera_height 1 and camera_pitch 0 would be, turned to the left and moved ahead.
    turned = TransformStamped(child_frame_id=FRAME)
    turned.header.frame_id = 'floor'
    move, turn = turned.transform.translation, turned.transform.rotation
    move.x, move.z = 2.0, HEIGHT_M
    turn.x, turn.y, turn.z, turn.w = -np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)
    with Process('cloud', {'mode': 'ground', 'base_frame': 'floor'}) as process:
        rig = CloudRig(process)
        rig.connect('label_mask', 'confidence')
        broadcaster = tf2_ros.StaticTransformBroadcaster(rig.node)
        labels = square(rows=slice(20, 48), columns=slice(31, 33))

        def shown():
            broadcaster.sendTransform(turned)
            return rig.inboxes['grid']

        grid = rig.shown(labels, condition=shown)[-1]
        assert grid.header.frame_id == 'floor'
        cells = np.reshape(grid.data, (grid.info.height, grid.info.width))
        rows, columns = np.nonzero(cells == 100)
        y = HEIGHT_M / ((47 - 23.5) / 50)
        assert set(rows) == {int((y + 2.5) / 0.05)}
        assert 1.9 < 0.05 * min(columns) <= 0.05 * max(columns) < 2.1
        process.stop()
        rig.close()


def test_a_managed_cloud_goes_round_and_ends_well():
    with Process('cloud', {'autostart': False}) as process:
        client = Client(process)
        assert client.state() == 'unconfigured'
        for _ in range(3):
            assert client.change(Transition.TRANSITION_CONFIGURE)
            assert client.change(Transition.TRANSITION_ACTIVATE)
            assert client.state() == 'active'
            assert client.change(Transition.TRANSITION_DEACTIVATE)
            assert client.change(Transition.TRANSITION_CLEANUP)
            client.wait_for(lambda: not client.node.count_publishers(f'{process.name}/cloud'))
        process.stop()
        client.close()


def test_an_object_without_depth_is_a_warning_and_has_no_pose(rig):
    depth = DEPTH.copy()
    depth[square().astype(bool)] = np.nan
    clouds, poses = rig.inboxes['cloud'], rig.inboxes['pose']
    rig.shown(square(), depth)
    clouds.clear()
    rig.shown(square(), depth)
    rig.component('cloud', 'no pixel of object 5 has a known depth, so it has no', WARN)
    without = [cloud.header.stamp for cloud in clouds]
    assert not [pose for pose in poses if pose.header.stamp in without]
    rig.shown(square(), DEPTH)
    rig.component('cloud', '1 objects', OK)
    rig.received('pose', clouds[-1].header)


@pytest.mark.parametrize('name', ['d', 'k', 'r', 'p'])
def test_a_calibration_of_nan_is_an_error_and_no_topic_has_any(rig, name):
    for inbox in rig.inboxes.values():
        inbox.clear()
    rig.calibrate(**{name: np.nan})
    shown = [rig.show(square(), DEPTH) for _ in range(3)]
    rig.component('camera_info', 'a number that is not finite', ERROR)
    rig.component('cloud', 'a number that is not finite', ERROR)
    stamps = [header.stamp for header in shown]
    for inbox in rig.inboxes.values():
        assert not [m for m in inbox if hasattr(m, 'header') and m.header.stamp in stamps]
    rig.shown(square(), DEPTH)
    rig.component('camera_info', 'the camera is calibrated', OK)
