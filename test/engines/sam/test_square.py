import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.engines.sam.square import Square
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.resample import paste
from picosam_ros.roi import Roi

sizes = st.integers(1, 5000)
VGA = Square(640, 480, 1024)


@pytest.mark.parametrize(
    ('image', 'inside'),
    [
        ((640, 480), (1024, 768)),
        ((480, 640), (768, 1024)),
        ((1024, 1024), (1024, 1024)),
        ((1920, 1080), (1024, 576)),
        ((333, 500), (682, 1024)),
        ((3000, 1), (1024, 1)),
    ],
)
def test_the_long_side_fills_the_square_and_the_short_one_is_rounded_as_sam_does(image, inside):
    square = Square(*image, 1024)
    assert (square.width, square.height) == inside


def test_points_are_scaled_as_sams_apply_coords_does():
    square = Square(333, 500, 1024)
    placed = square.place([(0, 0), (332, 499), (10.5, 20.25)])
    expected = [(0, 0), (332 * 682 / 333, 499 * 1024 / 500), (10.5 * 682 / 333, 20.25 * 1024 / 500)]
    np.testing.assert_array_equal(placed, np.array(expected, np.float32))
    assert placed.dtype == np.float32


@given(sizes, sizes)
def test_the_roi_maps_the_edges_of_the_picture_to_the_edges_that_it_fills(width, height):
    square = Square(width, height, 1024)
    to_square = square.roi.affine_to(1024, 1024)
    assert to_square(-0.5, -0.5) == pytest.approx((-0.5, -0.5))
    right, bottom = to_square(width - 0.5, height - 0.5)
    assert right == pytest.approx(square.width - 0.5)
    assert bottom == pytest.approx(square.height - 0.5)


def test_a_picture_of_the_squares_size_is_not_touched(photo):
    np.testing.assert_array_equal(Square(160, 120, 160).resized(photo), photo)


def test_a_picture_of_half_the_size_is_enlarged_between_its_pixels(photo):
    resized = Square(160, 120, 320).resized(photo)
    assert resized.shape == (240, 320, 3)
    expected = 0.75 * photo[5, 7].astype(float) + 0.25 * photo[5, 8]
    above = 0.75 * photo[4, 7].astype(float) + 0.25 * photo[4, 8]
    np.testing.assert_allclose(resized[10, 15], 0.75 * expected + 0.25 * above, atol=1)


def test_a_picture_of_twice_the_size_is_averaged(photo):
    resized = Square(160, 120, 80).resized(photo)
    blocks = photo.reshape(60, 2, 80, 2, 3).astype(float).mean((1, 3))
    np.testing.assert_allclose(resized, blocks, atol=0.51)


def between(logits, square, width, height):
    """Interpolate linearly at every pixel of the image: a formula, no resampling library."""
    size = len(logits)

    def axis(length, filled):
        places = (np.arange(length) + 0.5) * filled / length * size / square.side - 0.5
        places = np.clip(places, 0, size - 1)
        before = np.minimum(places.astype(int), size - 2)
        return before, places - before

    rows, down = axis(height, square.height)
    columns, right = axis(width, square.width)
    top = logits[rows][:, columns] * (1 - right) + logits[rows][:, columns + 1] * right
    bottom = logits[rows + 1][:, columns] * (1 - right) + logits[rows + 1][:, columns + 1] * right
    return top * (1 - down[:, None]) + bottom * down[:, None]


def blobs(seed, size=256):
    """Give smooth hills and hollows, larger ones for larger seeds."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size]
    logits = np.full((size, size), -2.0)
    for x, y, height, spread in generator.uniform((0, 0, -4, 4), (size, size, 8, 30), (6, 4)):
        logits += height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * spread**2))
    return logits.astype(np.float32)


@given(
    st.sampled_from(
        [(640, 480), (480, 640), (160, 120), (333, 517), (1024, 700), (1500, 999), (255, 256)]
    ),
    st.integers(0, 1000),
)
def test_a_cut_mask_is_pasted_where_the_whole_square_has_it(image, seed):
    width, height = image
    square, logits = Square(width, height, 1024), blobs(seed)
    part, roi = square.cut(logits)
    assert part.flags.c_contiguous
    left, top, pasted = paste(part, roi, width, height)
    expected = between(logits, square, width, height)
    mask = np.zeros((height, width), bool)
    mask[top : top + pasted.shape[0], left : left + pasted.shape[1]] = pasted > 0
    # Where the logit is zero but for rounding, either answer is right.
    clear = np.abs(expected) > 1e-5
    np.testing.assert_array_equal(mask[clear], expected[clear] > 0)


@given(st.integers(0, 1000))
def test_within_the_cut_the_logits_are_those_of_the_whole_square(seed):
    square, logits = Square(640, 480, 1024), blobs(seed)
    part, roi = square.cut(logits)
    left, top, pasted = paste(part, roi, 640, 480)
    expected = between(logits, square, 640, 480)
    expected = expected[top : top + pasted.shape[0], left : left + pasted.shape[1]]
    # A pixel of the decoder is 2.5 of the image: along the cut, half of one has no neighbour.
    inner = slice(2, -2), slice(2, -2)
    np.testing.assert_allclose(pasted[inner], expected[inner], atol=1e-4)


def test_sams_enlargement_in_two_steps_differs_by_fractions_of_a_pixel_along_the_outline():
    # F.interpolate to 1024, cut, F.interpolate to the image: two linear steps, where one suffices.
    import cv2

    square, logits = Square(640, 480, 1024), blobs(7)
    part, roi = square.cut(logits)
    left, top, pasted = paste(part, roi, 640, 480)
    mask = np.zeros((480, 640), bool)
    mask[top : top + pasted.shape[0], left : left + pasted.shape[1]] = pasted > 0
    large = cv2.resize(logits, (1024, 1024), interpolation=cv2.INTER_LINEAR)[:768]
    reference = cv2.resize(large, (640, 480), interpolation=cv2.INTER_LINEAR) > 0
    assert np.count_nonzero(mask ^ reference) < 0.001 * np.count_nonzero(reference)


def test_a_cut_is_a_square_around_the_object_with_half_of_its_size_as_air():
    logits = np.full((256, 256), -1, np.float32)
    logits[100:120, 60:90] = 1
    part, roi = Square(1024, 1024, 1024).cut(logits)
    assert part.shape == (62, 62)
    assert roi == Roi(4 * 44, 4 * 79, 4 * 62, 4 * 62)


def test_a_cut_at_the_border_moves_inside_and_keeps_its_size():
    logits = np.full((256, 256), -1, np.float32)
    logits[:20, :20] = 1
    part, roi = Square(1024, 1024, 1024).cut(logits)
    assert part.shape == (42, 42)
    assert (roi.x, roi.y) == (0, 0)


def test_where_nothing_is_found_the_cut_is_the_whole_picture():
    part, roi = Square(640, 480, 1024).cut(np.full((256, 256), -1, np.float32))
    assert part.shape == (193, 256)
    assert (roi.x, roi.y, roi.width) == (0, 0, 640)
    assert roi.height == pytest.approx(193 * 2.5)


def test_what_the_decoder_finds_in_the_padding_is_no_object():
    logits = np.full((256, 256), -1, np.float32)
    logits[200:] = 5
    part, _ = Square(640, 480, 1024).cut(logits)
    assert part.shape == (193, 256)


def test_points_have_their_labels_and_a_point_of_padding_stands_for_the_missing_box():
    points, labels = VGA.tokens(Prompt((Point(10, 20), Point(30, 40, positive=False))))
    assert points.tolist() == [[[16, 32], [48, 64], [0, 0]]]
    assert labels.tolist() == [[1, 0, -1]]


def test_a_box_is_its_two_corners_and_needs_no_padding():
    points, labels = VGA.tokens(Prompt.from_box(Box(10, 20, 100, 200)))
    assert points.tolist() == [[[16, 32], [160, 320]]]
    assert labels.tolist() == [[2, 3]]


def test_a_box_comes_after_its_points():
    prompt = Prompt((Point(5, 5), Point(50, 50, positive=False)), Box(0, 0, 100, 100))
    points, labels = VGA.tokens(prompt)
    assert points.tolist() == [[[8, 8], [80, 80], [0, 0], [160, 160]]]
    assert labels.tolist() == [[1, 0, 2, 3]]


def test_both_are_float32_as_the_exports_declare_them():
    for array in VGA.tokens(Prompt.from_point(1, 2)):
        assert array.dtype == np.float32
