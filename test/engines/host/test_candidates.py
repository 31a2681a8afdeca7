"""The numbers that tell which of the masks proposed for a click is meant."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.disc_masks import CLICK, HEIGHT, WIDTH, disc
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.engines.host.candidates import NAMES, SQUARES, Shape, Standing, describe
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.roi import Roi

SIDES = (24, 48, 120, 240, 336)


def proposals(scores=(0.9, 0.5, 0.2), sides=SIDES):
    """Return three masks in each of the squares around the middle."""
    return [
        disc(160 + n, 120, (0.45 - 0.12 * n) * side, side=side, score=score)
        for side in sides
        for n, score in enumerate(scores)
    ]


def numbers_of(masks):
    """Return a column of `describe` by its name."""
    return dict(zip(NAMES, describe(masks).T, strict=True))


# The table


def test_each_mask_has_a_row_whose_columns_are_the_names():
    masks = proposals()
    numbers = describe(masks)
    assert numbers.shape == (len(masks), len(NAMES))
    assert numbers.dtype == np.float32
    assert len(set(NAMES)) == len(NAMES)
    named = numbers_of(masks)
    for number, mask in enumerate(masks):
        for name, value in Shape.of(mask)._asdict().items():
            assert named[name][number] == np.float32(value)
    np.testing.assert_array_equal(named['rating'], np.float32([mask.score for mask in masks]))
    assert NAMES[-SQUARES:] == ('square_1', 'square_2', 'square_3', 'square_4', 'square_5')


def test_standings_are_in_the_order_of_their_names():
    masks = [disc(160, 120, 20, side=100, score=0.3), disc(160, 120, 60, side=200, score=0.8)]
    named = numbers_of(masks)
    assert named['rating'].tolist() == pytest.approx([0.3, 0.8])
    assert named['odds'].tolist() == pytest.approx([np.log(3 / 7) / 4, np.log(4) / 4])
    assert named['below_best'].tolist() == pytest.approx([-0.5, 0])
    assert named['below_most'].max() == 0
    assert named['agreement'][1] > named['agreement'][0] > 0
    assert named['larger'].tolist() == pytest.approx([0.8 / 5, 0])
    assert named['smaller'].tolist() == pytest.approx([0, 0.3 / 5])
    assert named['whole'].tolist() == pytest.approx([0.8, 0])
    assert named['part'].tolist() == pytest.approx([0, 0.3])
    share = (20 / 60) ** 2
    around, within = [0.3 + 0.8 * share, 0.3 + 0.8], [0.3 + 0.8, 0.3 * share + 0.8]
    assert 2 * named['around'] == pytest.approx(around, abs=0.03)
    assert 2 * named['within'] == pytest.approx(within, abs=0.03)
    assert named['rank'].tolist() == [0, 0.5]
    assert set(Standing._fields) < set(NAMES)


anywhere = st.integers(-40, 400)
any_discs = st.builds(
    disc,
    anywhere,
    anywhere,
    st.integers(-5, 200),
    at=st.tuples(anywhere, anywhere),
    side=st.integers(1, 500),
    size=st.sampled_from([96, 128]),
    score=st.floats(0, 1),
)
any_images = st.sampled_from([(WIDTH, HEIGHT), (1, 1), (2, 500), (30, 20), (4000, 3000)])


@given(st.lists(any_discs, min_size=1, max_size=4), any_images)
def test_the_numbers_are_finite_wherever_the_masks_lie_in_an_image_of_any_size(masks, image):
    width, height = image
    masks = [replace(mask, image_width=width, image_height=height) for mask in masks]
    assert np.isfinite(describe(masks)).all()


@pytest.mark.parametrize(
    'masks',
    [
        [disc(160, 120, -1)] * 3,
        [disc(160, 120, -1), disc(160, 120, 40)],
        [disc(0, 0, 30, at=(-200, -200), side=96)],
        [disc(160, 120, 500)] * 2,
        [disc(160, 120, 40, score=score) for score in (0.0, 1.0)],
        [disc(160, 120, 40, score=0.0)],
    ],
    ids=['nothing', 'nothing and one', 'outside', 'all of it', 'sure and not', 'worthless'],
)
def test_the_numbers_are_finite_at_the_ends_of_what_may_come(masks):
    assert np.isfinite(describe(masks)).all()


@pytest.mark.parametrize(
    'prompt',
    [
        Prompt.from_box(Box(150, 110, 170, 130)),
        Prompt((Point(10, 10, positive=False),), box=Box(150, 110, 170, 130)),
        Prompt(previous=disc(150, 110, 30).as_previous()),
    ],
    ids=['box', 'negative point and box', 'previous mask'],
)
def test_without_a_positive_point_the_middle_of_the_prompt_is_the_click(prompt):
    masks = proposals()
    elsewhere = [replace(mask, prompt=prompt) for mask in masks]
    middle = [replace(mask, prompt=Prompt.from_point(*prompt.centre)) for mask in masks]
    np.testing.assert_array_equal(describe(elsewhere), describe(middle))


def test_negative_points_say_nothing_and_several_positive_ones_count_by_their_mean():
    masks = proposals()
    more = Prompt((*CLICK.points, Point(20, 20, positive=False)))
    np.testing.assert_array_equal(
        describe([replace(mask, prompt=more) for mask in masks]), describe(masks)
    )
    points = (140, 120), (180, 140)
    both = Prompt(tuple(Point(*point) for point in points))
    mask = disc(160, 120, 60, side=200)
    each = [Shape.of(replace(mask, prompt=Prompt.from_point(*point))) for point in points]
    of_both = Shape.of(replace(mask, prompt=both))
    assert of_both.click_depth == pytest.approx(np.mean([shape.click_depth for shape in each]))
    middle = Shape.of(replace(mask, prompt=Prompt.from_point(160, 130)))
    assert of_both.row == pytest.approx(middle.row)
    assert of_both.off_centre == pytest.approx(middle.off_centre)


# What they do not depend on


@given(st.permutations(range(3 * len(SIDES))))
def test_the_rows_follow_the_order_of_the_masks(order):
    masks = proposals()
    numbers = describe(masks)
    np.testing.assert_allclose(describe([masks[n] for n in order]), numbers[order], atol=2e-3)


@given(st.permutations(range(6)))
def test_the_rows_follow_the_order_of_masks_of_one_area(order):
    masks = [disc(160, 120, radius, side=200) for radius in (-1, -1, 30, 30, 60, 60)]
    numbers = describe(masks)
    np.testing.assert_allclose(describe([masks[n] for n in order]), numbers[order], atol=1e-5)


def test_a_mask_beside_the_image_shares_no_more_than_all():
    masks = [disc(0, 44, 200, at=(0, 354), side=231), disc(0, 36, 200, at=(0, 124), side=231)]
    for name in ('around', 'within', 'agreement', 'square_4', 'square_5'):
        assert numbers_of(masks)[name].max() <= 1


def enlarged(mask, factor):
    """Return the same mask in the same image of so many times the pixels along each side."""
    roi = mask.roi
    points = tuple(
        replace(it, x=factor * (it.x + 0.5) - 0.5, y=factor * (it.y + 0.5) - 0.5)
        for it in mask.prompt.points
    )
    return replace(
        mask,
        prompt=Prompt(points),
        roi=Roi(factor * roi.x, factor * roi.y, factor * roi.width, factor * roi.height),
        image_width=factor * mask.image_width,
        image_height=factor * mask.image_height,
    )


@given(st.lists(any_discs, min_size=1, max_size=4), st.sampled_from([2, 3, 7]))
def test_the_numbers_are_those_of_the_same_image_in_more_pixels(masks, factor):
    larger = [enlarged(mask, factor) for mask in masks]
    np.testing.assert_allclose(describe(larger), describe(masks), rtol=1e-4, atol=2e-3)


# The shape

# Of a disc, the distance of its middle to the outline, in roots of its area.
DEPTH = 1 / np.sqrt(np.pi)


def test_a_click_at_the_middle_of_a_disc_is_as_deep_as_can_be_and_in_the_middle_of_its_box():
    shape = Shape.of(disc(160, 120, 60, side=200))
    assert shape.click_depth == pytest.approx(DEPTH, rel=0.06)
    assert shape.depth == pytest.approx(DEPTH, rel=0.06)
    assert shape.column == pytest.approx(0, abs=0.01)
    assert shape.row == pytest.approx(0, abs=0.01)
    assert shape.off_centre == pytest.approx(0, abs=0.01)
    assert shape.compactness == pytest.approx(np.pi / 4, rel=0.05)
    assert (shape.largest_part, shape.parts) == (1, 0.1)
    assert shape.side == pytest.approx(np.log(200 / HEIGHT))
    assert shape.filled == pytest.approx(np.pi * 60**2 / 200**2, rel=0.05)
    assert shape.area == pytest.approx(np.log(np.pi * 60**2 / (WIDTH * HEIGHT)), abs=0.05)
    assert np.exp([shape.width, shape.height]) == pytest.approx(
        [120 / WIDTH, 120 / HEIGHT], rel=0.05
    )
    assert (shape.cut, shape.cut_within) == (0, 0)


@pytest.mark.parametrize(('dx', 'dy'), [(30, 0), (-30, 0), (0, 30), (0, -30), (-20, 40)])
def test_a_click_beside_the_middle_of_a_disc_is_told_by_distance_whichever_side(dx, dy):
    prompt = Prompt.from_point(160 + dx, 120 + dy)
    shape = Shape.of(disc(160, 120, 60, side=200, prompt=prompt))
    root = np.sqrt(np.pi) * 60
    distance = np.hypot(dx, dy)
    assert shape.column == pytest.approx(abs(dx) / 120, abs=0.01)
    assert shape.row == pytest.approx(abs(dy) / 120, abs=0.01)
    assert shape.off_centre == pytest.approx(distance / root, abs=0.01)
    assert shape.click_depth == pytest.approx((60 - distance) / root, abs=0.04)


@pytest.mark.parametrize(('x', 'y'), [(240, 120), (-1000, 5000)])
def test_a_click_outside_of_the_mask_or_of_the_square_has_no_depth(x, y):
    shape = Shape.of(disc(160, 120, 60, side=200, prompt=Prompt.from_point(x, y)))
    assert shape.click_depth == 0
    assert shape.depth > 0.5


def test_specks_are_told_from_the_largest_part():
    mask = disc(160, 120, 60, side=200)
    logits = mask.logits.copy()
    logits[2:6, 2:6] = logits[-6:-2, 2:6] = 1
    shape = Shape.of(replace(mask, logits=logits))
    assert shape.parts == pytest.approx(0.3)
    assert 0.98 < shape.largest_part < 1


@pytest.mark.parametrize(
    ('at', 'cut'), [((160, 120), True), ((100, 120), True), ((50, 120), False)]
)
def test_a_mask_is_cut_where_the_image_goes_on_and_not_at_the_images_border(at, cut):
    shape = Shape.of(disc(at[0] - 50, 120, 30, at=at, side=100))
    assert shape.cut > 0
    assert (shape.cut_within > 0.3) is cut
    assert cut or shape.cut_within == 0


# The squares


def test_the_squares_come_by_their_sides_the_smallest_first():
    masks = [disc(160, 120, 20, side=side, score=0.1 * n) for n, side in enumerate(SIDES, 1)]
    masks[0] = disc(160, 120, -1, side=SIDES[0])
    for order in (masks, masks[::-1]):
        last = describe(order)[order.index(masks[-1]), -SQUARES:]
        assert last == pytest.approx([0, 0.2 * 0.8, 0.3, 0.4, 0.5], abs=0.06)
        assert (np.diff(last) > 0).all()


@pytest.mark.parametrize('squares', [1, 2, 3, 4])
def test_of_fewer_squares_the_smallest_is_repeated(squares):
    masks = [
        disc(160, 120, 20, side=side, score=0.3 + 0.1 * n)
        for n, side in enumerate((100, 140, 180, 220)[:squares])
    ]
    columns = describe(masks)[:, -SQUARES:].T
    repeated = SQUARES - squares + 1
    for column in columns[:repeated]:
        np.testing.assert_array_equal(column, columns[0])
    scores = [0.3 + 0.1 * n for n in range(squares)]
    assert columns[-squares:].mean(1) == pytest.approx(scores, abs=0.06)
