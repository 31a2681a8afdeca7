"""A node in this process."""

import pytest
from helpers import harness
from rclpy.node import Node


@pytest.fixture(scope='session', autouse=True)
def ros():
    with harness.ros():
        yield


@pytest.fixture
def node():
    node = Node('tested')
    yield node
    node.destroy_node()
