import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.resample import crop
from picosam_ros.roi import Affine, Roi

sides = st.integers(1, 4000)

coordinates = st.floats(-3000, 3000)

rois = st.builds(Roi, *[st.floats(-2000, 2000)] * 2, *[st.floats(16, 4000)] * 2)

affines = st.builds(Affine, *[st.floats(1e-2, 1e2)] * 2, *[st.floats(-1e3, 1e3)] * 2)


def close(a, b):
    return np.allclose(a, b, rtol=0, atol=1e-6)


def crop_to(pixels, roi, width, height):
    out = np.full((height, width, 3), 99, np.uint8)
    crop(pixels, roi, out)
    return out


@given(affines, affines, coordinates, coordinates)
def test_then_is_one_map_after_the_other(first, second, x, y):
    assert close(first.then(second)(x, y), second(*first(x, y)))


@given(affines, coordinates, coordinates)
def test_the_inverse_is_the_way_back(affine, x, y):
    assert close(affine.inverse()(*affine(x, y)), (x, y))
    assert close(affine.then(affine.inverse())(x, y), (x, y))


@given(affines, coordinates, coordinates)
def test_the_matrix_is_the_same_map_in_the_form_of_opencv(affine, x, y):
    assert close(affine.matrix @ (x, y, 1), affine(x, y))


@given(rois, sides, sides)
def test_resampling_keeps_the_edges_of_the_outermost_pixels_in_place(roi, width, height):
    affine = roi.affine_to(width, height)
    assert close(affine(roi.x - 0.5, roi.y - 0.5), (-0.5, -0.5))
    far = affine(roi.x + roi.width - 0.5, roi.y + roi.height - 0.5)
    assert close(far, (width - 0.5, height - 0.5))


@given(rois, rois, sides, sides, st.integers(16, 512), coordinates, coordinates)
def test_a_point_goes_from_the_sensor_through_image_and_roi_to_the_network_and_back(
    sensor_crop, roi, width, height, side, x, y
):
    sensor_to_image = sensor_crop.affine_to(width, height)
    image_to_network = roi.affine_to(side, side)
    there = sensor_to_image.then(image_to_network)
    assert close(there(x, y), image_to_network(*sensor_to_image(x, y)))
    assert close(there.inverse()(*there(x, y)), (x, y))


@given(rois, rois, sides, sides, st.integers(16, 512), coordinates, coordinates)
def test_the_roi_seen_from_the_sensor_maps_to_the_network_as_the_roi_in_the_image_does(
    sensor_crop, roi, width, height, side, x, y
):
    sensor_to_image = sensor_crop.affine_to(width, height)
    on_sensor = roi.through(sensor_to_image.inverse())
    in_image = on_sensor.through(sensor_to_image)
    assert close(
        (in_image.x, in_image.y, in_image.width, in_image.height),
        (roi.x, roi.y, roi.width, roi.height),
    )
    point_on_sensor = sensor_to_image.inverse()(x, y)
    from_sensor = on_sensor.affine_to(side, side)(*point_on_sensor)
    from_image = roi.affine_to(side, side)(x, y)
    assert close(from_sensor, from_image)


def test_96_pixels_of_a_640_pixel_picture_are_608_pixels_of_the_sensor():
    sensor_to_image = Roi(0, 0, 4056, 3040).affine_to(640, 480)
    on_sensor = Roi.square(320, 240, 96).through(sensor_to_image.inverse())
    assert close((on_sensor.width, on_sensor.height), (608.4, 608))


@given(rois)
def test_rounded_edges_are_at_most_half_a_pixel_away(roi):
    rounded = roi.rounded()
    assert all(isinstance(value, int) for value in (rounded.x, rounded.y, rounded.width))
    assert abs(rounded.x - roi.x) <= 0.5
    assert abs(rounded.y - roi.y) <= 0.5
    assert rounded.width >= 1
    assert rounded.height >= 1
    assert abs(rounded.x + rounded.width - roi.x - roi.width) <= 0.5 + 1e-9
    assert abs(rounded.y + rounded.height - roi.y - roi.height) <= 0.5 + 1e-9


@pytest.mark.parametrize('size', [0.01, 0.4])
def test_a_rounded_roi_has_at_least_one_pixel(size):
    assert Roi(3.2, 3.2, size, size).rounded() == Roi(3, 3, 1, 1)


@pytest.mark.parametrize(('side', 'start'), [(96, 52), (97, 52), (95, 53), (1, 100)])
def test_a_square_around_column_100_starts_there(side, start):
    assert Roi.square(100, 100, side) == Roi(start, start, side, side)


@given(st.floats(-100, 2000), st.floats(-100, 2000), st.integers(1, 999))
def test_a_square_has_whole_pixels_and_its_centre_within_half_a_pixel(x, y, side):
    roi = Roi.square(x, y, side)
    assert all(isinstance(value, int) for value in (roi.x, roi.y, roi.width, roi.height))
    assert abs(roi.x + (side - 1) / 2 - x) <= 0.5 + 1e-9
    assert abs(roi.y + (side - 1) / 2 - y) <= 0.5 + 1e-9


@given(rois, sides, sides)
def test_shifted_inside_stays_inside_and_keeps_the_size_if_it_fits(roi, width, height):
    moved = roi.shifted_inside(width, height)
    assert moved.x >= 0
    assert moved.y >= 0
    assert moved.x + moved.width <= width + 1e-9
    assert moved.y + moved.height <= height + 1e-9
    assert moved.width == min(roi.width, width)
    assert moved.height == min(roi.height, height)


@given(st.integers(0, 159), st.integers(0, 119), st.integers(16, 100))
def test_the_affine_finds_the_prompt_in_a_square_that_was_shifted_inside(x, y, side):
    pixels = np.zeros((120, 160, 3), np.uint8)
    pixels[y, x] = 255
    roi = Roi.square(x, y, side).shifted_inside(160, 120)
    column, row = roi.affine_to(side, side)(x, y)
    seen = crop_to(pixels, roi, side, side)
    assert np.argwhere(seen[..., 0]).tolist() == [[round(row), round(column)]]


def test_a_square_that_is_inside_is_not_moved():
    assert Roi(3, 4, 10, 10).shifted_inside(13, 14) == Roi(3, 4, 10, 10)


@given(st.integers(-40, 60), st.integers(-40, 60), st.integers(1, 50), st.integers(1, 50))
def test_clipped_has_the_pixels_that_the_roi_and_the_parent_share(x, y, width, height):
    part = Roi(x, y, width, height).clipped(30, 20)
    shared = np.zeros((200, 200), bool)
    shared[100 + y : 100 + y + height, 100 + x : 100 + x + width] = True
    shared = shared[100:120, 100:130]
    assert part.width * part.height == np.count_nonzero(shared)
    if shared.any():
        rows, columns = np.nonzero(shared)
        assert part == Roi(columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)


@pytest.mark.parametrize(
    ('roi', 'within', 'expected'),
    [
        (Roi(10.05, 19.96, 99.93, 100.02), 0.1, Roi(10, 20, 100, 100)),
        (Roi(10.05, 19.96, 99.93, 100.02), 0.03, Roi(10.05, 19.96, 99.93, 100.02)),
        (Roi(10.2, 20, 100, 100), 0.1, Roi(10.2, 20, 100, 100)),
        (Roi(10, 20, 100.2, 100), 0.1, Roi(10, 20, 100.2, 100)),
    ],
)
def test_an_roi_snaps_to_whole_pixels_if_no_edge_moves_far(roi, within, expected):
    assert roi.snapped(within) == expected
