"""The device is a real video file, opened with OpenCV: it reads alike, ends, and has no clock."""

import errno
import threading
import time
from types import SimpleNamespace

import cv2
import pytest
from helpers.patient import PATIENCE
from helpers.square_video import number_of

from picosam_ros.cameras import make_camera, v4l2
from picosam_ros.cameras.v4l2 import V4l2Camera, capture_stamp, devices, reason_of
from picosam_ros.errors import CameraError

# So long a device hangs that nobody lets go on: more than any test takes.
GATE_S = 600.0


class Gate:
    """A capture whose pictures wait until the test lets them through, like a slow device.

    `get` raises `fault` where there is one.
    """

    def __init__(self, capture):
        self._capture = capture
        self._allowed = threading.Semaphore(1)
        self.released = threading.Event()
        self.fault = None

    def allow(self, count=1):
        self._allowed.release(count)

    def read(self):
        if not self._allowed.acquire(timeout=GATE_S):
            return False, None
        return self._capture.read()

    def get(self, prop, /):
        if self.fault is not None and prop == cv2.CAP_PROP_POS_MSEC:
            raise self.fault
        return self._capture.get(prop)

    def release(self):
        self._capture.release()
        self.released.set()


@pytest.fixture
def gates():
    return []


@pytest.fixture
def camera(video, gates, monkeypatch):
    """Make a camera whose device shows a picture of the video for every `gates[-1].allow()`."""
    monkeypatch.setattr(v4l2, 'STOP_S', 0.05)
    monkeypatch.setattr(v4l2, 'FIRST_FRAME_S', PATIENCE)

    def opener(_device, _rate):
        gates.append(Gate(cv2.VideoCapture(str(video))))
        return gates[-1]

    camera = V4l2Camera(source='7', rate=30, frame_id='eye', opener=opener)
    yield camera
    for gate in gates:
        gate.allow(100)
    camera.close()


def test_frames_come_as_the_device_gives_them(camera, gates):
    camera.open()
    numbers = []
    for _ in range(3):
        numbers.append(number_of(camera.read(timeout=PATIENCE).pixels))
        gates[0].allow()
    assert numbers == [0, 1, 2]


def test_red_is_the_first_channel(camera):
    camera.open()
    frame = camera.read(timeout=PATIENCE)
    assert frame.pixels[24, 8, 0] > 200
    assert frame.pixels[24, 8, 2] < 80
    assert frame.frame_id == 'eye'


def test_a_frame_without_a_clock_is_stamped_at_its_arrival(camera, one_clock):
    before = time.monotonic_ns()
    camera.open()
    frame = camera.read(timeout=PATIENCE)
    assert before <= frame.stamp_ns <= frame.received_ns <= time.monotonic_ns()


def test_a_device_that_hangs_does_not_block_the_reader(camera):
    camera.open()
    assert camera.read(timeout=PATIENCE) is not None
    assert camera.read(timeout=0.01) is None


def test_the_newest_frame_wins_and_a_device_that_stops_is_told(camera, gates):
    camera.open()
    gates[0].allow(100)
    assert gates[0].released.wait(PATIENCE)
    assert number_of(camera.read(timeout=PATIENCE).pixels) == 11
    with pytest.raises(CameraError, match='/dev/video7 stopped: it delivers no more images'):
        camera.read(timeout=PATIENCE)


def test_a_thread_that_fails_is_told_as_it_failed_and_the_device_is_released(camera, gates):
    camera.open()
    assert camera.read(timeout=PATIENCE) is not None
    gates[0].fault = TypeError('of the thread')
    gates[0].allow()
    for _ in range(2):
        with pytest.raises(TypeError, match='of the thread'):
            camera.read(timeout=PATIENCE)
    assert gates[0].released.wait(PATIENCE)
    camera.close()
    camera.open()
    assert number_of(camera.read(timeout=PATIENCE).pixels) == 0


def test_a_thread_that_fails_at_the_first_image_is_not_a_device_without_images(video, monkeypatch):
    monkeypatch.setattr(v4l2, 'FIRST_FRAME_S', PATIENCE)
    gate = Gate(cv2.VideoCapture(str(video)))
    gate.fault = TypeError('of the thread')
    camera = V4l2Camera(source='7', rate=30, frame_id='eye', opener=lambda *_: gate)
    with pytest.raises(TypeError, match='of the thread'):
        camera.open()
    assert gate.released.wait(PATIENCE)


def test_closing_interrupts_a_read_that_waits(camera):
    camera.open()
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


def test_a_device_that_hangs_does_not_keep_close_waiting_and_is_released_later(camera, gates):
    camera.open()
    begun = time.monotonic()
    camera.close()
    assert time.monotonic() - begun < GATE_S / 2
    assert not gates[0].released.is_set()
    gates[0].allow()
    assert gates[0].released.wait(PATIENCE)


def test_after_closing_it_opens_again(camera, gates):
    camera.open()
    camera.open()
    gates[0].allow(100)
    camera.close()
    camera.close()
    assert camera.read(timeout=0) is None
    camera.open()
    assert number_of(camera.read(timeout=PATIENCE).pixels) == 0
    assert len(gates) == 2


def test_a_device_without_pictures_is_refused(tmp_path):
    (tmp_path / 'empty').touch()
    camera = V4l2Camera(
        source='0',
        rate=30,
        frame_id='',
        opener=lambda *_: cv2.VideoCapture(str(tmp_path / 'empty')),
    )
    with pytest.raises(CameraError, match='/dev/video0: it opens, but delivers no images'):
        camera.open()


def test_a_missing_device_is_refused(tmp_path):
    camera = make_camera('v4l2', source=str(tmp_path / 'video0'))
    with pytest.raises(CameraError, match='video0: there is no such device'):
        camera.open()


def test_a_file_that_is_no_camera_is_refused(tmp_path):
    (tmp_path / 'video0').write_text('not a camera')
    camera = make_camera('v4l2', source=str(tmp_path / 'video0'))
    with pytest.raises(CameraError, match='video0: not a camera, or another program has it'):
        camera.open()


def test_a_camera_that_was_not_opened_says_so():
    with pytest.raises(CameraError, match='call open'):
        make_camera('v4l2').read(timeout=0)


def test_the_devices_are_tried_by_number(tmp_path):
    for name in ('video10', 'video2', 'video0', 'video-notes', 'media0'):
        (tmp_path / name).touch()
    assert [name.rpartition('/')[2] for name in devices('', tmp_path)] == [
        'video0',
        'video2',
        'video10',
    ]


def test_a_number_and_a_path_mean_one_device():
    assert devices('2') == ['/dev/video2']
    assert devices('/dev/v4l/by-id/eye') == ['/dev/v4l/by-id/eye']


def test_without_any_device_another_camera_is_suggested(tmp_path):
    with pytest.raises(CameraError, match='plug in a USB camera'):
        devices('', tmp_path)


@pytest.mark.parametrize(
    ('number', 'words'),
    [
        (errno.ENOENT, 'no such device'),
        (errno.EACCES, 'group video'),
        (errno.EBUSY, 'busy'),
        (errno.ENODEV, 'unplugged'),
        (errno.EISDIR, 'Is a directory'),
    ],
)
def test_the_reason_is_told_in_words(number, words):
    assert words in reason_of(OSError(number, 'Is a directory'))


@pytest.mark.parametrize(
    ('sensor_ms', 'captured_ms'), [(99_960, 99_960), (101_000, 100_000), (95_000, 100_000)]
)
def test_the_driver_s_own_time_of_capture_is_the_stamp_unless_it_is_of_another_clock(
    monkeypatch, sensor_ms, captured_ms
):
    monkeypatch.setattr(v4l2, 'time', SimpleNamespace(monotonic_ns=lambda: 100_000_000_000))
    monkeypatch.setattr(v4l2, 'stamp_of', lambda steady_ns: steady_ns)
    assert capture_stamp(sensor_ms) == captured_ms * 1_000_000


def test_it_describes_the_device(camera):
    camera.open()
    assert camera.description == {'source': '/dev/video7', 'size': '160x48', 'rate': '100'}
