import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.engines.squares import DEFAULT_SHARE, square_for
from picosam_ros.prompt import MIN_ROI_SIZE, Box, Point, PreviousMask, Prompt
from picosam_ros.resample import PADDING, crop
from picosam_ros.roi import Roi


def crop_to(pixels, roi, width, height):
    out = np.full((height, width, 3), 99, np.uint8)
    crop(pixels, roi, out)
    return out


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


def test_a_previous_mask_without_a_positive_point_is_as_its_box():
    previous = PreviousMask(np.ones((40, 80), np.float32), Roi(100, 50, 80, 40))
    around = square_for(Prompt.from_box(Box(100, 50, 179, 89)), 640, 480)
    for points in ((), (Point(10, 10, positive=False),)):
        assert square_for(Prompt(points, previous=previous), 640, 480) == around


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
