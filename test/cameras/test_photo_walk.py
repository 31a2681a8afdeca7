import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.cameras.photo_walk import (
    DWELL_NS,
    HEIGHT,
    SHAKE,
    WIDTH,
    Aim,
    Photo,
    PhotoWalk,
    visit_at,
)
from picosam_ros.errors import CameraError

STAMPS = st.integers(0, 2**62)
SECOND = 1_000_000_000
MORNING = 1_800_000_000 * SECOND


def blank(name='blank', width=600, height=400):
    return Photo(name, width, height, np.zeros((height, width, 3), np.uint8))


@pytest.fixture
def marked(tmp_path):
    """Make a black photo of 600×400 with a white dot at (310, 190); tell where it is."""
    pixels = np.zeros((400, 600, 3), np.uint8)
    cv2.circle(pixels, (310, 190), 4, (255, 255, 255), -1)
    cv2.imwrite(str(tmp_path / 'marked.png'), pixels)
    return Photo.read(tmp_path / 'marked.png'), (310, 190)


@given(STAMPS, st.integers(8, 5000), st.integers(8, 5000))
def test_the_view_never_leaves_the_photo(stamp, width, height):
    photo = Photo('any', width, height, np.zeros((1, 1, 3), np.uint8))
    roi = PhotoWalk([photo]).viewpoint(stamp).roi
    assert roi.x >= -1e-6
    assert roi.y >= -1e-6
    assert roi.x + roi.width <= width + 1e-6
    assert roi.y + roi.height <= height + 1e-6


@given(
    STAMPS,
    st.tuples(st.floats(-9, 700), st.floats(-9, 500)),
    st.floats(0, 0.2),
    st.floats(0.2, 0.95),
)
def test_an_aimed_view_never_leaves_the_photo_either(stamp, at, pan, zoom):
    aim = Aim(at=at, pan=pan, zoom=(zoom, 0.95))
    photo = Photo('any', 600, 400, np.zeros((1, 1, 3), np.uint8), aim)
    roi = PhotoWalk([photo]).viewpoint(stamp).roi
    assert min(roi.x, roi.y) >= -1e-6
    assert roi.x + roi.width <= 600 + 1e-6
    assert roi.y + roi.height <= 400 + 1e-6


@given(STAMPS)
def test_an_aimed_view_keeps_in_its_middle_what_it_is_aimed_at(stamp):
    aim = Aim(at=(200, 150), pan=0.05, zoom=(0.5, 0.6))
    photo = Photo('any', 600, 400, np.zeros((1, 1, 3), np.uint8), aim)
    x, y = PhotoWalk([photo]).viewpoint(stamp).affine(200, 150)
    assert abs(x - WIDTH / 2) <= 0.05 * WIDTH + SHAKE + 1
    assert abs(y - HEIGHT / 2) <= 0.05 * HEIGHT + SHAKE + 1


@given(STAMPS, st.integers(8, 5000), st.integers(8, 5000))
def test_the_view_is_four_to_three_and_zooms_between_75_and_95_percent(stamp, width, height):
    photo = Photo('any', width, height, np.zeros((1, 1, 3), np.uint8))
    roi = PhotoWalk([photo]).viewpoint(stamp).roi
    assert roi.width * 3 == pytest.approx(roi.height * 4)
    assert 0.75 - 1e-9 <= roi.width / min(width, height * 4 / 3) <= 0.95 + 1e-9


@given(STAMPS)
def test_two_walks_past_the_same_photos_agree_on_every_stamp(stamp):
    photos = [blank('a'), blank('b', 512, 512)]
    assert PhotoWalk(photos).viewpoint(stamp) == PhotoWalk(photos).viewpoint(stamp)


@pytest.mark.parametrize('tenths', range(0, 50, 7))
def test_a_mark_of_the_photo_is_in_the_picture_where_the_view_says(marked, tenths):
    photo, mark = marked
    walk = PhotoWalk([photo])
    view = walk.viewpoint(MORNING + tenths * SECOND // 10)
    rows, columns = np.nonzero(walk.render(view)[..., 0] > 127)
    assert (columns.mean(), rows.mean()) == pytest.approx(view.affine(*mark), abs=0.3)


def test_a_photo_larger_than_the_picture_keeps_the_coordinates_of_its_file(tmp_path):
    pixels = np.zeros((3000, 4000, 3), np.uint8)
    cv2.circle(pixels, (2100, 1400), 40, (255, 255, 255), -1)
    cv2.imwrite(str(tmp_path / 'large.png'), pixels)
    walk = PhotoWalk([Photo.read(tmp_path / 'large.png')])
    view = walk.viewpoint(MORNING)
    rows, columns = np.nonzero(walk.render(view)[..., 0] > 127)
    assert walk.photos[0].pixels.shape[1] < 1000
    assert (columns.mean(), rows.mean()) == pytest.approx(view.affine(2100, 1400), abs=0.3)


def test_the_same_view_gives_the_same_picture(marked):
    first, second = (PhotoWalk([marked[0]]) for _ in range(2))
    picture = first.render(first.viewpoint(MORNING))
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, second.render(second.viewpoint(MORNING)))


def test_each_photo_is_shown_for_the_dwell_time_and_then_the_next():
    walk = PhotoWalk([blank('a'), blank('b'), blank('c')])
    lap = 3 * DWELL_NS
    start = MORNING // lap * lap
    times = [start, start + DWELL_NS - 1, start + DWELL_NS, start + 2 * DWELL_NS, start + lap]
    assert [walk.viewpoint(time).name for time in times] == ['a', 'a', 'b', 'c', 'a']
    assert [walk.viewpoint(time).index for time in times] == [0, 0, 1, 2, 0]


def test_a_visit_that_lasts_longer_stays_with_its_photo_and_never_jumps():
    walk = PhotoWalk([blank('square', 512, 512), blank('other')])
    visit = visit_at(MORNING)
    views = [walk.viewpoint(MORNING + 33_000_000 * n, visit) for n in range(1000)]
    assert {view.name for view in views} == {walk.viewpoint(MORNING).name}
    places = np.array([view.affine(300, 200) for view in views])
    assert np.abs(np.diff(places, axis=0)).max() < 8


@pytest.mark.parametrize('axis', [0, 1])
def test_an_object_crosses_a_tenth_of_the_picture_within_seconds_and_never_jumps(axis):
    walk = PhotoWalk([blank()])
    start = MORNING // DWELL_NS * DWELL_NS
    visits = [
        range(start + n * DWELL_NS, start + (n + 1) * DWELL_NS, 33_000_000) for n in range(40)
    ]
    places = np.array(
        [[walk.viewpoint(t).affine(300, 200)[axis] for t in visit] for visit in visits]
    )
    share = np.ptp(places, axis=1) / (WIDTH, HEIGHT)[axis]
    assert 0.08 < np.median(share) < 0.16
    assert np.abs(np.diff(places)).max() < 8


def test_a_square_photo_is_seen_from_top_to_bottom_over_the_laps():
    walk = PhotoWalk([blank('square', 512, 512)])
    rois = [walk.viewpoint(MORNING + visit * DWELL_NS).roi for visit in range(40)]
    assert min(roi.y for roi in rois) < 40
    assert max(roi.y + roi.height for roi in rois) > 472


def test_the_colours_of_the_file_come_out_as_red_green_blue(tmp_path):
    cv2.imwrite(str(tmp_path / 'red.png'), np.full((30, 40, 3), (10, 20, 250), np.uint8))
    walk = PhotoWalk([Photo.read(tmp_path / 'red.png')])
    assert walk.render(walk.viewpoint(MORNING))[240, 320].tolist() == [250, 20, 10]


def test_a_file_that_is_not_an_image_is_refused_by_name(tmp_path):
    (tmp_path / 'letter.jpg').write_text('Dear reader')
    with pytest.raises(CameraError, match=r'letter\.jpg is not an image'):
        Photo.read(tmp_path / 'letter.jpg')
