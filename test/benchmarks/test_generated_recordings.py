"""Generated recordings: their masks are what was pasted, and all kinds of files hold the images."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

pytest.importorskip('rosbags.rosbag2', reason='pip brings rosbags')

from benchmarks.films import recordings
from benchmarks.films.lots import LEAVES, PASSED, draw_scene
from benchmarks.films.motions import Leave
from benchmarks.films.recordings import clicks_on, make_recordings
from benchmarks.films.sprites import sprite
from picosam_ros.bags.messages import read_frame
from picosam_ros.bags.recording import Recording
from picosam_ros.cameras.video import VideoFile

SEED, IMAGES = recordings.SEED, 3
MCAP, SQLITE, FILM, FOLDER = 0, 4, 7, 9


@pytest.fixture(scope='module')
def truths(tmp_path_factory):
    return make_recordings(tmp_path_factory.mktemp('recordings'), 10, IMAGES)


def frames_of(path):
    if path.suffix == '.avi':
        video = VideoFile(str(path))
        frames = [frame.pixels for frame in iter(video.next, None)]
        video.release()
        return frames
    if any(path.glob('*.jpg')):
        return [cv2.imread(str(file))[..., ::-1] for file in sorted(path.glob('*.jpg'))]
    with Recording(path) as recording:
        [topic] = recording.topics
        images = recording.images(topic)
        return [read_frame(one.serialised, one.kind).pixels for one in images]


@pytest.mark.parametrize('kind', [MCAP, SQLITE, FILM, FOLDER])
def test_every_kind_of_file_holds_the_images_of_its_scene(kind, truths):
    truth = truths[kind]
    frames = frames_of(truth.path)
    assert len(frames) == IMAGES
    for number, pixels in enumerate(frames):
        shown = truth.scene.image(number, IMAGES)
        assert np.abs(pixels.astype(int) - shown).mean() < 12


def test_the_same_seed_gives_the_same_bytes(truths, tmp_path):
    def files(folder):
        return {
            file.relative_to(folder): file.read_bytes()
            for file in folder.rglob('*')
            if file.is_file()
        }

    again = make_recordings(tmp_path, 10, IMAGES)
    assert files(tmp_path) == files(truths[0].path.parent)
    assert [truth.three for truth in again] == [truth.three for truth in truths]
    assert draw_scene(SEED, 0).camera != draw_scene(SEED + 1, 0).camera


def test_every_click_is_well_inside_of_the_object(truths):
    for truth in truths:
        assert truth.one[0].image == 0
        for click in truth.three:
            around = np.s_[int(click.y) - 4 : int(click.y) + 5, int(click.x) - 4 : int(click.x) + 5]
            assert truth.inside(click.image)[around].all()


def test_an_object_that_is_not_seen_well_again_has_fewer_clicks():
    clicks = clicks_on(draw_scene(19, 14), 150)
    assert [click.image for click in clicks] == [0, 48]


def test_the_mask_is_where_the_object_changes_the_image():
    scene = draw_scene(SEED, LEAVES[1])
    gone = replace(scene, leave=Leave(-1.0, 3.0, 5000.0))
    assert not gone.inside(0, 150).any()
    changed = np.abs(scene.image(0, 150).astype(int) - gone.image(0, 150)).max(2)
    inside = scene.inside(0, 150).astype(np.uint8)
    rim = np.ones((9, 9), np.uint8)
    assert not changed[cv2.dilate(inside, rim) == 0].any()
    assert (changed[cv2.erode(inside, rim) == 1] > 0).mean() > 0.9


def test_what_passes_before_the_object_is_taken_off_its_mask():
    scene = draw_scene(SEED, PASSED[1])
    number = round(149 * scene.passer.moment)
    whole = np.count_nonzero(replace(scene, passer=None).inside(number, 150))
    seen = scene.inside(number, 150)
    assert 0 < np.count_nonzero(seen) < 0.9 * whole


def test_an_object_that_leaves_is_out_of_sight_and_comes_back():
    scene = draw_scene(SEED, LEAVES[1])
    areas = [np.count_nonzero(scene.inside(number, 150)) for number in range(0, 150, 5)]
    gone = areas.index(0)
    assert all(areas[:3])
    assert any(areas[gone:])
    assert areas[-1]


def test_a_third_of_the_recordings_has_something_passing_before_the_object():
    passed = [index for index in range(recordings.COUNT) if draw_scene(SEED, index).passer]
    assert len(passed) == pytest.approx(recordings.COUNT / 3, abs=1)


def test_a_cut_out_object_has_a_soft_rim():
    cover = sprite('coins', 'large coin', 100).cover
    soft = np.count_nonzero((cover > 0.05) & (cover < 0.95))
    around = np.count_nonzero(
        cv2.morphologyEx((cover > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3)))
    )
    assert soft > around
    assert not cover[[0, -1]].any()
