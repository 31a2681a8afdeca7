"""`camera_info_url` and `set_camera_info` of a camera that runs."""

from helpers.harness import Client, Process
from lifecycle_msgs.msg import Transition
from sensor_msgs.msg import CameraInfo, Image
from sensor_msgs.srv import SetCameraInfo

from picosam_ros.ros.camera.camera_info import to_camera_info
from picosam_ros.spatial.calibration import Calibration, read_calibration, write_calibration

# The camera of photographs gives 640×480.
CALIBRATION = Calibration(
    640,
    480,
    distortion_model='plumb_bob',
    d=(-0.2, 0.05, 0.0, 0.0, 0.0),
    k=(500.0, 0, 319.5, 0, 500.0, 239.5, 0, 0, 1),
    r=(1, 0, 0, 0, 1, 0, 0, 0, 1),
    p=(500.0, 0, 319.5, 0, 0, 500.0, 239.5, 0, 0, 0, 1, 0),
)
SETTINGS = {'camera': 'photos', 'rate': 20.0}
UNCALIBRATED = 'the camera is not calibrated'


def test_a_calibration_is_published_with_the_stamp_and_the_frame_of_the_image(tmp_path):
    path = tmp_path / 'front.yaml'
    write_calibration(CALIBRATION, path)
    with Process('camera', {**SETTINGS, 'camera_info_url': path}) as process:
        client = Client(process)
        images = client.subscribe(Image, 'image_raw')
        infos = client.subscribe(CameraInfo, 'camera_info')

        def of_one_frame():
            # Of the first frames each topic may lack some: one is discovered before the other.
            pairs = ((image, info) for image in images for info in infos)
            return next((pair for pair in pairs if pair[0].header == pair[1].header), None)

        image, info = client.wait_for(of_one_frame)
        assert tuple(info.k) == CALIBRATION.k
        assert tuple(info.d) == CALIBRATION.d
        assert (info.width, info.height) == (image.width, image.height)
        process.stop()
        assert UNCALIBRATED not in process.stderr
        client.close()


def test_a_camera_is_calibrated_while_it_runs_and_remembers_it(tmp_path):
    path = tmp_path / 'front.yaml'
    with Process('camera', {**SETTINGS, 'camera_info_url': path}) as process:
        client = Client(process)
        infos = client.subscribe(CameraInfo, 'camera_info')
        client.wait_for(lambda: infos)
        assert not infos[-1].k.any()
        service = f'{process.name}/set_camera_info'
        request = SetCameraInfo.Request(camera_info=CameraInfo(width=320, height=240))
        assert not client.call(SetCameraInfo, service, request).success
        request.camera_info = to_camera_info(CALIBRATION)
        response = client.call(SetCameraInfo, service, request)
        assert response.success, response.status_message
        client.wait_for(lambda: tuple(infos[-1].k) == CALIBRATION.k)
        assert read_calibration(path).k == CALIBRATION.k
        for transition in (
            Transition.TRANSITION_DEACTIVATE,
            Transition.TRANSITION_CLEANUP,
            Transition.TRANSITION_CONFIGURE,
        ):
            assert client.change(transition)
        infos.clear()
        assert client.change(Transition.TRANSITION_ACTIVATE)
        client.wait_for(lambda: infos)
        assert tuple(infos[-1].k) == CALIBRATION.k
        process.stop()
        assert process.stderr.count(UNCALIBRATED) == 1
        client.close()


def test_a_broken_calibration_is_one_sentence_and_exit_code_1(tmp_path):
    path = tmp_path / 'front.yaml'
    path.write_text('image_width: 640')
    with Process('camera', {**SETTINGS, 'camera_info_url': path}) as process:
        assert process.wait() == 1
        assert f'{str(path)!r} is no camera calibration: it lacks' in process.stderr
        assert 'Traceback' not in process.stderr
