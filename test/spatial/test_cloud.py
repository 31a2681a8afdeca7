import numpy as np
import pytest
from helpers.solids import BOX, PLANE, Scene

from picosam_ros.errors import ImageError
from picosam_ros.spatial.cloud import (
    POINT,
    UNLABELLED,
    LabelledDepth,
    Range,
    aligned_cloud,
    measure,
    object_cloud,
    objects_without_depth,
)
from picosam_ros.spatial.pinhole import Pinhole

CAMERA = Pinhole(640, 480, 520.0, 510.0, 321.5, 238.25)
BENT = Pinhole(
    640, 480, 520.0, 510.0, 321.5, 238.25, 'plumb_bob', (-0.28, 0.09, 0.001, -0.0007, -0.01)
)
SCENE = Scene()
SMALL = Pinhole(4, 3, 2.0, 2.0, 1, 1)


def xyz(points):
    return np.stack([points[axis] for axis in 'xyz'], axis=-1).astype(float)


def picture_of(camera, kind):
    """Look at the scene as a depth camera does, in metres or in millimetres."""
    pixels = np.stack(np.meshgrid(np.arange(camera.width), np.arange(camera.height)), axis=-1)
    directions = camera.directions(pixels.reshape(-1, 2)).reshape(pixels.shape)
    depth, labels = SCENE.look(directions)
    stored = np.round(1000 * depth).astype('u2') if kind == 'u2' else depth.astype('f4')
    return LabelledDepth(labels, np.full_like(labels, 200), stored)


def small(labels, depth, confidence=None):
    labels = np.array(labels, np.uint8)
    if confidence is None:
        confidence = np.zeros_like(labels)
    return LabelledDepth(labels, np.array(confidence, np.uint8), np.array(depth))


@pytest.mark.parametrize('kind', ['f4', 'u2'])
@pytest.mark.parametrize('camera', [CAMERA, BENT], ids=['straight', 'distorted'])
def test_a_tilted_plane_and_a_box_are_within_a_millimetre_of_the_truth(camera, kind):
    picture = picture_of(camera, kind)
    points = object_cloud(picture, camera, Range())
    assert len(points) == np.count_nonzero(picture.labels)
    plane, box = (xyz(points[points['id'] == label]) for label in (PLANE, BOX))
    assert len(plane) > 100_000
    assert len(box) > 10_000
    assert SCENE.distance_to_plane(plane).max() < 1e-3
    assert SCENE.distance_to_box(box).max() < 1e-3
    # And each is where its pixel sees it, not only somewhere on the surface.
    rows, columns = np.nonzero(picture.labels == BOX)
    assert np.abs(camera.project(box) - np.column_stack([columns, rows])).max() < 0.01


def test_the_aligned_cloud_has_the_same_points_at_their_pixels():
    picture = picture_of(CAMERA, 'u2')
    points = object_cloud(picture, CAMERA, Range(near=1.0, far=3.0))
    aligned = aligned_cloud(picture, CAMERA, Range(near=1.0, far=3.0))
    assert aligned.shape == (480, 640)
    known = (picture.labels > 0) & np.isfinite(aligned['z'])
    assert 0 < len(points) == np.count_nonzero(known) < picture.labels.size
    assert np.array_equal(aligned[known], points)
    unknown = ~np.isfinite(aligned['z'])
    assert all(np.isnan(aligned[axis][unknown]).all() for axis in 'xyz')
    assert np.array_equal(aligned['id'], picture.labels)


@pytest.mark.parametrize('unknown', [0.0, -1.0, np.nan, np.inf, -np.inf])
def test_depth_that_is_zero_or_not_finite_gives_no_point(unknown):
    picture = small([[1, 1]], np.array([[unknown, 2.0]], np.float32))
    camera = Pinhole(2, 1, 1.0, 1.0, 0, 0)
    assert list(object_cloud(picture, camera, Range())['z']) == [2]
    assert list(np.isfinite(aligned_cloud(picture, camera, Range())['z'][0])) == [False, True]


def test_millimetres_of_zero_give_no_point():
    picture = small([[1, 1]], np.array([[0, 1500]], np.uint16))
    assert list(object_cloud(picture, Pinhole(2, 1, 1.0, 1.0, 0, 0), Range())['z']) == [1.5]


def test_every_point_carries_its_pixels_id_and_confidence():
    labels = [[0, 7, 0, 0], [254, 7, 0, 0], [0, UNLABELLED, 0, 3]]
    confidence = [[9, 10, 9, 9], [20, 30, 9, 9], [9, 9, 9, 40]]
    points = object_cloud(
        small(labels, np.full((3, 4), 2.0, np.float32), confidence), SMALL, Range()
    )
    assert list(points['id']) == [7, 254, 7, 3]
    assert list(points['confidence']) == [10, 20, 30, 40]
    assert np.array_equal(xyz(points), [[0, -1, 2], [-1, 0, 2], [0, 0, 2], [2, 1, 2]])


def test_big_endian_and_padded_depth_reads_as_any_other():
    values = np.arange(1000, 1012, dtype=np.uint16).reshape(3, 4)
    padded = np.zeros((3, 6), '>u2')
    padded[:, :4] = values
    labels = np.ones((3, 4), np.uint8)
    expected = object_cloud(small(labels, values), SMALL, Range())
    given = object_cloud(LabelledDepth(labels, labels * 0, padded[:, :4]), SMALL, Range())
    assert np.array_equal(given, expected)


def test_no_object_gives_no_point_and_nothing_to_measure():
    points = object_cloud(small(np.zeros((3, 4)), np.ones((3, 4), 'f4')), SMALL, Range())
    assert points.shape == (0,)
    assert list(measure(points)) == []


def test_planes_of_other_sizes_are_refused_with_both():
    with pytest.raises(ImageError, match='depth of 3×2 pixels was given for a label mask of 4×3'):
        small(np.zeros((3, 4)), np.zeros((2, 3), np.float32))
    with pytest.raises(ImageError, match='confidence of 1×1'):
        small(np.zeros((3, 4)), np.zeros((3, 4), np.float32), [[0]])
    with pytest.raises(ImageError, match='type float64 was given; allowed are uint16'):
        small(np.zeros((3, 4)), np.zeros((3, 4)))


def points_of(object_id, coordinates):
    points = np.zeros(len(coordinates), POINT)
    for axis, column in zip('xyz', np.transpose(coordinates), strict=True):
        points[axis] = column
    points['id'] = object_id
    return points


def test_objects_are_measured_by_mean_and_corners_the_one_with_most_points_first():
    few = points_of(9, [(0, 0, 1), (1, 2, 3)])
    many = points_of(2, [(-1, 0, 4), (1, 0, 4), (0, 3, 4), (0, -3, 8)])
    first, second = measure(np.concatenate([few, many]))
    assert (first.object_id, first.count) == (2, 4)
    assert first.centroid == pytest.approx((0, 0, 5))
    assert (first.low, first.high) == ((-1, -3, 4), (1, 3, 8))
    assert (second.object_id, second.centroid) == (9, pytest.approx((0.5, 1, 2)))


def test_the_centre_of_a_box_seen_from_the_front_is_that_of_its_front():
    scene = Scene(box_yaw=0.0)
    camera = CAMERA
    pixels = np.stack(np.meshgrid(np.arange(640), np.arange(480)), axis=-1).astype(float)
    depth, labels = scene.look(camera.directions(pixels.reshape(-1, 2)).reshape(pixels.shape))
    depth[np.abs(depth - 1.45) > 1e-9] = 0  # its front face only
    picture = LabelledDepth(labels * (labels == BOX), labels, depth.astype(np.float32))
    [box] = measure(object_cloud(picture, camera, Range()))
    x, y, _ = scene.box_centre
    assert box.centroid == pytest.approx((x, y, 1.45), abs=2e-3)
    assert np.subtract(box.high, box.low) == pytest.approx([0.6, 0.4, 0], abs=6e-3)


def test_what_a_mask_catches_of_the_background_is_trimmed():
    cube = np.random.default_rng(0).uniform(-0.1, 0.1, (1000, 3))
    cube[:, 2] += np.repeat([1, 6], [980, 20])
    points = points_of(1, cube)
    [naive], [trimmed] = measure(points), measure(points, 0.03)
    assert naive.high[2] > 5.9
    assert trimmed.high[2] < 1.1
    assert trimmed.centroid == pytest.approx((0, 0, 1), abs=0.02)
    assert naive.centroid[2] > 1.09


def test_a_ray_or_a_depth_that_is_no_number_makes_no_point():
    camera = Pinhole(64, 48, 1e-39, 50.0, 31.0, 23.5)  # all but one column see to infinity
    assert not np.isfinite(camera.rays).all()
    depth = np.full((48, 64), 1.5, np.float32)
    depth[:4] = [[np.nan], [np.inf], [-np.inf], [-1.0]]
    depth[4] = np.finfo(np.float32).max
    picture = small(np.ones((48, 64)), depth)
    points = object_cloud(picture, camera, Range())
    assert len(points) == 48 - 4  # the rows without a depth
    assert np.isfinite(xyz(points)).all()
    aligned = xyz(aligned_cloud(picture, camera, Range()))
    whole = np.isfinite(aligned).all(axis=2)
    assert np.count_nonzero(whole) == len(points)
    assert np.isnan(aligned[~whole]).all()


def test_objects_without_any_known_depth_are_named():
    labels, depth = [[1, 2, 2, 255], [3, 0, 3, 9]], [[0.0, 1, np.nan, 1], [-1, 1, np.inf, 1]]
    picture = small(labels, np.array(depth, np.float32))
    camera = Pinhole(4, 2, 2.0, 2.0, 1, 1)
    points = object_cloud(picture, camera, Range())
    assert objects_without_depth(picture, points) == (1, 3)
    assert objects_without_depth(picture, points[:0]) == (1, 2, 3, 9)
