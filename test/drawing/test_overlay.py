import math

import numpy as np
import pytest

from picosam_ros.drawing.labels import LabelArea, Pole, place, pole_of, render_label
from picosam_ros.drawing.overlay import (
    OPACITY,
    PALETTE,
    colour_labels,
    colour_of,
    draw,
)
from picosam_ros.mask import Mask
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.roi import Roi

WIDTH, HEIGHT = 320, 240
GREY = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)


def disc(prompt=None, *, x=112, y=72, radius=40, score=0.93):
    """Return a mask: a disc around the centre of a 96×96 ROI whose corner is (x, y)."""
    rows, columns = np.mgrid[:96, :96] - 47.5
    logits = (radius - np.hypot(rows, columns)).astype(np.float32)
    prompt = prompt or Prompt.from_point(x + 47.5, y + 47.5)
    return Mask(prompt, logits, Roi(x, y, 96, 96), WIDTH, HEIGHT, 'host', score)


def test_the_answer_is_a_new_picture_and_the_given_one_stays():
    pixels = GREY.copy()
    pixels.setflags(write=False)
    drawn = draw(pixels, [disc()])
    assert drawn.shape == pixels.shape
    assert drawn.dtype == np.uint8
    assert not np.shares_memory(drawn, pixels)
    np.testing.assert_array_equal(pixels, GREY)


def test_without_masks_it_is_the_picture():
    np.testing.assert_array_equal(draw(GREY, []), GREY)


def test_a_mirrored_view_is_drawn_on_as_it_looks():
    picture = np.arange(GREY.size).reshape(GREY.shape).astype(np.uint8)
    np.testing.assert_array_equal(draw(picture[:, ::-1], []), picture[:, ::-1])


def test_the_inside_shows_the_picture_through_the_colour_of_the_object():
    drawn = draw(GREY, [disc(Prompt.from_point(159, 119, object_id=2))])
    expected = 100 * (1 - OPACITY) + np.array(PALETTE[1]) * OPACITY
    np.testing.assert_allclose(drawn[140, 170], expected, atol=0.5)


def test_where_masks_overlap_the_colour_is_that_of_the_better_score_alone():
    low = disc(Prompt.from_point(150, 119, object_id=1), score=0.6)
    high = disc(Prompt.from_point(185, 119, object_id=2), x=142, score=0.9)
    for masks in ([low, high], [high, low]):
        expected = 100 * (1 - OPACITY) + np.array(PALETTE[1]) * OPACITY
        np.testing.assert_allclose(draw(GREY, masks)[135, 172], expected, atol=0.5)


def test_the_outline_is_the_plain_colour_in_a_dark_halo_and_nothing_changes_beyond():
    drawn = draw(GREY, [disc()]).astype(int)
    row = drawn[119]
    rim = np.abs(row - PALETTE[0]).sum(axis=1)
    edge = 180 + int(rim[180:220].argmin())
    assert rim[edge] < 30
    assert abs(edge - 199) <= 2
    assert row[edge : edge + 5].sum(axis=1).min() < 250
    np.testing.assert_array_equal(row[edge + 6 :], GREY[119, edge + 6 :])


def test_the_outline_follows_the_mask_all_around():
    drawn = draw(GREY, [disc()]).astype(int)
    for angle in np.linspace(0.1, 2 * math.pi, 90):
        if math.sin(angle) < -0.8 or math.sin(angle) > 0.8:
            continue  # The label stands there.
        steps = np.arange(30, 50, 0.25)
        columns = np.rint(159.5 + steps * math.cos(angle)).astype(int)
        rows = np.rint(119.5 + steps * math.sin(angle)).astype(int)
        rim = np.abs(drawn[rows, columns] - PALETTE[0]).sum(axis=1)
        assert abs(np.mean(steps[rim < 40]) - 40) < 1.2, angle


def test_a_hole_is_outlined_and_not_filled():
    mask = disc()
    rows, columns = np.mgrid[:96, :96] - 47.5
    distance = np.hypot(rows, columns)
    ring = np.minimum(mask.logits, (distance - 25).astype(np.float32))
    ring_mask = Mask(Prompt.from_point(124, 119.5), ring, mask.roi, WIDTH, HEIGHT, 'host', 1.0)
    drawn = draw(GREY, [ring_mask])
    np.testing.assert_array_equal(drawn[119, 165], GREY[119, 165])
    hole_rim = drawn[119, 178:192].astype(int)
    assert np.abs(hole_rim - PALETTE[0]).sum(axis=1).min() < 60


def test_a_positive_point_is_white_and_a_negative_one_a_white_cross_on_dark():
    points = (Point(150, 119), Point(40, 200, positive=False))
    drawn = draw(GREY, [disc(Prompt(points))]).astype(int)
    assert drawn[119, 150].min() > 250
    assert drawn[200, 40].min() > 200
    assert drawn[200, 37].max() < 100


def test_a_box_is_dashed():
    drawn = draw(GREY, [disc(Prompt.from_box(Box(20, 60, 300, 200)))]).astype(int)
    changed = np.abs(drawn[100:190, 20] - 100).sum(axis=1) > 60
    assert 4 <= np.count_nonzero(np.diff(changed.astype(int)) == 1) <= 12


def test_an_empty_mask_shows_its_prompt():
    nothing = Mask(
        Prompt.from_point(50, 50),
        np.full((96, 96), -9, np.float32),
        Roi(0, 0, 96, 96),
        WIDTH,
        HEIGHT,
        'host',
        0.0,
    )
    drawn = draw(GREY, [nothing])
    assert drawn[50, 50].min() > 250
    assert np.count_nonzero((drawn != GREY).any(axis=2)) < 3000


def test_a_mask_whose_roi_is_beyond_the_image_is_drawn_as_nothing():
    outside = Mask(
        Prompt.from_point(5, 5),
        np.ones((96, 96), np.float32),
        Roi(-200, -200, 96, 96),
        WIDTH,
        HEIGHT,
        'host',
        0.0,
    )
    assert draw(GREY, [outside]).shape == GREY.shape


@pytest.mark.parametrize(('x', 'y'), [(-30, -30), (260, 180), (260, -30), (-30, 180)])
def test_masks_at_the_border_are_drawn_with_their_label_inside(x, y):
    mask = disc(Prompt.from_point(min(max(x + 48, 2), 317), min(max(y + 48, 2), 237)), x=x, y=y)
    with_label = draw(GREY, [mask])
    other_score = disc(mask.prompt, x=x, y=y, score=0.11)
    differs = np.argwhere((with_label != draw(GREY, [other_score])).any(axis=2))
    assert len(differs) > 20


def test_latency_stands_in_the_bottom_left_corner_unless_there_is_none():
    drawn = draw(GREY, [], latency_ms=12.34)
    rows, columns = np.nonzero((drawn != GREY).any(axis=2))
    assert rows.min() > HEIGHT - 30
    assert columns.max() < 80
    np.testing.assert_array_equal(draw(GREY, [], latency_ms=math.nan), GREY)


def test_a_picture_smaller_than_a_label_is_no_fault():
    logits = np.ones((96, 96), np.float32)
    mask = Mask(Prompt.from_point(3, 3), logits, Roi(0, 0, 8, 6), 8, 6, 'host', 1.0)
    assert draw(np.zeros((6, 8, 3), np.uint8), [mask], latency_ms=1).shape == (6, 8, 3)


def test_neighbouring_objects_differ_in_colour():
    assert len({colour_of(object_id) for object_id in range(1, 8)}) == 7
    assert colour_of(8) == colour_of(1)


def test_labels_avoid_each_other_and_stay_on_the_image():
    label = render_label('1  0.93', (1, 2, 3), 1.0)
    extent = LabelArea(0, 0, 60, 30)
    x, y = place(label, extent, WIDTH, HEIGHT)
    assert y >= extent.y1
    taken = LabelArea(x, y, x + label.width, y + label.height)
    x, y = place(label, extent, WIDTH, HEIGHT, avoid=[taken])
    assert not LabelArea(x, y, x + label.width, y + label.height).overlaps(taken)
    assert 0 <= x <= WIDTH - label.width
    assert 0 <= y <= HEIGHT - label.height


def test_the_pole_lies_in_the_largest_part_farthest_from_its_outline():
    inside = np.zeros((200, 300), bool)
    inside[10:30, 10:290] = True  # long and thin
    inside[20:120, 240:290] = True
    inside[150:160, 20:200] = True  # another part
    pole = pole_of(inside)
    assert (pole.x, pole.y) == pytest.approx((264, 70), abs=45)
    assert inside[round(pole.y), round(pole.x)]
    assert pole.depth == pytest.approx(25, abs=4)
    assert pole_of(np.zeros((5, 5), bool)) is None
    assert pole_of(np.zeros((0, 0), bool)) is None


def test_the_label_stands_on_its_object_where_that_is_large_and_beside_it_where_it_is_small():
    label = render_label('1  0.93', (1, 2, 3), 1.0)
    large = LabelArea(40, 30, 240, 200)
    x, y = place(label, large, WIDTH, HEIGHT, pole=Pole(100, 120, 60))
    assert (x + label.width / 2, y + label.height / 2) == pytest.approx((100, 120), abs=1)
    click = LabelArea(95, 115, 105, 125)
    _, below = place(label, large, WIDTH, HEIGHT, pole=Pole(100, 120, 60), avoid=[click])
    assert below == y + label.height
    small = LabelArea(100, 100, 140, 130)
    _, y = place(label, small, WIDTH, HEIGHT, pole=Pole(120, 115, 15))
    assert y + label.height <= small.y0 or y >= small.y1


def test_a_label_is_as_tall_as_its_scale_tells():
    assert render_label('3 ms', None, 1.0).height == 20
    assert render_label('3 ms', None, 2.0).height == 40


def test_each_label_has_the_colour_of_its_object_and_nothing_is_black():
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    coloured = colour_labels(labels).reshape(256, 3)
    assert coloured[0].tolist() == [0, 0, 0]
    for object_id in range(1, 255):
        assert tuple(coloured[object_id]) == colour_of(object_id)
