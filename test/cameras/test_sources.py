"""What a source is decides which camera shows it, and each of them shows it."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import cv2
import numpy as np
import pytest
from helpers.patient import PATIENCE

from picosam_ros.cameras import make_camera
from picosam_ros.cameras.sources import camera_of
from picosam_ros.errors import CameraError


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / 'holiday.jpg'
    cv2.imwrite(str(path), np.full((480, 640, 3), 90, np.uint8))
    return path


@pytest.fixture
def bag(tmp_path):
    pytest.importorskip('rosbags', reason='the bag of this test is written with it')
    from helpers.recorded import record

    record(tmp_path / 'drive', 'mcap')
    return tmp_path / 'drive'


@pytest.fixture
def server(video):
    """Serve the folder of the video; yield its address."""
    handler = partial(SimpleHTTPRequestHandler, directory=video.parent)
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        Thread(target=server.serve_forever).start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


def first_frame(source):
    camera = make_camera('auto', source=str(source))
    camera.open()
    frame = camera.read(PATIENCE)
    camera.close()
    return camera.name, frame.pixels.shape


def test_a_film_is_played(video):
    assert first_frame(video)[0] == 'video'


def test_a_folder_of_pictures_and_a_single_one_are_photos(picture):
    assert first_frame(picture.parent) == first_frame(picture) == ('photos', (480, 640, 3))


def test_a_bag_is_played_given_its_folder_or_its_file(bag):
    [file] = bag.glob('*.mcap')
    assert first_frame(bag) == first_frame(file) == ('bag', (120, 160, 3))


def test_a_bag_goes_on_from_the_start_and_its_stamps_grow(bag):
    camera = make_camera('bag', source=str(bag), rate=200.0)
    camera.open()
    frames = [camera.read(PATIENCE) for _ in range(25)]
    camera.close()
    stamps = [frame.stamp_ns for frame in frames]
    assert stamps == sorted(set(stamps))
    assert np.array_equal(frames[0].pixels, frames[10].pixels)
    assert not np.array_equal(frames[0].pixels, frames[5].pixels)


def test_an_address_is_a_stream(server, video):
    name, (height, width, _) = first_frame(f'{server}/{video.name}')
    assert name == 'stream'
    assert min(height, width) > 0


def test_a_stream_that_is_not_there_is_told_with_its_address(server):
    camera = make_camera('stream', source=f'{server}/nothing.mp4')
    with pytest.raises(CameraError, match=r'nothing\.mp4: nothing there plays as a stream'):
        camera.open()


@pytest.mark.parametrize(
    ('source', 'camera'),
    [
        ('/dev/video2', 'v4l2'),
        ('rtsp://user:secret@10.0.0.7/1', 'stream'),
        ('', ''),
        ('2', ''),
        ('/base/axi/pcie@120000/rp1/i2c@88000/imx708@1a', ''),
    ],
)
def test_what_is_connected_is_told_by_its_name(source, camera):
    assert camera_of(source) == camera


def test_a_source_that_is_not_there_is_refused_with_what_can_be_given(tmp_path):
    with pytest.raises(CameraError, match=r'nowhere.*no such file.*/dev/video0 or rtsp://'):
        make_camera('auto', source=str(tmp_path / 'nowhere'))
