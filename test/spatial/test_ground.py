import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.errors import CalibrationError
from picosam_ros.spatial.cloud import (
    UNLABELLED,
    LabelledDepth,
    Range,
    object_cloud,
)
from picosam_ros.spatial.ground import (
    FREE,
    OCCUPIED,
    UNKNOWN,
    Ground,
    Patch,
    camera_pose,
    contact,
    pose_of,
)
from picosam_ros.spatial.pinhole import Pinhole

CAMERA = Pinhole(640, 480, 520.0, 520.0, 319.5, 239.5)
HEIGHT, PITCH = 1.2, 0.25


@pytest.fixture(scope='module')
def ground():
    return Ground(CAMERA, camera_pose(HEIGHT, PITCH))


def to_base(points, pose):
    xyz = np.stack([points[axis] for axis in 'xyz'], axis=-1).astype(float)
    return xyz @ pose[:3, :3].T + pose[:3, 3]


def seen_from_above(x, y):
    """Tell in closed form which pixel sees (x, y, 0): a camera that looks ahead and down."""
    cos, sin = np.cos(PITCH), np.sin(PITCH)
    ahead, down = x * cos + HEIGHT * sin, HEIGHT * cos - x * sin
    return 319.5 - 520 * y / ahead, 239.5 + 520 * down / ahead


def labels_at(*pixels):
    labels = np.zeros((480, 640), np.uint8)
    for object_id, (x, y) in enumerate(pixels, start=1):
        labels[round(y), round(x)] = object_id
    return labels


def cloud_of(labels, ground):
    return object_cloud(LabelledDepth(labels, labels, ground.depth), CAMERA, Range())


def test_the_axis_of_a_level_camera_is_the_bases_x_axis_and_pitch_looks_down():
    level, down = camera_pose(1.0, 0.0), camera_pose(1.0, np.pi / 2)
    assert level @ [0, 0, 1, 1] == pytest.approx([1, 0, 1, 1])
    assert level @ [1, 0, 0, 1] == pytest.approx([0, -1, 1, 1])
    assert level @ [0, 1, 0, 1] == pytest.approx([0, 0, 0, 1])
    assert down @ [0, 0, 1, 1] == pytest.approx([0, 0, 0, 1])


@pytest.mark.parametrize(('x', 'y'), [(5.0, 0.0), (5.0, 1.5), (5.0, -2.0), (2.5, 0.4), (3.3, -0.9)])
def test_a_point_of_the_ground_is_within_a_centimetre_at_five_metres(ground, x, y):
    exact = seen_from_above(x, y)
    labels = labels_at(exact)
    [row], [column] = np.nonzero(labels)
    # A pixel is wider than a centimetre there: move the camera's centre so that one sees (x, y).
    camera = Pinhole(640, 480, 520.0, 520.0, 319.5 + column - exact[0], 239.5 + row - exact[1])
    own = Ground(camera, ground.base_from_camera)
    points = object_cloud(LabelledDepth(labels, labels, own.depth), camera, Range())
    [found] = to_base(points, ground.base_from_camera)
    assert found == pytest.approx([x, y, 0], abs=1e-4)


def test_every_pixel_below_the_horizon_lies_on_the_ground_where_it_is_seen(ground):
    labels = np.ones((480, 640), np.uint8)
    points = cloud_of(labels, ground)
    base = to_base(points, ground.base_from_camera)
    near = base[:, 0] < 6
    assert np.count_nonzero(near) > 100_000
    assert np.abs(base[near, 2]).max() < 1e-3
    pixels = np.stack(seen_from_above(base[near, 0], base[near, 1]), axis=1)
    rows, columns = np.nonzero(np.isfinite(ground.depth))
    sent = np.stack([columns, rows], axis=1)[near]
    # One centimetre at five metres is 0.2 pixels up and down, one across.
    assert np.abs(pixels - sent).max() < 0.01


def test_nothing_is_seen_on_the_ground_at_and_above_the_horizon(ground):
    horizon = 239.5 - 520 * np.tan(PITCH)
    seen = np.isfinite(ground.depth).all(axis=1)
    assert not seen[: int(horizon) + 1].any()
    assert seen[int(horizon) + 2 :].all()


def test_a_transform_is_a_placement_like_any_other(ground):
    # RPY (-pi/2 - pitch, 0, -pi/2): body axes turned to optical ones, then down.
    angle = -np.pi / 2 - PITCH
    about_x = np.array([np.sin(angle / 2), 0, 0, np.cos(angle / 2)])
    about_z = np.array([0, 0, np.sin(-np.pi / 4), np.cos(-np.pi / 4)])
    x, y, z, w = about_x
    u, v = about_z[2], about_z[3]
    quaternion = (v * x - u * y, v * y + u * x, v * z + u * w, v * w - u * z)
    pose = pose_of((0.0, 0.0, HEIGHT), quaternion)
    assert pose == pytest.approx(ground.base_from_camera, abs=1e-12)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: sum(map(abs, q)) > 0.1))
def test_a_rotation_keeps_lengths_and_hands(quaternion):
    unit = np.array(quaternion) / np.linalg.norm(quaternion)
    rotation = pose_of((1, 2, 3), unit)[:3, :3]
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_a_rotation_that_is_none_and_a_camera_in_the_ground_are_refused():
    with pytest.raises(CalibrationError, match=r'rotation \(0, 0, 0, 0\) was given'):
        pose_of((0, 0, 0), (0, 0, 0, 0))
    for height in (0.0, -1.0, float('nan')):
        with pytest.raises(CalibrationError, match='give camera_height, or name a base_frame'):
            Ground(CAMERA, camera_pose(height, 0.0))


def test_contact_is_the_lowest_pixel_of_each_object_in_each_column():
    labels = np.array(
        [
            [1, 1, 0, 2],
            [1, 0, 0, 2],
            [0, 1, 2, 1],
            [1, 0, 2, 0],
        ],
        np.uint8,
    )
    expected = np.zeros_like(labels)
    expected[3, 0], expected[2, 1], expected[3, 2] = 1, 1, 2
    expected[1, 3], expected[2, 3] = 2, 1
    assert np.array_equal(contact(labels), expected)


def cell(patch, x, y):
    [row], [column] = patch.cell_of(np.array([[x, y]]))
    return row, column


def test_a_flat_thing_occupies_the_cells_that_it_covers_and_the_rest_is_free_or_unseen(ground):
    patch = Patch(6.0, 4.0, 0.1)
    corners = [seen_from_above(x, y) for x in (3.0, 4.0) for y in (-0.5, 0.5)]
    labels = np.zeros((480, 640), np.uint8)
    top, bottom = (round(f(y for _, y in corners)) for f in (min, max))
    labels[top : bottom + 1, 250:391] = 5
    cells = ground.occupancy(patch, labels)
    assert cells.shape == (40, 60)
    assert cells.dtype == np.int8
    assert cells[cell(patch, 3.5, 0.0)] == OCCUPIED
    assert cells[cell(patch, 2.5, 0.0)] == FREE
    assert cells[cell(patch, 5.0, 0.0)] == FREE
    assert cells[cell(patch, 0.2, 0.0)] == UNKNOWN  # below the picture
    assert cells[cell(patch, 1.8, 1.9)] == UNKNOWN  # beside it


def test_a_standing_thing_occupies_its_foot_and_hides_what_is_behind(ground):
    patch = Patch(6.0, 4.0, 0.1)
    x, foot = seen_from_above(3.05, 0.0)
    labels = np.zeros((480, 640), np.uint8)
    labels[100 : round(foot) + 1, round(x) - 20 : round(x) + 20] = 5
    cells = ground.occupancy(patch, labels, contact(labels))
    assert cells[cell(patch, 3.05, 0.0)] == OCCUPIED
    assert cells[cell(patch, 2.85, 0.0)] == FREE
    assert cells[cell(patch, 4.05, 0.0)] == UNKNOWN
    assert cells[cell(patch, 3.05, 1.05)] == FREE
    columns = np.nonzero(cells == OCCUPIED)[1]
    assert np.ptp(columns) <= 1


def test_unlabelled_pixels_are_unknown_ground(ground):
    labels = np.full((480, 640), UNLABELLED, np.uint8)
    for feet in (contact(labels), None):
        assert (ground.occupancy(Patch(), labels, feet) == UNKNOWN).all()


def test_a_patch_begins_at_the_base_and_lies_half_to_each_side():
    patch = Patch(2.0, 1.0, 0.25)
    assert (patch.rows, patch.columns, patch.origin) == (4, 8, (0.0, -0.5))
    assert patch.centres()[0] == pytest.approx([0.125, -0.375, 0])
    rows, columns = patch.cell_of(patch.centres()[:, :2])
    assert np.array_equal(rows * 8 + columns, np.arange(32))
    assert not len(patch.cell_of(np.array([[-0.01, 0], [2.01, 0], [1, 0.51]]))[0])


def test_a_ground_is_kept_as_long_as_camera_and_place_stay(ground):
    assert ground.is_for(Pinhole(640, 480, 520.0, 520.0, 319.5, 239.5), camera_pose(HEIGHT, PITCH))
    assert not ground.is_for(CAMERA, camera_pose(HEIGHT, PITCH + 1e-6))
    assert not ground.is_for(
        Pinhole(640, 480, 520.0, 520.0, 319.5, 239.6), camera_pose(HEIGHT, PITCH)
    )


@pytest.mark.parametrize(
    ('translation', 'rotation'),
    [((0, np.nan, 1), (0, 0, 0, 1)), ((0, 0, np.inf), (0, 0, 0, 1)), ((0, 0, 1), (np.nan,) * 4)],
)
def test_a_pose_of_nan_is_refused(translation, rotation):
    with pytest.raises(CalibrationError, match='has a number that is not finite'):
        pose_of(translation, rotation)
