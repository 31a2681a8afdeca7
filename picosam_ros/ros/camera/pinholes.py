"""sensor_msgs/CameraInfo as a Pinhole."""

from __future__ import annotations

from sensor_msgs.msg import CameraInfo

from picosam_ros.spatial.pinhole import Pinhole


def to_pinhole(info: CameraInfo, *, rectified: bool = False) -> Pinhole:
    """Read the calibration of the pictures that come with a CameraInfo, binning and ROI included.

    Args:
        info: as the driver sent it.
        rectified: the pictures are rectified: P is theirs, and there is no distortion.

    Raises:
        CalibrationError: see Pinhole; an uncalibrated driver sends zeros.

    """
    p = list(info.p)
    k = [p[0], p[1], p[2], p[4], p[5], p[6], p[8], p[9], p[10]] if rectified else list(info.k)
    roi, columns, rows = info.roi, max(info.binning_x, 1), max(info.binning_y, 1)
    size = (roi.width or info.width) // columns, (roi.height or info.height) // rows
    return Pinhole.from_calibration(
        size,
        # The message's numbers are those of the full sensor (sensor_msgs/CameraInfo).
        [
            *(k[0] / columns, k[1], (k[2] - roi.x_offset) / columns),
            *(k[3], k[4] / rows, (k[5] - roi.y_offset) / rows),
            *k[6:],
        ],
        '' if rectified else info.distortion_model,
        () if rectified else list(info.d),
    )
