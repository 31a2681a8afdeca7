import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from picosam_ros.engines.squares import DEFAULT_SHARE, square_for
from picosam_ros.prompt import MIN_ROI_SIZE, Box, Point, Prompt
from picosam_ros.resample import PADDING, crop, paste
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


def cut_out(pixels, roi):
    """Pixel by pixel, what lies under the ROI, without a line of the code under test."""
    height, width = pixels.shape[:2]
    rows = []
    for row in range(roi.y, roi.y + roi.height):
        columns = range(roi.x, roi.x + roi.width)
        rows.append(
            [
                pixels[row, column] if 0 <= row < height and 0 <= column < width else PADDING
                for column in columns
            ]
        )
    return np.array(rows, np.uint8)


# Affine maps


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


# Grids


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


# Squares


@pytest.mark.parametrize(('side', 'start'), [(96, 52), (97, 52), (95, 53), (1, 100)])
def test_a_square_around_column_100_starts_there(side, start):
    assert Roi.square(100, 100, side) == Roi(start, start, side, side)


@given(st.floats(-100, 2000), st.floats(-100, 2000), st.integers(1, 999))
def test_a_square_has_whole_pixels_and_its_centre_within_half_a_pixel(x, y, side):
    roi = Roi.square(x, y, side)
    assert all(isinstance(value, int) for value in (roi.x, roi.y, roi.width, roi.height))
    assert abs(roi.x + (side - 1) / 2 - x) <= 0.5 + 1e-9
    assert abs(roi.y + (side - 1) / 2 - y) <= 0.5 + 1e-9


# What the network sees of a prompt


@given(st.integers(0, 159), st.integers(0, 119), st.integers(16, 200))
def test_the_prompt_is_in_the_middle_of_what_the_network_sees_with_padding_beyond_the_border(
    x, y, side
):
    pixels = np.zeros((120, 160, 3), np.uint8)
    pixels[y, x] = 255
    roi = square_for(Prompt.from_point(x, y, roi_size=side), 160, 120)
    seen = crop_to(pixels, roi, side, side)
    middle = side // 2
    assert (seen[middle, middle] == 255).all()
    rows, columns = np.mgrid[:side, :side]
    rows, columns = rows + y - middle, columns + x - middle
    outside = (rows < 0) | (rows >= 120) | (columns < 0) | (columns >= 160)
    assert (seen[outside] == PADDING).all()
    assert np.count_nonzero((seen == 255).all(-1)) == 1
    assert (seen[~outside].sum(-1) % 765 == 0).all()


def test_a_click_takes_its_share_of_the_short_side():
    assert square_for(Prompt.from_point(300, 200), 640, 480).width == DEFAULT_SHARE * 480
    assert square_for(Prompt.from_point(300, 200), 480, 640).height == DEFAULT_SHARE * 480
    assert square_for(Prompt.from_point(3, 3), 30, 30).width == MIN_ROI_SIZE


def test_a_click_with_a_size_takes_that_size():
    assert square_for(Prompt.from_point(300, 200, roi_size=77), 640, 480) == Roi(262, 162, 77, 77)


@given(st.lists(st.tuples(st.floats(0, 639), st.floats(0, 479)), min_size=2, max_size=5))
def test_several_clicks_are_all_seen_with_air_around_them(clicks):
    prompt = Prompt(tuple(Point(x, y) for x, y in clicks), roi_size=16)
    roi = square_for(prompt, 640, 480)
    xs, ys = zip(*clicks, strict=True)
    span = max(max(xs) - min(xs), max(ys) - min(ys))
    air = (roi.width - span) / 2
    assert air >= 0.1 * span - 1e-9
    for x, y in clicks:
        assert roi.x - 0.5 <= x <= roi.x + roi.width - 0.5
        assert roi.y - 0.5 <= y <= roi.y + roi.height - 0.5
    assert roi.width == roi.height
    assert roi.width >= 16


def test_negative_points_do_not_move_the_roi():
    click = Prompt.from_point(300, 200, roi_size=96)
    refined = click.refined((Point(10, 10, positive=False),))
    assert square_for(refined, 640, 480) == square_for(click, 640, 480)


@given(st.floats(0, 500), st.floats(0, 400), st.floats(20, 139), st.floats(20, 79))
def test_a_box_is_squared_on_its_long_side_with_ten_per_cent_of_air(x, y, width, height):
    box = Box(x, y, x + width, y + height)
    roi = square_for(Prompt.from_box(box), 640, 480)
    assert roi.width == roi.height
    assert -1e-9 <= roi.width - 1.2 * (max(width, height) + 1) < 1 + 1e-9
    centre_x, centre_y = box.centre
    assert abs(roi.x + (roi.width - 1) / 2 - centre_x) <= 0.5 + 1e-9
    assert abs(roi.y + (roi.height - 1) / 2 - centre_y) <= 0.5 + 1e-9


def test_a_small_box_still_gets_the_smallest_roi_and_a_given_size_goes_first():
    box = Box(100, 100, 102, 101)
    assert square_for(Prompt.from_box(box), 640, 480).width == 16
    assert square_for(Prompt(box=box, roi_size=64), 640, 480).width == 64


# A sensor has no pixels beyond its border


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


# Crop


@given(st.integers(-130, 200), st.integers(-130, 160), st.integers(1, 97), st.integers(1, 97))
def test_a_crop_of_equal_size_is_an_exact_copy_with_padding_beyond_the_border(x, y, width, height):
    pixels = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)
    roi = Roi(x, y, width, height)
    np.testing.assert_array_equal(crop_to(pixels, roi, width, height), cut_out(pixels, roi))


def ramp(width, height):
    """A picture that is linear in x (red) and in y (green), rounded to grey levels."""
    rows, columns = np.mgrid[:height, :width]
    red, green = columns * 255 / width, rows * 255 / height
    return np.round(np.stack([red, green, 0 * red], -1)).astype(np.uint8)


@given(
    st.integers(0, 200),
    st.integers(0, 100),
    st.integers(20, 400),
    st.integers(20, 300),
    st.integers(16, 130),
)
def test_a_resampled_ramp_is_where_the_affine_says(x, y, width, height, side):
    pixels = ramp(640, 480)
    roi = Roi(x, y, width, height)
    seen = crop_to(pixels, roi, side, side)
    back = roi.affine_to(side, side).inverse()
    # The outermost pixels have no neighbours to interpolate with when the ROI is enlarged.
    rim = math.ceil(side / min(width, height))
    for row, column in [(rim, rim), (side // 2, side // 3), (side - 1 - rim, side - 1 - rim)]:
        image_x, image_y = back(column, row)
        assert abs(int(seen[row, column, 0]) - image_x * 255 / 640) <= 1
        assert abs(int(seen[row, column, 1]) - image_y * 255 / 480) <= 1


def test_a_crop_that_shrinks_averages_all_the_pixels_that_it_covers(photo):
    seen = crop_to(photo, Roi(10, 20, 90, 60), 30, 20)
    blocks = photo[20:80, 10:100].reshape(20, 3, 30, 3, 3).mean((1, 3))
    assert np.abs(seen - blocks).max() <= 0.5 + 1e-6


def test_a_resampled_crop_beyond_the_border_is_padding(photo):
    seen = crop_to(photo, Roi(-192, 0, 192, 96), 96, 48)
    assert (seen == PADDING).all()
    half = crop_to(photo, Roi(-96, 0, 192, 96), 96, 48)
    assert (half[:, :48] == PADDING).all()
    inside = photo[:96, :96].reshape(48, 2, 48, 2, 3).mean((1, 3))
    assert np.abs(half[:, 48:] - inside).max() <= 0.5 + 1e-6


@pytest.mark.parametrize('side', [50, 20, 90])
def test_a_view_in_any_order_of_memory_is_cropped_like_its_copy(photo, side):
    for view in (photo[:, ::-1], photo[::-2, ::2], photo[5:100, 7:120], photo[..., ::-1]):
        expected = crop_to(np.ascontiguousarray(view), Roi(-5, 3, 50, 50), side, side)
        np.testing.assert_array_equal(crop_to(view, Roi(-5, 3, 50, 50), side, side), expected)


# Paste


@given(
    st.builds(Roi, *[st.integers(0, 80)] * 2, *[st.integers(1, 79)] * 2)
    | st.builds(Roi, *[st.floats(-80, 150)] * 2, *[st.floats(20, 300)] * 2),
    st.integers(8, 97),
    st.integers(8, 97),
)
def test_a_pasted_ramp_is_where_the_affine_says(roi, columns, rows):
    grid_y, grid_x = np.mgrid[:rows, :columns].astype(np.float32)
    left, top, pasted = paste(3 * grid_x + 2 * grid_y - 7, roi, 160, 120)
    affine = roi.affine_to(columns, rows)
    image_y, image_x = np.mgrid[top : top + pasted.shape[0], left : left + pasted.shape[1]]
    xs, ys = affine(image_x, image_y)
    expected = 3 * np.clip(xs, 0, columns - 1) + 2 * np.clip(ys, 0, rows - 1) - 7
    # OpenCV interpolates at whole 32nds of a pixel of the source.
    np.testing.assert_allclose(pasted, expected, rtol=0, atol=5 * (1 / 64 + 1 / 512))


@given(st.floats(-100, 200), st.floats(-100, 200), st.floats(0.5, 120), st.floats(0.5, 120))
@example(1.5, 2.5, 20, 20)
def test_paste_covers_exactly_the_image_pixels_whose_centres_the_roi_contains(x, y, width, height):
    left, top, pasted = paste(np.ones((9, 9), np.float32), Roi(x, y, width, height), 160, 120)
    columns = [c for c in range(160) if x - 0.5 <= c < x + width - 0.5]
    rows = [r for r in range(120) if y - 0.5 <= r < y + height - 0.5]
    assert pasted.shape == (len(rows), len(columns))
    if pasted.size:
        assert (left, top) == (columns[0], rows[0])


# There and back again


@given(
    st.integers(-96, 160),
    st.integers(-96, 120),
    st.integers(1, 97),
    st.integers(1, 97),
)
def test_a_mask_that_is_pasted_and_cropped_again_is_the_same(x, y, width, height):
    mask = np.random.default_rng(width).choice([-3.0, 5.0], (height, width))
    roi = Roi(x, y, width, height)
    left, top, pasted = paste(mask.astype(np.float32), roi, 160, 120)
    image = np.zeros((120, 160, 3), np.uint8)
    image[top : top + pasted.shape[0], left : left + pasted.shape[1]] = (
        255 * (pasted > 0)[..., None]
    )
    again = crop_to(image, roi, width, height)
    rows, columns = np.mgrid[y : y + height, x : x + width]
    visible = (rows >= 0) & (rows < 120) & (columns >= 0) & (columns < 160)
    np.testing.assert_array_equal(again[visible][:, 0] > 128, mask[visible] > 0)
    assert (again[~visible] == PADDING).all()


@given(
    st.integers(-150, 150), st.integers(-150, 110), st.integers(5, 33), st.sampled_from([3, 5, 7])
)
def test_an_enlarged_mask_has_its_own_values_where_pixel_centres_meet(x, y, side, factor):
    logits = np.random.default_rng(side).normal(size=(side, side)).astype(np.float32)
    left, top, pasted = paste(logits, Roi(x, y, side * factor, side * factor), 160, 120)
    for row in range(side):
        for column in range(side):
            image_x = x + factor * column + factor // 2
            image_y = y + factor * row + factor // 2
            if 0 <= image_x < 160 and 0 <= image_y < 120:
                assert pasted[image_y - top, image_x - left] == logits[row, column]


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
