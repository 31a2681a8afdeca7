import threading

import numpy as np
import pytest
from helpers.calibrated import CALIBRATION
from helpers.scripted import ScriptedCamera
from sensor_msgs.msg import Image

from picosam_ros.errors import CameraError, EndOfStream
from picosam_ros.frame import Frame
from picosam_ros.ros.camera.camera_publisher import CameraPublisher
from picosam_ros.ros.diagnostics import ERROR, OK, STALE, WARN
from picosam_ros.spatial.calibration import write_calibration

PATIENCE = 30.0


def frame(number):
    return Frame(np.full((4, 6, 3), number, np.uint8), stamp_ns=number, frame_id='lens')


@pytest.fixture
def camera():
    """Two frames, then the end."""
    camera = ScriptedCamera()
    for happens in (frame(1), frame(2), EndOfStream('through')):
        camera.script.put(happens)
    return camera


@pytest.fixture
def publish(node, camera):
    """Return a function that publishes all of the camera with the arguments of the publisher."""
    publishers = []

    def publish(deliver=lambda _: None, *arguments):
        publisher = CameraPublisher(node, camera, deliver, *arguments)
        publishers.append(publisher)
        publisher.open()
        publisher.start()
        publisher._reader._thread.join(PATIENCE)
        return publisher

    yield publish
    for publisher in publishers:
        publisher.stop()
        publisher.close()


@pytest.fixture
def images(node, monkeypatch):
    """Return the stamps of the images that are published, as if somebody subscribed."""
    create, stamps = node.create_publisher, []

    def record(kind, name, queue, **options):
        publisher = create(kind, name, queue, **options)
        if kind is Image:
            publisher.get_subscription_count = lambda: 1
            publisher.publish = lambda image: stamps.append(image.header.stamp.nanosec)
        return publisher

    monkeypatch.setattr(node, 'create_publisher', record)
    return stamps


def test_frames_are_delivered_and_published(publish, images):
    delivered = []
    publisher = publish(delivered.append)
    assert [frame.stamp_ns for frame in delivered] == images == [1, 2]
    status = publisher.status()
    assert (status.level, status.message) == (OK, 'through')
    assert (status.values['frames'], status.values['source']) == (2, 'a script')


def test_a_frame_that_cannot_be_delivered_is_published_all_the_same(publish, images):
    def refuse(_):
        raise TypeError('not an image')

    status = publish(refuse).status()
    assert images == [1, 2]
    assert (status.level, status.values['frames not delivered']) == (ERROR, 2)


def test_a_camera_that_is_away_is_an_error_with_the_time_of_the_next_try(node, monkeypatch):
    camera, told = ScriptedCamera(), threading.Event()
    publisher = CameraPublisher(node, camera, lambda _: None)
    assert publisher.status().level == STALE
    monkeypatch.setattr(camera, 'open', lambda: camera.script.put(CameraError('unplugged')))
    monkeypatch.setattr(publisher._reader._stopping, 'wait', lambda _: told.set())
    publisher.start()
    assert told.wait(PATIENCE)
    status = publisher.status()
    publisher.stop()
    publisher.close()
    assert status.level == ERROR
    assert status.message.startswith('unplugged; next try in ')


def test_a_calibration_of_another_size_is_a_warning_while_frames_flow(publish, tmp_path):
    path = tmp_path / 'front.yaml'
    write_calibration(CALIBRATION, path)
    status = publish(lambda _: None, str(path)).status()
    assert status.values['calibration'] == str(path)
    assert status.level == WARN
    assert 'is for 640×480 and the camera gives 6×4' in status.message
