import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.errors import CalibrationError
from picosam_ros.spatial.pinhole import Pinhole

BARREL = (-0.28, 0.09, 0.001, -0.0007, -0.01)
PLAIN = Pinhole(640, 480, 520.0, 510.0, 321.5, 238.25)
BENT = Pinhole(640, 480, 520.0, 510.0, 321.5, 238.25, 'plumb_bob', BARREL)
FISHEYE = Pinhole(640, 480, 300.0, 300.0, 320, 240, 'equidistant', (0.02, -0.01, 0.003, -0.001))


def brown_conrady(directions, k1, k2, p1, p2, k3):
    """Bend x and y at z = 1 as OpenCV's calibration page writes it."""
    x, y = directions.T
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    return np.stack(
        [
            x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
            y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
        ],
        axis=1,
    )


def test_the_ray_of_the_principal_point_is_the_axis_and_one_focal_length_aside_is_45_degrees():
    camera = Pinhole(101, 81, 20.0, 10.0, 50, 40)
    assert camera.rays.shape == (2, 81, 101)
    assert camera.rays[:, 40, 50] == pytest.approx([0, 0])
    assert camera.rays[:, 50, 70] == pytest.approx([1, 1])


def test_a_bent_ray_is_that_which_the_distortion_bends_to_the_pixel():
    grid = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 21), np.linspace(-0.4, 0.4, 17)), axis=-1)
    directions = grid.reshape(-1, 2)
    bent = brown_conrady(directions, *BARREL)
    pixels = bent * (BENT.fx, BENT.fy) + (BENT.cx, BENT.cy)
    assert np.abs(BENT.directions(pixels) - directions).max() < 1e-7
    points = np.column_stack([2 * directions, np.full(len(directions), 2.0)])
    assert np.abs(BENT.project(points) - pixels).max() < 1e-6


def test_a_fisheye_sees_at_an_angle_that_grows_with_the_distance_from_the_axis():
    camera = Pinhole(640, 480, 300.0, 300.0, 320, 240, 'equidistant', (1e-12, 0, 0, 0))
    angle = np.arctan(camera.directions([[320 + 150, 240]])[0, 0])
    assert angle == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize('camera', [PLAIN, BENT, FISHEYE])
@given(x=st.floats(0, 639), y=st.floats(0, 479), z=st.floats(0.1, 50))
def test_the_point_that_a_pixel_sees_is_seen_by_that_pixel(camera, x, y, z):
    direction = camera.directions([[x, y]])[0]
    pixel = camera.project([[*(z * direction), z]])
    assert pixel[0] == pytest.approx([x, y], abs=1e-3)
    assert camera.sees(pixel)[0]


def test_nothing_behind_the_camera_is_seen():
    for camera in (PLAIN, BENT):
        pixels = camera.project([[0, 0, -1], [0, 0, 0], [0, 0, 1]])
        assert list(camera.sees(pixels)) == [False, False, True]


def test_what_lies_far_to_the_side_is_not_folded_back_into_the_picture():
    angles = np.linspace(0.9, 1.5, 200)
    points = np.stack([np.tan(angles), np.zeros(200), np.ones(200)], axis=1)
    assert not BENT.sees(BENT.project(points)).any()


def test_the_picture_ends_half_a_pixel_beyond_the_centres_of_its_border():
    pixels = np.array([[-0.5, 0], [-0.51, 0], [639.49, 479.49], [639.5, 0], [np.nan, 0]])
    assert list(PLAIN.sees(pixels)) == [True, False, True, False, False]


def test_coefficients_of_zero_are_no_distortion():
    k = [520, 0, 320, 0, 510, 240, 0, 0, 1]
    for model, d in (('plumb_bob', [0.0] * 5), ('', []), ('nonsense', [0.0])):
        assert Pinhole.from_calibration((640, 480), k, model, d).lens == ''
    assert Pinhole.from_calibration((640, 480), k, '', BARREL).lens == 'plumb_bob'


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (((640, 480), [0.0] * 9), 'focal lengths 0 and 0 were given.*not calibrated; calibrate it'),
        (((0, 0), [1, 0, 1, 0, 1, 1, 0, 0, 1]), '0×0 pixels'),
        (((4, 4), [1, 0, 1, 0, 1, 1, 0, 0, 1], 'thin_prism', [1]), "'thin_prism' was given; known"),
        (((4, 4), [1, 0, 1, 0, 1, 1, 0, 0, 1], 'plumb_bob', [1]), '1 distortion.*takes 4 or 5'),
        (((4, 4), [float('nan')] * 9), 'focal lengths nan'),
    ],
)
def test_what_is_no_camera_is_refused_in_words(arguments, words):
    with pytest.raises(CalibrationError, match=words):
        Pinhole.from_calibration(*arguments)
