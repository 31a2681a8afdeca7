"""The thread of the cloud node, which is in this process."""

import threading

import pytest
from helpers.harness import PATIENCE
from rclpy.lifecycle import TransitionCallbackReturn

from picosam_ros.nodes.cloud import CloudNode
from picosam_ros.ros.diagnostics import ERROR


@pytest.fixture
def cloud():
    node = CloudNode()
    for transition in (node.trigger_configure, node.trigger_activate):
        assert transition() == TransitionCallbackReturn.SUCCESS
    yield node
    node.trigger_shutdown()
    node.destroy_node()


def test_work_that_fails_is_an_error_and_counted_and_the_next_images_are_taken(cloud, monkeypatch):
    taken, camera = threading.Semaphore(0), cloud._inputs.camera

    def fail(**options):
        if threading.current_thread().name != 'picosam_worker':
            return camera(**options)
        taken.release()
        raise TypeError('of the thread')

    monkeypatch.setattr(cloud._inputs, 'camera', fail)
    for count in range(3):
        cloud._offer(None)
        assert taken.acquire(timeout=PATIENCE)
        # The error of the time before has been reported.
        status = cloud.report()['cloud']
        assert status.values.get('refused (TypeError)', 0) >= count
    assert (status.level, status.message) == (ERROR, 'TypeError: of the thread')
