import threading
import time

import cv2
import numpy as np
import pytest
from helpers.patient import PATIENCE

from picosam_ros.cameras import make_camera, photo_walk, photos
from picosam_ros.cameras.photo_table import demo_photos
from picosam_ros.cameras.photo_walk import visit_at
from picosam_ros.cameras.photos import PhotosCamera, open_photos
from picosam_ros.errors import CameraError

# Frames per second: periods are counted from when the machine was started.
NEVER = 1e-9


@pytest.fixture
def folder(tmp_path):
    """Three pictures of noise, and a file that is none."""
    noise = np.random.default_rng(1)
    for name in ('c.webp', 'b.png', 'a.jpg'):
        cv2.imwrite(str(tmp_path / name), noise.integers(0, 256, (300, 400, 3), np.uint8))
    (tmp_path / 'notes.txt').write_text('not a picture')
    return tmp_path


@pytest.fixture
def open_camera():
    """Open cameras by rate and folder, and close them in the end."""
    cameras = []

    def make(source, rate=200.0):
        camera = PhotosCamera(source=str(source), rate=rate, frame_id='eye')
        cameras.append(camera)
        camera.open()
        return camera

    yield make
    for camera in cameras:
        camera.close()


def test_the_default_photographs_come_from_scikit_image_without_a_download():
    pytest.importorskip('skimage')
    walk = open_photos()
    assert [photo.name for photo in walk.photos] == [photo.name for photo in demo_photos()]
    astronaut = next(photo for photo in walk.photos if photo.name == 'astronaut')
    assert (astronaut.width, astronaut.height) == (512, 512)
    column, row = (round(value) for value in astronaut.to_pixels(120, 330))
    red, green, blue = astronaut.pixels[row, column].tolist()
    assert red > green > blue, 'the suit is orange'


def test_a_folder_is_shown_in_the_order_of_names_without_what_is_no_picture(folder):
    assert [photo.name for photo in open_photos(str(folder)).photos] == ['a', 'b', 'c']


def test_without_scikit_image_the_command_that_installs_it_is_told(monkeypatch):
    monkeypatch.setattr(photos, 'find_spec', lambda name: None)
    with pytest.raises(CameraError, match='pip install scikit-image'):
        open_photos()


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(CameraError, match='nowhere is not a folder'):
        open_photos(str(tmp_path / 'nowhere'))


def test_a_folder_without_images_is_refused_with_what_was_looked_for(tmp_path):
    (tmp_path / 'notes.txt').write_text('not a picture')
    with pytest.raises(CameraError, match=r'no image.*\.jpg.*\.webp'):
        open_photos(str(tmp_path))


@pytest.mark.parametrize('rate', [0.0, -5.0, float('nan'), 1e6])
def test_a_rate_that_cannot_be_is_refused(folder, rate):
    with pytest.raises(CameraError, match='was given'):
        PhotosCamera(source=str(folder), rate=rate, frame_id='eye').open()


def test_a_frame_shows_exactly_what_the_walk_shows_at_its_stamp(folder, open_camera):
    frame = open_camera(folder).read(timeout=PATIENCE)
    walk = open_photos(str(folder))
    np.testing.assert_array_equal(frame.pixels, walk.render(walk.viewpoint(frame.stamp_ns)))
    assert frame.pixels.shape == (480, 640, 3)
    assert frame.frame_id == 'eye'


def test_a_photo_that_is_wanted_stays_while_others_would_have_come_and_then_they_come(
    folder, open_camera, monkeypatch
):
    monkeypatch.setattr(photo_walk, 'DWELL_NS', 20_000_000)
    camera, walk, wanted = open_camera(folder), open_photos(str(folder)), threading.Event()
    camera.show.stay_while(wanted.is_set)
    wanted.set()
    first = visit_at(camera.read(timeout=PATIENCE).stamp_ns)
    passed = set()
    while len(passed) < 7:
        frame = camera.read(timeout=PATIENCE)
        passed.add(visit_at(frame.stamp_ns))
        shown = walk.viewpoint(frame.stamp_ns, first)
        np.testing.assert_array_equal(frame.pixels, walk.render(shown))
    wanted.clear()
    frame = camera.read(timeout=PATIENCE)
    np.testing.assert_array_equal(frame.pixels, walk.render(walk.viewpoint(frame.stamp_ns)))


def test_frames_are_stamped_with_the_present_and_come_at_whole_periods(
    folder, open_camera, one_clock
):
    before = time.monotonic_ns()
    camera = open_camera(folder, rate=100.0)
    stamps = [camera.read(timeout=PATIENCE).stamp_ns for _ in range(5)]
    assert before <= stamps[0]
    assert stamps[-1] <= time.monotonic_ns()
    assert (np.diff(stamps) >= 10_000_000).all()
    assert not (np.diff(stamps) % 10_000_000).any()


def test_a_frame_arrives_after_it_was_captured(folder, open_camera):
    frame = open_camera(folder).read(timeout=PATIENCE)
    assert frame.stamp_ns <= frame.received_ns <= time.time_ns()


def test_a_reader_that_is_late_gets_the_newest_frame(folder, open_camera, one_clock):
    camera = open_camera(folder, rate=100.0)
    camera.read(timeout=PATIENCE)
    camera._tick -= 5  # as if the last read had been so many periods ago
    now = time.monotonic_ns()
    assert camera.read(timeout=0).stamp_ns > now - 10_000_000


def test_a_timeout_gives_no_frame(folder, open_camera):
    assert open_camera(folder, rate=NEVER).read(timeout=0.001) is None


def test_closing_interrupts_a_read_that_waits(folder, open_camera):
    camera = open_camera(folder, rate=NEVER)
    answers, reading = [], threading.Event()

    def read():
        reading.set()
        answers.append(camera.read(timeout=10 * PATIENCE))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert reading.wait(PATIENCE)
    camera.close()
    thread.join(PATIENCE)
    assert answers == [None]


def test_a_camera_that_was_not_opened_says_so(folder):
    with pytest.raises(CameraError, match='call open'):
        PhotosCamera(source=str(folder), rate=30, frame_id='eye').read(timeout=0)


def test_opening_and_closing_twice_does_nothing_and_it_opens_again(folder, open_camera):
    camera = open_camera(folder)
    camera.open()
    camera.close()
    camera.close()
    assert camera.read(timeout=0) is None
    camera.open()
    assert camera.read(timeout=PATIENCE) is not None


def test_the_table_of_cameras_makes_it_and_it_describes_itself(folder):
    camera = make_camera('photos', source=str(folder), rate=25)
    assert camera.name == 'photos'
    assert camera.description == {
        'source': str(folder),
        'size': '640x480',
        'rate': '25',
        'images': 'photographs',
    }
