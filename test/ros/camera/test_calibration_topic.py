import math

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, RegionOfInterest

from picosam_ros.errors import CalibrationError
from picosam_ros.ros.camera.camera_info import to_pinhole
from picosam_ros.spatial.pinhole import Pinhole

K = [520.0, 0.0, 320.0, 0.0, 510.0, 240.0, 0.0, 0.0, 1.0]
P = [500.0, 0.0, 310.0, 0.0, 0.0, 500.0, 230.0, 0.0, 0.0, 0.0, 1.0, 0.0]
D = [-0.3, 0.1, 0.001, 0.002, 0.0]


def info(**fields):
    return CameraInfo(width=640, height=480, k=K, p=P, **fields)


def test_k_and_the_distortion_hold_for_raw_pictures_and_p_for_rectified_ones():
    message = info(distortion_model='plumb_bob', d=D)
    raw = Pinhole(640, 480, 520, 510, 320, 240, 'plumb_bob', tuple(D))
    assert to_pinhole(message) == raw
    assert to_pinhole(message, rectified=True) == Pinhole(640, 480, 500, 500, 310, 230)


def test_a_region_moves_the_principal_point_and_binning_shrinks_all():
    region = RegionOfInterest(x_offset=100, y_offset=40, width=400, height=300)
    assert to_pinhole(info(roi=region)) == Pinhole(400, 300, 520, 510, 220, 200)
    binned = to_pinhole(info(roi=region, binning_x=2, binning_y=3))
    assert binned == Pinhole(200, 100, 260, 170, 110, 200 / 3)


def test_zeros_are_an_uncalibrated_camera():
    with pytest.raises(CalibrationError, match='the camera is not calibrated; calibrate it'):
        to_pinhole(CameraInfo(width=640, height=480))


@pytest.mark.parametrize('name', ['k', 'd', 'r', 'p'])
@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_a_number_that_is_not_finite_is_refused_wherever_it_stands(name, value):
    message = info(distortion_model='plumb_bob', d=D)
    getattr(message, name)[-1] = value
    for rectified in (False, True):
        with pytest.raises(CalibrationError, match=f'{name.upper()} .*not finite'):
            to_pinhole(message, rectified=rectified)


def test_a_stamp_that_is_none_is_refused():
    message = info()
    message.header.stamp.nanosec = 10**9
    with pytest.raises(CalibrationError, match='the stamp is 0 s and 1000000000 ns'):
        to_pinhole(message)


def test_an_unknown_distortion_model_is_refused_with_the_way_out():
    message = info(distortion_model='thin_prism', d=D)
    with pytest.raises(CalibrationError, match=r"'thin_prism' was given.*rectify the image"):
        to_pinhole(message)
    assert np.isfinite(to_pinhole(message, rectified=True).rays).all()
