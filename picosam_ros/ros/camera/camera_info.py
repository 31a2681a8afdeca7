"""The topic `camera_info`: of our own camera, published, and of another one, read."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo
from sensor_msgs.srv import SetCameraInfo

from picosam_ros.errors import CalibrationError
from picosam_ros.frame import Frame
from picosam_ros.ros.camera.camera_info_url import is_there, missing, path_of
from picosam_ros.ros.messages import from_time, header_of
from picosam_ros.spatial.calibration import Calibration, read_calibration, write_calibration
from picosam_ros.spatial.pinhole import Pinhole, check_finite

_QUEUE = 10
UNCALIBRATED = (
    'the camera is not calibrated: camera_info holds zeros, so nothing can be placed in 3-D; '
    'calibrate it (ros2 run camera_calibration cameracalibrator) or set camera_info_url'
)


class CameraInfoPublisher:
    """Publishes `camera_info` under the header of each frame; zeros where nothing fits.

    Args:
        node: owns topic and service.
        url: of the file, see `path_of`. One that does not exist yet is where `~/set_camera_info`
            writes; empty keeps what it gets for this session.

    Raises:
        CalibrationError: the file is no calibration, or the URL is none of the above.

    Attributes:
        complaint: why the calibration cannot be used; empty if it can.

    """

    def __init__(self, node: Node, url: str = '') -> None:
        self._node = node
        self._path = path_of(url, node.get_name()) if url else None
        self._calibration: Calibration | None = None
        self._size: tuple[int, int] | None = None
        self.complaint = ''
        if self._path is not None:
            if is_there(self._path):
                self._calibration = read_calibration(self._path)
            else:
                self.complaint = missing(url, self._path)
        if self._calibration is None:
            node.get_logger().warning(self.complaint or UNCALIBRATED)
        self._publisher = node.create_publisher(CameraInfo, 'camera_info', _QUEUE)
        self._service = node.create_service(SetCameraInfo, '~/set_camera_info', self._on_set)

    @property
    def state(self) -> str:
        """Return the source of the calibration, for `/diagnostics`."""
        if self._calibration is None:
            return 'none'
        return str(self._path) if self._path else 'of this session'

    def known(self) -> CameraInfo:
        """Return the calibration for the size of the images, without a header.

        Raises:
            CalibrationError: there is none, or it is for another size.

        """
        calibration = self._calibration
        if calibration is None:
            raise CalibrationError(self.complaint or UNCALIBRATED)
        if self._size is not None:
            calibration.check_size(*self._size)
        return to_camera_info(calibration)

    def publish(self, frame: Frame) -> None:
        """Publish the calibration under the header of a frame."""
        self._size = (frame.width, frame.height)
        calibration = self._calibration
        if calibration is not None:
            calibration = self._fitting(calibration)
        if self._publisher.get_subscription_count():
            message = to_camera_info(calibration) if calibration else CameraInfo()
            message.header = header_of(frame)
            message.width, message.height = self._size
            self._publisher.publish(message)

    def destroy(self) -> None:
        """Destroy topic and service."""
        self._node.destroy_publisher(self._publisher)
        self._node.destroy_service(self._service)

    def _fitting(self, calibration: Calibration) -> Calibration | None:
        """Return the calibration if it is for this size; log once if it is not."""
        assert self._size is not None
        try:
            calibration.check_size(*self._size)
        except CalibrationError as error:
            if self.complaint != str(error):
                self.complaint = str(error)
                self._node.get_logger().error(f'{error}; until then camera_info holds zeros')
            return None
        self.complaint = ''
        return calibration

    def _on_set(
        self, request: SetCameraInfo.Request, response: SetCameraInfo.Response
    ) -> SetCameraInfo.Response:
        try:
            calibration = from_camera_info(request.camera_info, self._node.get_name())
            if self._size is not None:
                calibration.check_size(*self._size)
            if self._path is not None:
                write_calibration(calibration, self._path)
        except CalibrationError as error:
            response.status_message = str(error)
            self._node.get_logger().warning(f'set_camera_info refused: {error}')
            return response
        self._calibration = calibration
        self.complaint = ''
        response.success = True
        kept = f'written to {self._path}' if self._path else 'kept until the node is cleaned up'
        response.status_message = f'the calibration is used from now on and {kept}'
        self._node.get_logger().info(response.status_message)
        return response


def to_camera_info(calibration: Calibration) -> CameraInfo:
    """Return a calibration as a message without a header."""
    # Whole numbers of a file or a program are no doubles to a message.
    matrices = {name: list(map(float, getattr(calibration, name))) for name in 'dkrp'}
    return CameraInfo(
        width=calibration.width,
        height=calibration.height,
        distortion_model=calibration.distortion_model,
        **matrices,
    )


def from_camera_info(message: CameraInfo, camera_name: str) -> Calibration:
    """Read a message.

    Raises:
        CalibrationError: see Calibration.

    """
    matrices = {name: tuple(map(float, getattr(message, name))) for name in 'dkrp'}
    return Calibration(
        message.width,
        message.height,
        distortion_model=message.distortion_model,
        camera_name=camera_name,
        **matrices,
    )


class CameraInfoSubscription:
    """Keeps the newest message, and reads it only when `pinhole` is called.

    Args:
        node: owns the subscription.

    Attributes:
        frame_id: of the message that `pinhole` read last.

    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self.frame_id = ''
        self._newest: bytes | None = None
        self._known: Pinhole | None = None
        self._subscription = node.create_subscription(
            CameraInfo, 'camera_info', self._on_info, qos_profile_sensor_data, raw=True
        )

    def pinhole(self, *, rectified: bool) -> Pinhole:
        """Return the camera of the newest message, see `to_pinhole`.

        Raises:
            CalibrationError: nothing has arrived, or it is not calibrated.

        """
        topic = self._subscription.topic_name
        if self._newest is None:
            raise CalibrationError(
                f'no camera_info has arrived on {topic!r}; start the driver that publishes it, or '
                'give its topic (remap camera_info:=TOPIC)'
            )
        info = deserialize_message(self._newest, CameraInfo)
        self.frame_id = info.header.frame_id
        try:
            pinhole = to_pinhole(info, rectified=rectified)
        except CalibrationError as error:
            raise CalibrationError(f'camera_info on {topic!r}: {error}') from error
        if pinhole != self._known:  # The old one has its rays computed already.
            self._known = pinhole
        return self._known

    def destroy(self) -> None:
        """Destroy the subscription."""
        self._node.destroy_subscription(self._subscription)

    def _on_info(self, serialised: bytes) -> None:
        self._newest = serialised


def to_pinhole(info: CameraInfo, *, rectified: bool = False) -> Pinhole:
    """Read the calibration of the images that come with a CameraInfo, binning and ROI included.

    Args:
        info: as the driver sent it.
        rectified: the images are rectified: P is theirs, and there is no distortion.

    Raises:
        CalibrationError: see Pinhole; an uncalibrated driver sends zeros. A number of K, D, R or P
            that is not finite, or a stamp that is none.

    """
    check_finite(K=info.k, D=info.d, R=info.r, P=info.p)
    from_time(info.header.stamp, CalibrationError)
    p = list(info.p)
    k = [p[0], p[1], p[2], p[4], p[5], p[6], p[8], p[9], p[10]] if rectified else list(info.k)
    roi, columns, rows = info.roi, max(info.binning_x, 1), max(info.binning_y, 1)
    size = (roi.width or info.width) // columns, (roi.height or info.height) // rows
    return Pinhole.from_calibration(
        size,
        # K and P are those of the full sensor (sensor_msgs/CameraInfo).
        [
            *(k[0] / columns, k[1], (k[2] - roi.x_offset) / columns),
            *(k[3], k[4] / rows, (k[5] - roi.y_offset) / rows),
            *k[6:],
        ],
        '' if rectified else info.distortion_model,
        () if rectified else list(info.d),
    )
