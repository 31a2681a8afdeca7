"""A simulated IMX500: the calls of picamera2, answered without a Raspberry Pi.

`Simulation(settings)` is one such sensor. Its attributes `Picamera2`, `IMX500` and
`NetworkIntrinsics` stand for what the modules `picamera2` and `picamera2.devices.imx500` give::

    library = Simulation(Settings(image, faults=Faults.parse('missing=0.3,roi_lag=2')))
    sensor = library.IMX500('picosam2-96')
    camera = library.Picamera2(sensor.camera_num)

They follow the public sources of picamera2 0.3.36 and of Raspberry Pi's libcamera;
`test/simulation/test_against_picamera2.py` compares them.
"""

from picosam_ros.simulation.clock import SteadyClock, SteppedClock
from picosam_ros.simulation.faults import Faults
from picosam_ros.simulation.intrinsics import NetworkIntrinsics
from picosam_ros.simulation.library import Simulation
from picosam_ros.simulation.settings import Settings
from picosam_ros.simulation.stream import Truth

__all__ = [
    'Faults',
    'NetworkIntrinsics',
    'Settings',
    'Simulation',
    'SteadyClock',
    'SteppedClock',
    'Truth',
]
