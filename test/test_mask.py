from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from picosam_ros.evaluation.coco_masks import decode_rle
from picosam_ros.mask import Mask, label_image, stability, to_probability
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.resample import paste
from picosam_ros.roi import Roi

WIDTH, HEIGHT = 60, 40

logit_planes = hnp.arrays(
    np.float32, (12, 12), elements=st.sampled_from([-4.0, -0.5, 0.0, 0.5, 4.0])
)
corners = st.tuples(st.integers(-14, WIDTH + 2), st.integers(-14, HEIGHT + 2))


def mask_at(x, y, logits, *, object_id=1) -> Mask:
    """Make the mask of an ROI that has the network's size: no resampling, nothing to doubt."""
    logits = np.asarray(logits, np.float32)
    roi = Roi(x, y, logits.shape[1], logits.shape[0])
    prompt = Prompt.from_point(x, y, object_id=object_id)
    return Mask(prompt, logits, roi, WIDTH, HEIGHT, 'double', 1.0)


def painted(x, y, logits):
    """Return the H×W picture of that mask, pixel by pixel."""
    picture = np.zeros((HEIGHT, WIDTH), bool)
    for (row, column), logit in np.ndenumerate(logits):
        if 0 <= y + row < HEIGHT and 0 <= x + column < WIDTH:
            picture[y + row, x + column] = logit > 0
    return picture


def without_holes(picture):
    """Fill what the background cannot reach from the border, by steps to the four sides."""
    free = np.pad(~picture, 1, constant_values=True)
    reached = np.zeros_like(free)
    reached[0, 0] = True
    while True:
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown &= free
        if (grown == reached).all():
            return ~reached[1:-1, 1:-1]
        reached = grown


@given(logit_planes, corners)
def test_what_is_derived_from_a_mask_agrees_with_a_count_over_all_pixels(logits, corner):
    mask = mask_at(*corner, logits)
    picture = painted(*corner, logits)
    np.testing.assert_array_equal(mask.to_image(), picture)
    assert mask.area == np.count_nonzero(picture)
    assert mask.empty == (not picture.any())
    if mask.empty:
        assert mask.box is None
        assert mask.centroid is None
        assert mask.polygon == ()
        return
    rows, columns = np.nonzero(picture)
    assert mask.box == Box(columns.min(), rows.min(), columns.max(), rows.max())
    np.testing.assert_allclose(mask.centroid, (columns.mean(), rows.mean()))


@given(logit_planes, corners)
def test_the_polygons_run_on_the_mask_and_enclose_it(logits, corner):
    mask = mask_at(*corner, logits)
    picture = painted(*corner, logits)
    filled = np.zeros((HEIGHT, WIDTH), np.uint8)
    for polygon in mask.polygon:
        assert polygon.dtype == np.int32
        assert picture[polygon[:, 1], polygon[:, 0]].all()
        cv2.fillPoly(filled, [polygon], 1)
    np.testing.assert_array_equal(filled.astype(bool), without_holes(picture))


def test_a_mask_knows_its_pixels_of_the_image_when_the_roi_was_enlarged():
    logits = np.full((12, 12), -5, np.float32)
    logits[3:9, 4:8] = 4
    mask = Mask(Prompt.from_point(30, 20), logits, Roi(10, 5, 36, 24), WIDTH, HEIGHT, 'double', 1.0)
    assert mask.box == Box(10 + 3 * 4, 5 + 2 * 3, 10 + 3 * 8 - 1, 5 + 2 * 9 - 1)
    assert mask.area == 12 * 12 - 4  # linear interpolation rounds the corners
    assert mask.centroid == (27.5, 16.5)


def test_a_mask_that_lies_wholly_outside_of_the_image_is_empty():
    for x, y in [(-12, 5), (60, 5), (5, -12), (5, 40), (-500, 900)]:
        mask = mask_at(x, y, np.ones((12, 12)))
        assert mask.empty
        assert not mask.to_image().any()
        assert mask.polygon == ()
        assert not label_image([mask], WIDTH, HEIGHT)[0].any()


@given(
    hnp.arrays(np.float32, (9, 9), elements=st.floats(-4, 4, width=32)),
    *[st.floats(-20, 60)] * 2,
    *[st.floats(5, 50)] * 2,
)
# Its upper edge is the centre of a pixel.
@example(np.ones((9, 9), np.float32), 0.0, 2.5, 5.0, 48.0)
def test_where_the_roi_has_fractions_the_mask_is_that_of_all_its_pixels(logits, x, y, w, h):
    # Far enough from 0 for the order of additions.
    logits[np.abs(logits) < 1e-3] = -1
    roi = Roi(x, y, w, h)
    mask = Mask(Prompt.from_point(30, 20), logits, roi, WIDTH, HEIGHT, 'double', 1.0)
    left, top, pasted = paste(logits, roi, WIDTH, HEIGHT)
    picture = np.zeros((HEIGHT, WIDTH), bool)
    picture[top : top + pasted.shape[0], left : left + pasted.shape[1]] = pasted > 0
    sure = np.ones((HEIGHT, WIDTH), bool)
    sure[top : top + pasted.shape[0], left : left + pasted.shape[1]] = np.abs(pasted) > 1e-5
    np.testing.assert_array_equal(mask.to_image()[sure], picture[sure])
    assert mask.region.inside.size <= pasted.size


def test_a_logit_of_zero_is_not_the_object():
    assert mask_at(3, 3, np.zeros((4, 4))).empty
    assert mask_at(3, 3, np.full((4, 4), 1e-30)).area == 16


def test_derived_values_are_computed_once_and_the_picture_is_the_callers():
    mask = mask_at(3, 3, np.ones((4, 4)))
    assert mask.region is mask.region
    mask.to_image()[:] = False
    assert mask.to_image().sum() == 16


# Probability


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(max_dims=2, max_side=20),
        elements=st.floats(width=32, allow_nan=False),
    )
)
def test_the_probability_is_at_least_128_exactly_where_the_logit_is_above_0(logits):
    probability = to_probability(logits)
    assert probability.dtype == np.uint8
    np.testing.assert_array_equal(probability >= 128, logits > 0)


def test_the_smallest_logits_and_infinities_fall_on_their_own_side():
    tiny = np.finfo(np.float32).smallest_subnormal
    logits = np.array([np.inf, tiny, 0, -tiny, -np.inf], np.float32)
    assert to_probability(logits).tolist() == [255, 128, 127, 127, 0]


def test_the_probability_is_the_sigmoid_to_a_grey_level():
    logits = np.linspace(-9, 9, 1001, dtype=np.float32)
    sigmoid = 255 / (1 + np.exp(-logits.astype(np.float64)))
    assert np.abs(to_probability(logits) - sigmoid).max() <= 1
    assert (np.diff(to_probability(logits).astype(int)) >= 0).all()


def test_the_probability_of_a_mask_is_in_network_pixels():
    mask = mask_at(-2, -2, [[-20, 20, 0], [1, -1, 3]])
    assert mask.probability.tolist() == [[0, 255, 127], [186, 68, 242]]


# Stability


def test_stability_is_the_overlap_of_a_strict_and_a_loose_mask():
    assert stability(np.array([[5, 5], [5, 0]], np.float32)) == 0.75
    assert stability(np.array([[1.5, 0.9], [-0.9, -1.5]], np.float32)) == pytest.approx(1 / 3)


def test_stability_is_1_for_a_sharp_outline_and_0_where_nothing_was_found():
    assert stability(np.array([[9, -9]], np.float32)) == 1
    assert stability(np.full((4, 4), -9, np.float32)) == 0


@given(hnp.arrays(np.float32, (6, 6), elements=st.floats(width=32, allow_nan=False)))
def test_stability_is_from_0_to_1(logits):
    assert 0 <= stability(logits) <= 1


# Label images


def test_where_masks_overlap_the_better_score_has_the_pixel_in_any_order():
    sure = replace(mask_at(10, 10, np.full((6, 6), 3.0), object_id=7), score=0.5)
    better = replace(mask_at(13, 10, np.full((6, 6), 1.0), object_id=9), score=0.6)
    for masks in ([sure, better], [better, sure]):
        labels, confidence = label_image(masks, WIDTH, HEIGHT)
        assert labels[12].tolist() == [0] * 10 + [7] * 3 + [9] * 6 + [0] * 41
        assert confidence[12].tolist() == [0] * 10 + [242] * 3 + [186] * 6 + [0] * 41


def test_of_masks_with_one_score_the_first_has_the_pixel():
    masks = [mask_at(10 + n, 10, np.ones((6, 6)), object_id=n) for n in (1, 2, 3)]
    assert label_image(masks, WIDTH, HEIGHT)[0][12, 11:20].tolist() == [1] * 6 + [2, 3, 0]


@given(st.lists(st.tuples(logit_planes, corners, st.sampled_from([0.1, 0.5, 0.9])), max_size=4))
def test_a_label_image_has_at_every_pixel_an_object_than_which_none_is_better(planes):
    masks = [
        replace(mask_at(*at, plane, object_id=n), score=score)
        for n, (plane, at, score) in enumerate(planes, 1)
    ]
    labels, confidence = label_image(masks, WIDTH, HEIGHT)
    assert labels.shape == confidence.shape == (HEIGHT, WIDTH)
    assert labels.dtype == confidence.dtype == np.uint8
    best = np.zeros((HEIGHT, WIDTH))
    for mask in masks:
        np.maximum(best, mask.score * mask.to_image(), out=best)
    scores = np.array([0, *(mask.score for mask in masks)])
    np.testing.assert_array_equal(scores[labels], best)
    for mask in masks:
        inside, region = labels == mask.prompt.object_id, mask.region
        shown = confidence[region.slices][inside[region.slices]]
        expected = to_probability(region.logits)[inside[region.slices]]
        np.testing.assert_array_equal(shown, expected)
        assert mask.to_image()[inside].all()
    assert not confidence[labels == 0].any()


def test_a_label_image_of_no_masks_is_nothing_everywhere():
    labels, confidence = label_image([], WIDTH, HEIGHT)
    assert not labels.any()
    assert not confidence.any()


@given(st.integers(0, 30), st.integers(0, 20))
def test_in_another_roi_the_mask_is_the_same_and_nothing_is_outside_of_what_was_seen(x, y):
    plane = np.full((12, 12), -4.0, np.float32)
    plane[3:9, 2:10] = 4.0
    mask = mask_at(10, 8, plane)
    moved = mask.within(Roi(x, y, 24, 24), 24)
    window = np.zeros((HEIGHT, WIDTH), bool)
    window[y : y + 24, x : x + 24] = True
    np.testing.assert_array_equal(moved.to_image(), mask.to_image() & window)
    assert (moved.prompt, moved.engine) == (mask.prompt, mask.engine)


@given(logit_planes, corners)
def test_cocos_run_lengths_and_the_png_hold_the_same_pixels(logits, corner):
    mask = mask_at(*corner, logits)
    image = mask.to_image()
    rle = mask.to_rle()
    assert rle['size'] == [HEIGHT, WIDTH]
    np.testing.assert_array_equal(decode_rle(rle), image)
    png = cv2.imdecode(np.frombuffer(mask.to_png(), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(png, 255 * image.astype(np.uint8))


@pytest.mark.parametrize(('logit', 'counts'), [(-1, 'PT1'), (1, '0PT1')])
def test_run_lengths_begin_with_the_background(logit, counts):
    """1152 pixels, written by hand: 1152 is 00000, 00100, 00001 in groups of five bits."""
    mask = mask_at(0, 0, np.full((36, 32), logit, np.float32))
    mask = replace(mask, image_width=32, image_height=36)
    assert mask.to_rle() == {'size': [36, 32], 'counts': counts}


def test_the_run_lengths_are_those_of_pycocotools():
    official = pytest.importorskip('pycocotools.mask', reason='pip install pycocotools')
    mask = mask_at(5, 7, np.random.default_rng(1).normal(size=(12, 12)))
    expected = official.encode(np.asfortranarray(mask.to_image().astype(np.uint8)))
    assert mask.to_rle() == expected | {'counts': expected['counts'].decode()}


def test_a_mask_prints_as_one_line_without_pixels():
    shown = repr(mask_at(5, 7, np.ones((12, 12)), object_id=3))
    assert shown == (
        "Mask(object_id=3, Roi(x=5, y=7, width=12, height=12), score=1.00, engine='double')"
    )


# In the object's next prompt


@given(logit_planes, corners)
def test_a_previous_mask_is_the_same_with_the_same_box(logits, corner):
    mask = mask_at(*corner, logits)
    previous = mask.as_previous()
    assert previous.logits is mask.logits
    assert previous.roi == mask.roi
    rows, columns = np.nonzero(logits > 0)
    x, y = corner
    if rows.size:
        ends = columns.min() + x, rows.min() + y, columns.max() + x, rows.max() + y
        assert previous.box == Box(*ends)
    else:
        assert previous.box is None


@given(logit_planes, corners, st.integers(-16, WIDTH + 4), st.integers(-16, HEIGHT + 4))
def test_a_positive_point_agrees_in_the_mask_and_a_negative_one_outside(logits, corner, x, y):
    mask = mask_at(*corner, logits)
    column, row = x - corner[0], y - corner[1]
    inside = 0 <= column < 12 and 0 <= row < 12 and logits[row, column] > 0
    assert mask.agrees_with(Point(x, y)) == inside
    assert mask.agrees_with(Point(x, y, positive=False)) == (not inside)


def test_where_the_roi_was_enlarged_a_point_is_compared_in_image_pixels():
    logits = np.full((12, 12), -5, np.float32)
    logits[3:9, 4:8] = 4
    mask = Mask(Prompt.from_point(30, 20), logits, Roi(10, 5, 36, 24), WIDTH, HEIGHT, 'double', 1.0)
    assert [mask.agrees_with(Point(x, 16)) for x in (20, 22, 33, 35)] == [False, True, True, False]
    assert [mask.agrees_with(Point(27, y)) for y in (10, 11, 22, 23)] == [False, True, True, False]


def test_the_points_of_the_prompt_that_agree_are_counted():
    points = Point(4, 4), Point(20, 20), Point(5, 5, positive=False), Point(30, 30, positive=False)
    mask = replace(mask_at(3, 3, np.ones((4, 4))), prompt=Prompt(points))
    assert mask.agreeing_points == 2
    assert replace(mask, prompt=Prompt.from_box(Box(0, 0, 9, 9))).agreeing_points == 0
