import numpy as np
import pytest
from helpers.calibrated import CALIBRATION
from helpers.harness import serve_until
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CameraInfo
from sensor_msgs.srv import SetCameraInfo

from picosam_ros.errors import CalibrationError
from picosam_ros.frame import Frame
from picosam_ros.ros.camera.camera_info import (
    CameraInfoPublisher,
    from_camera_info,
    to_camera_info,
)
from picosam_ros.spatial.calibration import read_calibration, write_calibration


def frame(width=640, height=480):
    return Frame(np.zeros((height, width, 3), np.uint8), stamp_ns=1_000_000_007, frame_id='lens')


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'front.yaml'
    write_calibration(CALIBRATION, path)
    return path


class Heard(list):
    """What is published on `camera_info`, by a topic made from a URL."""

    def __init__(self, node, url=''):
        super().__init__()
        self.topic = CameraInfoPublisher(node, str(url))
        node.create_subscription(CameraInfo, 'camera_info', self.append, 10)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        publisher = self.topic._publisher
        serve_until(self._executor, publisher.get_subscription_count)

    def after(self, frame):
        """Publish for a frame; return the message."""
        count = len(self)
        self.topic.publish(frame)
        serve_until(self._executor, lambda: len(self) > count)
        return self[-1]

    def set(self, message):
        request = SetCameraInfo.Request(camera_info=message)
        return self.topic._on_set(request, SetCameraInfo.Response())


def test_without_a_file_there_are_zeros_of_the_frames_size_under_its_header(node):
    heard = Heard(node)
    message = heard.after(frame())
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (1, 7)
    assert message.header.frame_id == 'lens'
    assert (message.width, message.height) == (640, 480)
    assert not message.k.any()
    assert not message.p.any()
    assert not message.d
    assert heard.topic.state == 'none'


def test_a_file_is_published_number_by_number(node, file):
    message = Heard(node, file).after(frame())
    assert message.distortion_model == 'plumb_bob'
    for name in 'dkrp':
        assert tuple(getattr(message, name)) == getattr(CALIBRATION, name)
    assert (message.width, message.height, message.header.frame_id) == (640, 480, 'lens')


def test_a_calibration_of_another_size_is_told_and_not_published(node, file):
    heard = Heard(node, file)
    message = heard.after(frame(320, 240))
    assert not message.k.any()
    assert (message.width, message.height) == (320, 240)
    assert 'is for 640×480 and the camera gives 320×240' in heard.topic.complaint
    assert heard.after(frame()).k.any()
    assert not heard.topic.complaint


def test_what_is_set_is_used_from_then_on(node):
    heard = Heard(node)
    response = heard.set(to_camera_info(CALIBRATION))
    assert response.success
    assert 'kept until the node is cleaned up' in response.status_message
    assert tuple(heard.after(frame()).k) == CALIBRATION.k
    assert heard.topic.state == 'of this session'


def test_what_is_set_is_written_to_a_file_that_did_not_exist_yet(node, tmp_path):
    path = tmp_path / 'new' / 'front.yaml'
    heard = Heard(node, path)
    assert heard.set(to_camera_info(CALIBRATION)).success
    written = read_calibration(path)
    assert written.camera_name == node.get_name()
    assert (written.k, written.d, written.p) == (CALIBRATION.k, CALIBRATION.d, CALIBRATION.p)


def test_what_does_not_fit_the_pictures_is_refused_and_not_written(node, tmp_path):
    path = tmp_path / 'front.yaml'
    heard = Heard(node, path)
    heard.after(frame(320, 240))
    response = heard.set(to_camera_info(CALIBRATION))
    assert not response.success
    assert '320×240' in response.status_message
    assert not path.exists()


def test_zeros_are_no_calibration_and_the_old_one_stays(node, file):
    heard = Heard(node, file)
    response = heard.set(CameraInfo(width=640, height=480))
    assert not response.success
    assert 'both must be above 0' in response.status_message
    assert tuple(heard.after(frame()).k) == CALIBRATION.k


def test_a_file_that_is_not_there_is_named_and_stays_told_until_it_is_written(node, tmp_path):
    path = tmp_path / 'typo.yaml'
    heard = Heard(node, path)
    assert f"camera_info_url is '{path}', and there is no file '{path}'" in heard.topic.complaint
    assert '${ROS_HOME}' in heard.topic.complaint
    assert not heard.after(frame()).k.any()
    with pytest.raises(CalibrationError, match=r'typo\.yaml'):
        heard.topic.known()
    assert heard.set(to_camera_info(CALIBRATION)).success
    assert not heard.topic.complaint


@pytest.mark.parametrize(
    ('fields', 'told'),
    [
        ({'d': [float('nan')] * 5}, 'not finite'),
        ({'p': [float('inf')] * 12}, 'not finite'),
        ({'r': [float('nan')] * 9}, 'not finite'),
        ({'d': [0.1] * 3}, "'plumb_bob' takes 4 or 5"),
        ({'distortion_model': 'fish'}, "'fish' was given; known are"),
        ({'width': 2**32 - 1}, 'allowed are 1 to 65535'),
    ],
)
def test_what_no_camera_has_is_refused_and_the_good_file_stays(node, file, fields, told):
    heard, before = Heard(node, file), file.read_bytes()
    message = to_camera_info(CALIBRATION)
    for name, value in fields.items():
        setattr(message, name, value)
    response = heard.set(message)
    assert not response.success
    assert told in response.status_message
    assert file.read_bytes() == before
    assert tuple(heard.after(frame()).d) == CALIBRATION.d


def test_a_link_in_place_of_the_file_is_told_in_the_answer(node, file, tmp_path):
    link = tmp_path / 'link.yaml'
    link.symlink_to(file)
    heard, before = Heard(node, link), file.read_bytes()
    response = heard.set(to_camera_info(CALIBRATION))
    assert not response.success
    assert 'it is a symbolic link to' in response.status_message
    assert (link.is_symlink(), file.read_bytes()) == (True, before)


def test_a_folder_that_is_in_the_way_is_told_in_the_answer(node, tmp_path):
    path = tmp_path / 'front.yaml'
    heard = Heard(node, path)
    path.mkdir()
    response = heard.set(to_camera_info(CALIBRATION))
    assert not response.success
    assert 'it is a folder or a device, not a file; set camera_info_url' in response.status_message


def test_a_broken_file_is_refused_at_once(node, tmp_path):
    path = tmp_path / 'broken.yaml'
    path.write_text('image_width: 640')
    with pytest.raises(CalibrationError, match='it lacks'):
        CameraInfoPublisher(node, str(path))


def test_messages_are_read_as_they_are_written():
    assert from_camera_info(to_camera_info(CALIBRATION), 'front') == CALIBRATION
