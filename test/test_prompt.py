import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.errors import PromptError
from picosam_ros.prompt import Box, Point, PreviousMask, Prompt
from picosam_ros.roi import Affine, Roi

NAN, INF = math.nan, math.inf
ROI = Roi(10, 20, 8, 6)


def refusal(act) -> str:
    with pytest.raises(PromptError) as error:
        act()
    return str(error.value)


@pytest.mark.parametrize('object_id', [1, 254])
def test_the_first_and_the_last_id_are_taken(object_id):
    assert Prompt.from_point(1, 2, object_id=object_id).object_id == object_id


@pytest.mark.parametrize('object_id', [-1, 0, 255, 256])
def test_an_id_that_a_label_mask_cannot_hold_is_refused(object_id):
    sentence = refusal(lambda: Prompt.from_point(1, 2, object_id=object_id))
    assert f'object id {object_id} was given' in sentence
    assert 'from 1 to 254' in sentence


@pytest.mark.parametrize(
    ('x', 'y', 'quoted'),
    [(NAN, 2, '(nan, 2)'), (1, INF, '(1, inf)'), (-INF, 2, '(-inf, 2)')],
)
def test_a_point_that_is_not_finite_is_refused_even_if_it_is_negative(x, y, quoted):
    for points in [(Point(x, y),), (Point(1, 1), Point(x, y, positive=False))]:
        sentence = refusal(lambda points=points: Prompt(points))
        assert f'point {quoted} was given' in sentence
        assert 'finite' in sentence


def test_a_box_that_is_not_finite_is_refused():
    sentence = refusal(lambda: Prompt.from_box(Box(0, 0, NAN, 5)))
    assert 'box (0, 0, nan, 5) was given' in sentence


@pytest.mark.parametrize('box', [Box(5, 0, 4, 9), Box(0, 9, 9, 8.5), Box(9, 0, 0, 9)])
def test_an_empty_box_is_refused(box):
    sentence = refusal(lambda: Prompt.from_box(box))
    assert f'box ({box.x0:g}, {box.y0:g}, {box.x1:g}, {box.y1:g}) is empty' in sentence
    assert 'x1 must be at least x0' in sentence


def test_a_box_may_be_one_pixel_wide():
    assert Prompt.from_box(Box(5, 0, 5, 9)).fitted(640, 480) == (
        Prompt.from_box(Box(5, 0, 5, 9)),
        '',
    )


@pytest.mark.parametrize('points', [(), (Point(1, 2, positive=False),)])
def test_a_prompt_that_points_at_nothing_is_refused(points):
    assert 'no positive point and no box' in refusal(lambda: Prompt(points))


def test_a_box_needs_no_point():
    assert Prompt((Point(1, 2, positive=False),), box=Box(0, 0, 9, 9)).positives == ()


@pytest.mark.parametrize('roi_size', [-96, 1, 15])
def test_an_roi_that_is_too_small_is_refused(roi_size):
    sentence = refusal(lambda: Prompt.from_point(1, 2, roi_size=roi_size))
    assert f'an ROI of {roi_size} pixels was given' in sentence
    assert '16 and more, or 0' in sentence


@pytest.mark.parametrize('roi_size', [0, 16, 96])
def test_an_roi_of_the_smallest_size_or_left_to_the_engine_is_taken(roi_size):
    assert Prompt.from_point(1, 2, roi_size=roi_size).roi_size == roi_size


def test_refining_keeps_the_points_that_were_there():
    prompt = Prompt.from_point(1, 2, object_id=9, roi_size=96).refined(
        (Point(3, 4, positive=False),)
    )
    assert prompt.points == (Point(1, 2), Point(3, 4, positive=False))
    assert prompt.positives == (Point(1, 2),)
    assert (prompt.object_id, prompt.roi_size) == (9, 96)


@pytest.mark.parametrize(
    ('x', 'y'), [(-0.51, 0), (0, -0.51), (639.5, 0), (0, 479.5), (-1, 5), (1e9, 5)]
)
def test_a_point_outside_is_refused_with_what_is_allowed(x, y):
    for positive in (True, False):
        prompt = Prompt((Point(1, 1), Point(x, y, positive)))
        sentence = refusal(lambda prompt=prompt: prompt.fitted(640, 480))
        assert f'point ({x:g}, {y:g}) is outside' in sentence
        assert 'x from 0 to 639 and y from 0 to 479' in sentence


@pytest.mark.parametrize(('x', 'y'), [(-0.5, -0.5), (639.49, 479.49), (0, 479), (639, 0)])
def test_a_point_anywhere_on_the_outermost_pixels_is_taken_unchanged(x, y):
    prompt = Prompt.from_point(x, y)
    assert prompt.fitted(640, 480) == (prompt, '')


def test_a_box_is_cut_at_the_border_and_it_is_told():
    prompt, change = Prompt.from_box(Box(-20, 5, 700, 480)).fitted(640, 480)
    assert prompt.box == Box(0, 5, 639, 479)
    assert change == 'the box was cut at the border of the 640×480 image'


def test_a_box_that_fits_is_left_as_it_is():
    prompt = Prompt.from_box(Box(0, 0, 639, 479))
    assert prompt.fitted(640, 480) == (prompt, '')


@pytest.mark.parametrize('box', [Box(-9, 0, -1, 9), Box(640, 0, 700, 9), Box(0, 480, 9, 500)])
def test_a_box_that_is_wholly_outside_is_refused(box):
    sentence = refusal(lambda: Prompt.from_box(box).fitted(640, 480))
    assert f'box ({box.x0:g}, {box.y0:g}, {box.x1:g}, {box.y1:g}) is outside' in sentence
    assert '640×480' in sentence


def test_an_roi_is_shrunk_to_twice_the_long_side_and_it_is_told():
    prompt, change = Prompt.from_point(1, 2, roi_size=1281).fitted(640, 480)
    assert prompt.roi_size == 1280
    assert change == 'the ROI of 1281 pixels was shrunk to 1280'
    assert Prompt.from_point(1, 2, roi_size=1280).fitted(640, 480)[1] == ''


def test_on_a_tiny_image_the_roi_is_shrunk_no_further_than_is_allowed():
    assert Prompt.from_point(1, 2, roi_size=96).fitted(4, 3)[0].roi_size == 16
    assert Prompt.from_point(1, 2, roi_size=16).fitted(4, 3)[1] == ''


def test_two_changes_are_both_told():
    prompt = Prompt(box=Box(-5, 0, 9, 9), roi_size=5000)
    change = prompt.fitted(640, 480)[1]
    assert re.fullmatch('the box was cut .*; the ROI of 5000 pixels was shrunk to 1280', change)


@given(
    st.builds(Box, *(st.floats(-50, 700) for _ in range(4))).filter(
        lambda box: box.x0 < box.x1 and box.y0 < box.y1
    ),
    st.integers(2, 640),
    st.integers(2, 480),
)
def test_what_was_fitted_fits_and_stays_as_it_is(box, width, height):
    try:
        prompt, _ = Prompt.from_box(box).fitted(width, height)
    except PromptError:
        return
    assert 0 <= prompt.box.x0 <= prompt.box.x1 <= width - 1
    assert 0 <= prompt.box.y0 <= prompt.box.y1 <= height - 1
    assert prompt.fitted(width, height) == (prompt, '')


def test_the_long_side_of_a_box_counts_both_end_pixels():
    assert Box(10, 10, 19, 14).long_side == 10
    assert Box(10, 10, 19, 14).centre == (14.5, 12)


def test_a_prompt_prints_as_one_line():
    points = (Point(3, 4), Point(5.5, 6, positive=False), *[Point(1, 1)] * 40)
    assert repr(Prompt.from_point(3, 4)) == 'Prompt(object_id=1, points=[(3, 4)])'
    assert repr(Prompt(points, object_id=7, roi_size=96, generation=2)) == (
        'Prompt(object_id=7, points=[(3, 4), (5.5, 6, 0), (1, 1), 39 more], '
        'roi_size=96, generation=2)'
    )
    assert repr(Prompt.from_box(Box(1, 2, 3, 4))) == (
        'Prompt(object_id=1, Box(x0=1, y0=2, x1=3, y1=4))'
    )
    assert repr(Prompt((Point(3, 4),), size_step=-2)) == (
        'Prompt(object_id=1, points=[(3, 4)], size_step=-2)'
    )


# Previous masks


def block(roi=ROI):
    """Return a previous mask of 8×6 pixels: columns 2 to 4 and rows 1 to 2 are the object."""
    logits = np.full((6, 8), -1, np.float32)
    logits[1:3, 2:5] = 1
    return PreviousMask(logits, roi)


def nothing():
    return replace(block(), logits=np.full((6, 8), -1, np.float32))


@pytest.mark.parametrize(
    ('roi', 'box'),
    [
        (Roi(10, 20, 8, 6), Box(12, 21, 14, 22)),
        (Roi(10, 20, 16, 12), Box(14, 22, 19, 25)),
        (Roi(-4, -3, 8, 6), Box(-2, -2, 0, -1)),
        (Roi(10.25, 20, 8, 6), Box(12.25, 21, 14.25, 22)),
    ],
    ids=['as large', 'twice as large', 'over the border', 'fractions'],
)
def test_the_box_of_a_previous_mask_is_that_of_the_image_pixels_that_it_covers(roi, box):
    assert block(roi).box == box
    assert replace(nothing(), roi=roi).box is None


def test_a_previous_mask_moves_with_the_image():
    moved = block().moved(Affine(2, 2, 5, -3))
    np.testing.assert_array_equal(moved.logits, block().logits)
    x0, y0 = Affine(2, 2, 5, -3)(12 - 0.5, 21 - 0.5)
    assert (moved.box.x0, moved.box.y0) == pytest.approx((x0 + 0.5, y0 + 0.5))
    assert moved.box.long_side == 2 * block().box.long_side


def test_a_previous_mask_needs_no_point_and_no_box_and_is_the_middle_then():
    prompt = Prompt((Point(1, 2, positive=False),), previous=block())
    assert prompt.centre == block().box.centre
    assert prompt.fitted(640, 480) == (prompt, '')


def test_where_the_middle_of_a_prompt_is_the_nearest_knowledge_tells():
    click, previous = (Point(100, 60),), block()
    assert Prompt(click, previous=previous).centre == (100, 60)
    assert Prompt(click, previous=nothing()).centre == (100, 60)
    assert Prompt(click, Box(0, 0, 8, 8), previous=previous).centre == (4, 4)
    square = Roi(30, 30, 21, 21)
    assert Prompt(click, Box(0, 0, 8, 8), previous=previous, square=square).centre == (40, 40)


def test_refining_sets_the_mask_that_the_points_correct():
    previous = block()
    prompt = Prompt.from_point(1, 2).refined((Point(3, 4),), previous)
    assert prompt.previous is previous
    assert prompt.refined((Point(5, 6),)).previous is None


def test_an_empty_previous_mask_is_none_and_tells_not_where_the_object_is():
    point = Point(100, 60)
    assert Prompt((point,), previous=nothing()).previous is None
    assert Prompt.from_point(1, 2).refined((point,), nothing()).previous is None
    for points in ((), (Point(3, 4, positive=False),)):
        with pytest.raises(PromptError, match='no positive point and no box'):
            Prompt(points, previous=nothing())


def test_a_previous_mask_prints_without_pixels():
    assert repr(Prompt(previous=block())) == (
        'Prompt(object_id=1, previous=PreviousMask(8×6, Roi(x=10, y=20, width=8, height=6)))'
    )


@pytest.mark.parametrize(
    ('generation', 'refines', 'earlier', 'continues'),
    [
        (7, 0, 7, True),
        (7, 0, 6, False),
        (7, 5, 5, True),
        (7, 5, 6, True),
        (7, 5, 4, False),
        (7, 5, 8, False),
        (0, 0, 0, True),
    ],
    ids=['itself', 'another', 'first', 'between', 'before', 'later', 'of no stream'],
)
def test_a_prompt_continues_those_that_it_adds_to(generation, refines, earlier, continues):
    prompt = replace(Prompt.from_point(1, 2), generation=generation, refines=refines)
    assert prompt.continues(earlier) == continues
