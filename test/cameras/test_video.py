import contextlib
import threading
import time

import numpy as np
import pytest
from helpers.patient import PATIENCE
from helpers.square_video import number_of, write_video

from picosam_ros.cameras import make_camera
from picosam_ros.cameras.video import VideoCamera
from picosam_ros.errors import CameraError, EndOfStream

TICK_NS = 10_000_000


@pytest.fixture
def open_camera():
    """Open videos, and close them in the end."""
    cameras = []

    def make(source, rate=0.0, **options):
        camera = VideoCamera(source=str(source), rate=rate, frame_id='eye', **options)
        cameras.append(camera)
        camera.open()
        return camera

    yield make
    for camera in cameras:
        camera.close()


def read_to_the_end(camera):
    frames = []
    with contextlib.suppress(EndOfStream):
        while frame := camera.read(timeout=PATIENCE):
            frames.append(frame)
    return frames


def test_all_frames_come_in_order_and_then_the_stream_ends(video, open_camera):
    frames = read_to_the_end(open_camera(video, loop=False))
    assert [number_of(frame.pixels) for frame in frames] == list(range(12))


def test_a_compressed_film_plays_as_well(tmp_path, open_camera):
    path = write_video(tmp_path / 'square.mp4', codec='mp4v')
    frames = read_to_the_end(open_camera(path, loop=False))
    assert [number_of(frame.pixels) for frame in frames] == list(range(12))


def test_red_is_the_first_channel(video, open_camera):
    frame = open_camera(video).read(timeout=PATIENCE)
    red, green, blue = frame.pixels[24, 8].astype(int)
    assert red > 200
    assert max(green, blue) < 80
    assert frame.pixels.shape == (48, 160, 3)
    assert frame.frame_id == 'eye'


def test_the_stream_stays_ended(video, open_camera):
    camera = open_camera(video, loop=False)
    read_to_the_end(camera)
    for _ in range(2):
        with pytest.raises(EndOfStream, match='has ended'):
            camera.read(timeout=0)


def test_it_begins_again_at_the_end_with_stamps_that_grow_on(video, open_camera, one_clock):
    camera = open_camera(video)
    frames = [camera.read(timeout=PATIENCE) for _ in range(30)]
    assert [number_of(frame.pixels) for frame in frames] == [n % 12 for n in range(30)]
    steps = np.diff([frame.stamp_ns for frame in frames])
    assert (steps > 0.7 * TICK_NS).all(), 'a frame is a period later than the one before'


def test_stamps_are_the_start_and_the_time_within_the_video(video, open_camera, one_clock):
    before = time.monotonic_ns()
    frames = read_to_the_end(open_camera(video, loop=False))
    length = frames[-1].stamp_ns - frames[0].stamp_ns
    assert frames[0].stamp_ns >= before
    assert length >= 11 * TICK_NS - 1_000_000
    assert all(frame.stamp_ns <= frame.received_ns for frame in frames)


def test_a_rate_replaces_the_pace_of_the_file(video, open_camera, one_clock):
    camera = open_camera(video, rate=20.0)
    first, second = (camera.read(timeout=PATIENCE).stamp_ns for _ in range(2))
    assert second - first > 45_000_000
    assert camera.description['rate'] == '20'


def test_a_late_reader_loses_no_frame_and_gets_no_old_stamp(video, open_camera, one_clock):
    camera = open_camera(video)
    camera.read(timeout=PATIENCE)
    camera._start_ns -= 5 * TICK_NS  # as if the last read had been so long ago
    now = time.monotonic_ns()
    frames = [camera.read(timeout=PATIENCE) for _ in range(2)]
    assert [number_of(frame.pixels) for frame in frames] == [1, 2]
    assert frames[0].stamp_ns >= now
    assert frames[1].stamp_ns > frames[0].stamp_ns + 0.7 * TICK_NS


def test_a_timeout_gives_no_frame_and_loses_none(video, open_camera):
    camera = open_camera(video, rate=0.001)
    numbers = [number_of(camera.read(timeout=PATIENCE).pixels)]
    assert camera.read(timeout=0.001) is None
    camera._start_ns -= 1_000_000_000_000  # as if a period had passed
    numbers.append(number_of(camera.read(timeout=PATIENCE).pixels))
    assert numbers == [0, 1]


def test_closing_interrupts_a_read_that_waits(video, open_camera):
    camera = open_camera(video, rate=0.001)
    camera.read(timeout=PATIENCE)
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


def test_after_closing_it_opens_again_at_the_first_frame(video, open_camera):
    camera = open_camera(video)
    camera.open()
    camera.read(timeout=PATIENCE)
    camera.close()
    camera.close()
    assert camera.read(timeout=0) is None
    camera.open()
    assert number_of(camera.read(timeout=PATIENCE).pixels) == 0


def test_a_camera_that_was_not_opened_says_so(video):
    with pytest.raises(CameraError, match='call open'):
        VideoCamera(source=str(video), rate=0, frame_id='eye').read(timeout=0)


@pytest.mark.parametrize('source', ['', 'nowhere.avi', '.'])
def test_what_is_not_a_file_is_refused(open_camera, source):
    with pytest.raises(CameraError, match='is not a file'):
        open_camera(source)


@pytest.mark.parametrize('name', ['letter.txt', 'letter.avi', 'letter.mp4'])
def test_a_text_file_is_refused(tmp_path, open_camera, name):
    (tmp_path / name).write_text('Dear reader,\n' * 500)
    with pytest.raises(CameraError, match='not a video'):
        open_camera(tmp_path / name)


def test_an_empty_file_is_refused(tmp_path, open_camera):
    (tmp_path / 'empty.avi').touch()
    with pytest.raises(CameraError, match='not a video'):
        open_camera(tmp_path / 'empty.avi')


def test_a_film_whose_end_with_the_index_is_missing_is_refused(tmp_path, open_camera):
    path = write_video(tmp_path / 'square.mp4', codec='mp4v')
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(CameraError, match='its end is missing'):
        open_camera(path)


@pytest.mark.parametrize('loop', [False, True])
def test_a_video_that_breaks_off_says_after_how_many_frames(video, open_camera, loop):
    whole = video.read_bytes()
    video.write_bytes(whole[: len(whole) * 3 // 4])
    camera = open_camera(video, loop=loop)
    with pytest.raises(CameraError, match=r'breaks off after \d+ of 12 frames') as told:
        read_to_the_end(camera)
    assert not isinstance(told.value, EndOfStream)


def test_a_negative_rate_is_refused(video, open_camera):
    with pytest.raises(CameraError, match='rate -1 was given'):
        open_camera(video, rate=-1)


def test_the_table_of_cameras_makes_it_and_it_describes_itself(video):
    camera = make_camera('video', source=str(video), rate=0)
    camera.open()
    assert camera.name == 'video'
    described = {'source': str(video), 'size': '160x48', 'rate': '100', 'images': 'a recording'}
    assert camera.description == described
    camera.close()
