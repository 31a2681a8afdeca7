"""A calibration, as camera_calibration measures one."""

from picosam_ros.spatial.calibration import Calibration

CALIBRATION = Calibration(
    640,
    480,
    distortion_model='plumb_bob',
    d=(-0.3, 0.1, 0.001, -0.0005, 0.0),
    k=(521.5, 0, 318.2, 0, 522.1, 241.7, 0, 0, 1),
    r=(1, 0, 0, 0, 1, 0, 0, 0, 1),
    p=(480.0, 0, 317.0, 0, 0, 500.0, 243.0, 0, 0, 0, 1, 0),
    camera_name='front',
)
