"""A node in this process."""

import pytest
from helpers import harness
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from picosam_ros.ros import process
from picosam_ros.ros.guarded_node import GuardedNode


@pytest.fixture(scope='session', autouse=True)
def ros():
    with harness.ros():
        yield


@pytest.fixture
def node():
    node = Node('tested')
    yield node
    node.destroy_node()


@pytest.fixture
def serve(node):
    """Return a function that serves the node until a condition holds."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    yield lambda condition: harness.serve_until(executor, condition)
    executor.shutdown()


@pytest.fixture
def guarded():
    node = GuardedNode('guarded')
    yield node
    node.destroy_node()


@pytest.fixture(params=[process.make_executor, SingleThreadedExecutor], ids=['fast', 'single'])
def executor(request, guarded):
    made = request.param()
    made.add_node(guarded)
    yield made
    made.shutdown()


@pytest.fixture
def errors(guarded):
    """Return how many errors of callbacks the node has counted."""

    def count():
        shown = guarded.callback_faults.report().get('callbacks')
        return shown.values['errors'] if shown else 0

    return count
