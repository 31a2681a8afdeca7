import numpy as np
import pytest

from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame
from picosam_ros.roi import Roi
from picosam_ros.simulation.geometry import FULL, PixelRectangle, Size
from picosam_ros.simulation.scene import CameraScene, make_scene, sample
from picosam_ros.simulation.settings import Settings


@pytest.fixture(scope='module')
def noise():
    """A picture with a pixel for each of the sensor's."""
    return np.random.default_rng(3).integers(0, 256, (3040, 4056, 3), np.uint8)


def bright_spot(rows, columns, row, column):
    picture = np.zeros((rows, columns, 3), np.uint8)
    picture[row, column] = 255
    return picture


def centre_of(picture):
    weights = picture[..., 0].astype(float)
    rows, columns = np.indices(weights.shape)
    total = weights.sum()
    return (columns * weights).sum() / total, (rows * weights).sum() / total


class HostCamera:
    name = 'host'

    def __init__(self, answers):
        self.answers = list(answers)
        self.timeouts = []

    def open(self):
        self.opened = True

    def read(self, timeout):
        self.timeouts.append(timeout)
        return self.answers.pop(0)

    def close(self):
        self.opened = False


def test_a_region_as_large_as_the_output_is_copied_pixel_by_pixel(noise):
    seen = sample(noise, Roi(1000, 700, 96, 96), 96, 96)
    np.testing.assert_array_equal(seen, noise[700:796, 1000:1096])


def test_a_region_that_is_larger_is_averaged(noise):
    seen = sample(noise, Roi(1000, 700, 192, 288), 96, 96)
    blocks = noise[700:988, 1000:1192].reshape(96, 3, 96, 2, 3).astype(float).mean((1, 3))
    np.testing.assert_allclose(seen, blocks, atol=1)


@pytest.mark.parametrize('size', [(60, 80), (152, 203)])
@pytest.mark.parametrize('region', [FULL.roi, Roi(300, 200, 3300, 2500), Roi(2, 0, 4052, 3040)])
def test_a_mark_of_the_scene_lies_where_the_affine_puts_it(size, region):
    """A scene of 40 × 30 pixels; the size of the output does not divide the sensor's."""
    rows, columns = size
    seen = sample(bright_spot(30, 40, row=13, column=22), region, columns, rows)
    sensor = FULL.roi.affine_to(40, 30).inverse()(22, 13)
    expected = region.affine_to(columns, rows)(*sensor)
    np.testing.assert_allclose(centre_of(seen), expected, atol=0.05)


def test_the_scene_can_be_a_picture_or_a_function_of_the_frames_number(noise):
    assert make_scene(Settings(scene=noise)).image(7) is noise
    assert make_scene(Settings(scene=lambda frame: noise[frame:])).image(7).shape[0] == 3033


def test_a_host_camera_is_never_waited_for_but_for_its_first_picture():
    first, third = (Frame(np.full((2, 2, 3), value, np.uint8)) for value in (1, 3))
    camera = HostCamera([first, None, third])
    scene = CameraScene(camera)
    assert [int(scene.image(n)[0, 0, 0]) for n in range(3)] == [1, 1, 3]
    assert camera.timeouts[0] > 0
    assert camera.timeouts[1:] == [0, 0]


def test_a_host_camera_without_any_picture_is_named():
    with pytest.raises(CameraError, match=r'host.*no image'):
        CameraScene(HostCamera([None])).image(0)


@pytest.mark.parametrize('numbers', [(0, 0, -1, 5), (0.5, 0, 5, 5), (0, 0, 5, '5')])
def test_a_rectangle_refuses_what_libcameras_does(numbers):
    with pytest.raises(TypeError):
        PixelRectangle(*numbers)


def test_rectangles_are_cut_moved_and_scaled_as_libcamera_does():
    outside = PixelRectangle(-10, 3000, 100, 100)
    assert outside.bounded_to(FULL) == PixelRectangle(0, 3000, 90, 40)
    assert outside.enclosed_in(FULL) == PixelRectangle(0, 2940, 100, 100)
    assert PixelRectangle(9, -9, 9, 9).scaled_by(Size(1, 1), Size(2, 2)) == PixelRectangle(
        4, -4, 4, 4
    )
    assert Size(2028, 1520).bounded_to_aspect_ratio(Size(640, 480)) == Size(2026, 1520)
    assert Size(2028, 1520).bounded_to_aspect_ratio(Size(1280, 720)) == Size(2028, 1140)
    assert PixelRectangle(0, 0, 9, 9).bounded_to(PixelRectangle(20, 20, 5, 5)).to_tuple()[2:] == (
        0,
        0,
    )
