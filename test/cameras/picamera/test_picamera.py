import sys
import time

import numpy as np
import pytest
from helpers.patient import read

from picosam_ros.cameras import make_camera
from picosam_ros.cameras.picamera.camera import PicameraCamera
from picosam_ros.engines.base import RoiPlacer
from picosam_ros.errors import CameraError
from picosam_ros.simulation import Settings, Simulation

RED = np.full((30, 40, 3), (250, 10, 30), np.uint8)


def make(source='', **settings):
    backend = Simulation(Settings(scene=RED, speed=10.0, **settings))
    return PicameraCamera(source=source, rate=30, frame_id='eye', size=(64, 48), backend=backend)


def test_frames_come_without_an_inference_and_without_a_reason():
    camera = make()
    before = time.time_ns()
    camera.open()
    frame = read(camera)
    assert frame.pixels.shape == (48, 64, 3)
    assert np.array_equal(frame.pixels[20, 20], (250, 10, 30))
    assert (frame.frame_id, frame.sensor_output, frame.no_output) == ('eye', None, '')
    assert before < frame.stamp_ns < frame.received_ns
    assert not isinstance(camera, RoiPlacer)
    camera.close()


@pytest.mark.parametrize('name', ['RGB888', 'XBGR8888', 'XRGB8888'])
def test_a_camera_that_gives_another_format_than_it_was_asked_for_keeps_its_colours(
    name, monkeypatch
):
    camera = make()
    kind = camera._given_backend.Picamera2
    configure = kind.configure

    def other(self, configuration):
        configuration['main']['format'] = name
        configure(self, configuration)

    monkeypatch.setattr(kind, 'configure', other)
    camera.open()
    assert np.array_equal(read(camera).pixels[20, 20], (250, 10, 30))
    camera.close()


def test_a_camera_that_is_not_there_is_told_with_the_command_that_lists_those_there_are():
    camera = make(source='3')
    with pytest.raises(CameraError, match='rpicam-hello --list-cameras'):
        camera.open()


def test_a_source_that_is_no_number_is_told():
    with pytest.raises(CameraError, match='left'):
        make(source='left').open()


@pytest.mark.parametrize('name', ['picamera', 'imx500'])
def test_without_picamera2_the_commands_and_the_systems_that_have_it_are_told(name, monkeypatch):
    monkeypatch.setitem(sys.modules, 'picamera2', None)
    camera = make_camera(name, **({'sensor_network': 'network.rpk'} if name == 'imx500' else {}))
    with pytest.raises(CameraError) as caught:
        camera.open()
    for told in ('0.3.36', 'sudo apt install python3-picamera2 imx500-all', 'Ubuntu', 'container'):
        assert told in str(caught.value)


def test_reading_before_opening_is_an_error():
    with pytest.raises(CameraError, match='not open'):
        make().read(timeout=0)


def test_the_sensors_mode_can_be_chosen():
    backend = Simulation(Settings(scene=RED, speed=10.0))
    camera = PicameraCamera(
        source='', rate=10, frame_id='eye', size=(64, 48), mode=(4056, 3040), backend=backend
    )
    camera.open()
    read(camera)
    assert camera._stream._picam2.camera_configuration()['raw']['size'] == (4056, 3040)
    camera.close()
