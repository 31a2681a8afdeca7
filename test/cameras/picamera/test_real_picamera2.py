"""One contract for two libraries: our simulation, and picamera2's own classes on a fake libcamera.

The second runs where picamera2 is installed, or where PICAMERA2_SOURCE names a checkout of
https://github.com/raspberrypi/picamera2. No sensor is needed.
"""

import errno
import gc
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.fake_libcamera import Sensor, load
from helpers.fake_libcamera.rpk import write_rpk
from helpers.patient import read, until
from helpers.picamera2_source import source_folder
from helpers.simulated import LEVEL, network, scene, seen_by

from picosam_ros.cameras.picamera.camera import PicameraCamera
from picosam_ros.cameras.picamera.imx500 import (
    NETWORK_STAGE,
    SENSOR_HEIGHT,
    SENSOR_WIDTH,
    Imx500Camera,
)
from picosam_ros.errors import CameraError
from picosam_ros.roi import Roi
from picosam_ros.simulation import Faults, Settings, Simulation

# picamera2 asks so for a daemon thread.
pytestmark = pytest.mark.filterwarnings('ignore:setDaemon')

SPEED = 4.0
NETWORK_SIDE = 96

# A 640×480 image shows this part of the sensor's 2028×1520 mode, in pixels of the whole sensor:
# 2026 columns have the image's aspect ratio, and the mode reads two pixels as one.
CROP = (2, 0, 4052, 3040)

MIDDLE = Roi(270, 190, 100, 100)
LEFT = Roi(10, 30, 120, 120)

REFUSALS = 10


class SimulatedRig:
    """The simulation, as a backend of the cameras."""

    def __init__(self, network_file):
        self.network_file = network_file
        self._faults = ''
        self._connect()

    def lose_network(self):
        """Let no tensor come from now on."""
        self._faults += ',missing=1'
        self._connect()

    def stop_after(self, frames):
        """Let a stream fall silent after so many frames."""
        self._faults += f',stop_after={frames}'
        self._connect()

    def fail_next_start(self):
        """Let the next start fail as libcamera's does."""
        library, start = self._simulation.Picamera2, self._simulation.Picamera2.start

        def fail(_):
            library.start = start
            raise RuntimeError(f'Failed to start camera: {os.strerror(errno.EREMOTEIO)}')

        library.start = fail

    def occupy(self):
        """Let another program open the camera."""
        self._other = self.library.Picamera2(0)

    def vacate(self):
        """Let it close the camera."""
        self._other.close()

    def _connect(self):
        self._simulation = Simulation(
            Settings(
                scene=scene,
                network=network,
                input_size=(NETWORK_SIDE, NETWORK_SIDE),
                speed=SPEED,
                faults=Faults.parse(f'int8=false{self._faults}'),
            )
        )
        self.library = self._simulation


class RealRig:
    """picamera2's own classes, as a backend of the cameras.

    Attributes:
        sensor: what is below them.

    """

    def __init__(self, network_file, library):
        self.network_file = network_file
        self.library = library
        self.sensor = Sensor(scene, network, input_size=(NETWORK_SIDE, NETWORK_SIDE), speed=SPEED)
        library.plug(self.sensor)

    def lose_network(self):
        self.sensor.loses_network = True

    def stop_after(self, frames):
        self.sensor.stop_after = frames

    def fail_next_start(self):
        self.sensor.start_errors.append(errno.EREMOTEIO)

    def occupy(self):
        self.sensor.acquired = True

    def vacate(self):
        self.sensor.acquired = False


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    return load(source_folder(), tmp_path_factory.mktemp('machine'))


@pytest.fixture
def network_file(tmp_path):
    return write_rpk(tmp_path / 'network.rpk', (NETWORK_SIDE, NETWORK_SIDE))


@pytest.fixture(params=['simulation', 'picamera2'])
def rig(request, network_file):
    if request.param == 'simulation':
        return SimulatedRig(network_file)
    return RealRig(network_file, request.getfixturevalue('library'))


@pytest.fixture
def real_rig(network_file, library):
    return RealRig(network_file, library)


@pytest.fixture
def make():
    """Make cameras on a rig; all are closed in the end."""
    cameras = []

    def make_camera(rig, kind=Imx500Camera, **options):
        if kind is Imx500Camera:
            options['sensor_network'] = rig.network_file
        camera = kind(source='', rate=30, frame_id='eye', **{'backend': rig.library} | options)
        cameras.append(camera)
        return camera

    yield make_camera
    for camera in cameras:
        camera.close()


def inferred(camera, roi):
    """Place an ROI and return the first frame that tells what is there."""
    ticket = camera.look_at(roi)

    def answer():
        frame = read(camera)
        output = frame.sensor_output
        return frame if output is not None and output.ticket == ticket else None

    return until(answer)


def counted(picamera2, shown):
    """Derive a Picamera2 that puts all the requests that it shows into a list."""

    class Counted(picamera2):
        @property
        def pre_callback(self):
            return self._counting

        @pre_callback.setter
        def pre_callback(self, callback):
            def show(request):
                shown.append(request)
                callback(request)

            self._counting = show if callback is not None else None

    return Counted


def open_files():
    # All but that of this very listing.
    return {file.name for file in list(Path('/proc/self/fd').iterdir()) if file.exists()}


def near(found, wanted, tolerance):
    return all(
        abs(getattr(found, name) - getattr(wanted, name)) <= tolerance
        for name in ('x', 'y', 'width', 'height')
    )


def test_a_frame_carries_header_and_times(rig, make):
    camera = make(rig)
    camera.open()
    frame = read(camera)
    assert frame.pixels.shape == (480, 640, 3)
    assert frame.pixels.dtype == np.uint8
    assert frame.frame_id == 'eye'
    assert frame.exposure_ms == 10 / SPEED
    assert frame.stamp_ns < frame.received_ns


def test_each_pixel_has_its_colour(rig, make):
    camera = make(rig)
    camera.open()
    pixels = read(camera).pixels.astype(float)
    x, y, width, height = CROP
    levels_across, levels_down = SENSOR_WIDTH // LEVEL, SENSOR_HEIGHT // LEVEL
    red = (x + (np.arange(640) + 0.5) * width / 640) * levels_across / SENSOR_WIDTH
    green = (y + (np.arange(480) + 0.5) * height / 480) * levels_down / SENSOR_HEIGHT
    # A level begins where its number is reached, and may be mixed with its neighbour.
    assert np.abs(pixels[..., 0] - red).max() <= 1
    assert np.abs(pixels[..., 1] - green[:, np.newaxis]).max() <= 1
    assert np.ptp(pixels[..., 2]) == 0


def test_rows_with_padding_are_cut(rig, make):
    camera = make(rig, size=(100, 76))
    camera.open()
    pixels = read(camera).pixels
    assert pixels.shape == (76, 100, 3)
    assert np.all(np.diff(pixels[:, :, 0].astype(int), axis=1) > 0)


def test_the_logits_are_those_of_the_roi(rig, make):
    camera = make(rig)
    camera.open()
    read(camera)
    for roi in (MIDDLE, LEFT, Roi(500, 300, 60, 90)):
        frame = inferred(camera, roi)
        output = frame.sensor_output
        assert output.logits.shape == (NETWORK_SIDE, NETWORK_SIDE)
        assert output.logits.dtype == np.float32
        assert output.logits.flags.c_contiguous
        assert near(output.roi, roi, 0.2)
        on_sensor = Roi(*(CROP[2] / 640 * value for value in vars(roi).values()))
        assert near(seen_by(output), on_sensor, 3 * LEVEL)
        assert (output.dnn_ms, output.dsp_ms) == (14.3, 0.4)


def test_logits_and_pixels_are_of_one_moment(rig, make):
    camera = make(rig)
    camera.open()
    read(camera)
    frame = inferred(camera, MIDDLE)
    number = frame.pixels[0, 0, 2]
    assert np.all(frame.sensor_output.logits[1:-1] == number)


def test_a_lost_network_leaves_images_that_say_so(rig, make):
    rig.lose_network()
    camera = make(rig)
    camera.open()
    for _ in range(5):
        frame = read(camera)
        assert frame.sensor_output is None
        assert frame.no_output == 'no tensor came with this frame'


def test_a_camera_without_a_network_gives_images(rig, make):
    camera = make(rig, PicameraCamera)
    camera.open()
    frame = read(camera)
    assert frame.pixels.shape == (480, 640, 3)
    assert frame.sensor_output is None


def test_a_stream_that_falls_silent_is_an_error_and_starts_anew(rig, make):
    rig.stop_after(5)
    camera = make(rig, stall_seconds=0.3)
    camera.open()
    with pytest.raises(CameraError, match='the stream stopped'):
        until(lambda: camera.read(timeout=0.05) and False)
    camera.close()
    camera.open()
    assert read(camera)


def test_a_start_that_fails_is_told_and_the_next_one_works(rig, make):
    camera = make(rig)
    rig.fail_next_start()
    with pytest.raises(CameraError, match='Failed to start camera: Remote I/O error'):
        _open_and_read(camera)
    camera.close()
    camera.open()
    assert read(camera)


def _open_and_read(camera):
    camera.open()
    read(camera)


def test_closing_releases_every_request(rig, make):
    shown = []
    library = SimpleNamespace(
        Picamera2=counted(rig.library.Picamera2, shown), IMX500=rig.library.IMX500
    )
    camera = make(rig, backend=library)
    camera.open()
    for _ in range(12):
        read(camera)
    camera.close()
    assert len(shown) >= 12
    assert all(request.ref_count == 0 for request in shown)


def test_closing_frees_the_camera_for_another_one(rig, make):
    first, second = make(rig), make(rig)
    for camera in (first, second):
        _open_and_read(camera)
        camera.close()


def test_a_camera_that_another_program_has_is_refused_until_it_is_free(rig, make):
    camera = make(rig)
    rig.occupy()
    with pytest.raises(CameraError, match='did not complete'):
        camera.open()
    rig.vacate()
    camera.open()
    assert read(camera)


def test_opening_again_leaves_no_file_and_no_thread(rig, make):
    camera = make(rig)
    before = None
    for _ in range(20):
        _open_and_read(camera)
        camera.close()
        # picamera2's objects refer to each other: what is theirs goes with a collection.
        gc.collect()
        now = len(open_files()), threading.active_count()
        before = before or now
        assert now <= before


def test_the_driver_is_told_the_roi_in_pixels_of_the_sensor(real_rig, make):
    camera = make(real_rig)
    camera.open()
    read(camera)
    camera.look_at(MIDDLE)
    scale = CROP[2] / 640
    wanted = [round(CROP[0] + scale * MIDDLE.x), round(scale * MIDDLE.y)]
    wanted += [round(scale * MIDDLE.width), round(scale * MIDDLE.height)]
    assert np.abs(np.subtract(real_rig.sensor.rois[-1], wanted)).max() <= 1


def test_the_driver_gets_the_whole_network_file(real_rig, make):
    camera = make(real_rig)
    camera.open()
    assert real_rig.sensor.network_file == Path(real_rig.network_file).read_bytes()


def test_a_refused_roi_is_an_error_and_the_old_one_stays(real_rig, make):
    camera = make(real_rig)
    camera.open()
    read(camera)
    inferred(camera, LEFT)
    real_rig.sensor.refuses = True
    with pytest.raises(CameraError, match='refused the ROI'):
        camera.look_at(MIDDLE)
    real_rig.sensor.refuses = False
    frame = until(lambda: (frame := read(camera)).sensor_output and frame)
    assert near(frame.sensor_output.roi, LEFT, 0.2)


def test_the_progress_of_the_upload_is_read_from_debugfs(real_rig):
    imx500 = real_rig.library.IMX500(real_rig.network_file)
    assert imx500.get_fw_upload_progress(NETWORK_STAGE) == (3_001_000, 4_000_000)


def test_in_a_container_without_debugfs_and_sudo_the_missing_program_is_named(real_rig, make):
    """picamera2 0.3.35 and later ask `sudo` where /sys/kernel/debug cannot be read."""
    debugfs = real_rig.library.debugfs
    hidden = debugfs.rename(debugfs.with_name('hidden'))
    try:
        with pytest.raises(CameraError, match='sudo'):
            make(real_rig).open()
    finally:
        hidden.rename(debugfs)


def test_each_refused_open_costs_picamera2_one_file(real_rig):
    """Why a camera is looked for before it is opened again: only the end of the process helps."""
    picamera2 = real_rig.library.Picamera2
    # Listing the cameras makes libcamera's manager, which stays.
    assert len(picamera2.global_camera_info()) == 1
    gc.collect()
    before = open_files()
    for _ in range(REFUSALS):
        with pytest.raises(IndexError):
            picamera2(1)
    gc.collect()
    left = open_files() - before
    for file in left:
        os.close(int(file))
    assert len(left) == REFUSALS
