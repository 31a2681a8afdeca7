import numpy as np
import pytest

from picosam_ros.simulation import Faults, Settings, Simulation, SteppedClock

START_NS = 1_000_000_000_000


def constant(_):
    return np.ones((96, 96), np.float32)


@pytest.fixture
def make_simulation():
    """Make a sensor on a clock that only waits move: a grey scene, and a network that returns 1."""

    def make(faults='', **settings):
        return Simulation(
            Settings(
                **{
                    'scene': np.full((30, 40, 3), 90, np.uint8),
                    'network': constant,
                    'clock': SteppedClock(START_NS),
                    'faults': Faults.parse(faults),
                }
                | settings
            )
        )

    return make


@pytest.fixture
def stream():
    """Open a sensor and start it; return both halves. All are closed in the end."""
    cameras = []

    def start(simulation, network_file='picosam2-96', **configuration):
        imx500 = simulation.IMX500(network_file)
        camera = simulation.Picamera2(imx500.camera_num)
        cameras.append(camera)
        camera.configure(camera.create_preview_configuration(**configuration))
        camera.start()
        return imx500, camera

    yield start
    for camera in cameras:
        camera.close()


@pytest.fixture
def frames():
    """Capture and release some requests; return metadata and truth of each."""

    def capture(camera, count, wait=1.0):
        found = []
        for _ in range(count):
            request = camera.capture_request(wait=wait)
            found.append((request.get_metadata(), request.truth))
            request.release()
        return found

    return capture
