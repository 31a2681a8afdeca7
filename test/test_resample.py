import math

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from picosam_ros.frame import Frame
from picosam_ros.resample import PADDING, crop, crop_frame, paste, paste_inside
from picosam_ros.roi import Roi


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
        assert abs(int(seen[row, column, 0]) - image_x * 255 / 640) <= 1.5
        assert abs(int(seen[row, column, 1]) - image_y * 255 / 480) <= 1.5


def test_a_crop_that_shrinks_to_a_half_averages_the_pixels_that_it_covers(photo):
    seen = crop_to(photo, Roi(10, 20, 90, 60), 45, 30)
    blocks = photo[20:80, 10:100].reshape(30, 2, 45, 2, 3).mean((1, 3))
    assert np.abs(seen - blocks).max() <= 0.5 + 1e-6


@pytest.mark.parametrize('factor', [3, 5, 8, 20])
def test_a_crop_that_shrinks_more_averages_samples_of_them(factor):
    noise = np.random.default_rng(0).normal(0, 30, (600, 600, 3))
    ramp = np.linspace(60, 190, 600)[None, :, None]
    pixels = np.clip(ramp + noise, 0, 255).astype(np.uint8)
    side = 600 // factor
    seen = crop_to(pixels, Roi(0, 0, 600, 600), side, side).astype(float)
    expected = np.linspace(60, 190, 600).reshape(side, factor).mean(1)[None, :, None]
    # A single pixel is off by 30, the mean of n samples by 30 / sqrt(n).
    assert np.abs(seen - expected).std() < 30 / 2
    assert np.abs((seen - expected).mean((0, 2))).max() < 5


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
    edges = [round(edge - 0.5, 6) for edge in (x, x + width, y, y + height)]
    columns = [c for c in range(160) if edges[0] <= c < edges[1]]
    rows = [r for r in range(120) if edges[2] <= r < edges[3]]
    assert pasted.shape == (len(rows), len(columns))
    if pasted.size:
        assert (left, top) == (columns[0], rows[0])


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


@pytest.mark.parametrize(('width', 'height'), [(40000, 20), (20, 40000)])
@pytest.mark.parametrize('place', [0.0, 0.5, 1.0, 2.0])
def test_an_image_of_more_pixels_along_an_axis_than_opencv_takes_is_cropped(width, height, place):
    pixels = np.full((height, width, 3), 200, np.uint8)
    seen = crop_to(pixels, Roi.square(place * width, place * height, 28), 56, 56)
    if place > 1:
        assert (seen == PADDING).all()
    else:
        assert (seen == 200).all(axis=-1).any()


# Images of many megapixels


@given(
    st.integers(0, 2**16),
    st.integers(130, 500),
    st.integers(-300, 300),
    st.integers(-300, 300),
    st.sampled_from([0.0, 0.3]),
)
def test_what_is_inside_is_where_the_pasted_map_is_above_0(seed, side, x, y, fraction):
    noise = np.random.default_rng(seed).normal(size=(16, 16)).astype(np.float32)
    logits = np.asarray(cv2.GaussianBlur(noise, (0, 0), 1.5), np.float32)
    roi = Roi(x + fraction, y - fraction, side, side)
    inside = paste_inside(logits, roi, 320, 240)
    expected = paste(logits, roi, 320, 240)[2] > 0
    assert inside.shape == expected.shape
    # cv2.resize, which pastes whole squares, rounds otherwise where the map is next to 0.
    assert np.count_nonzero(inside != expected) <= 2 * (not fraction)


@pytest.mark.parametrize('size', [(3000, 4000), (2999, 4001), (2400, 9000)])
def test_a_square_of_a_large_image_looks_the_same_from_reduced_pixels(size):
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    pixels = np.stack([127 + 120 * np.sin(rows / 90), columns % 256, 99 + 0 * rows], axis=-1)
    frame = Frame(pixels.astype(np.uint8))
    frame.pixels[..., 1] = np.where(columns > 1700, 220, 20)
    for roi in (Roi(0, 0, 2400, 2400), Roi(-700, 300, 4200, 4200)):
        seen, expected = np.zeros((2, 192, 192, 3), np.uint8)
        crop_frame(frame, roi, seen)
        crop(frame.pixels, roi, expected)
        difference = np.abs(seen.astype(int) - expected)
        assert np.quantile(difference, 0.97) <= 3
        assert difference.mean() < 1


def test_squares_that_see_each_pixel_need_no_reduced_ones():
    frame = Frame(np.zeros((480, 640, 3), np.uint8))
    crop_frame(frame, Roi(-100, -100, 900, 900), np.zeros((192, 192, 3), np.uint8))
    assert 'reduced' not in vars(frame)
