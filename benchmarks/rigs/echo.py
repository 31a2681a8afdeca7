"""A node that sends back what it receives: `python -m benchmarks.rigs.echo TOPIC`."""

from __future__ import annotations

import sys

import rclpy
from rclpy.node import Node
from std_msgs.msg import UInt32

from picosam_ros.ros import process

QUEUE = 10


def main() -> int:
    """Serve until the process is ended; a line on stdout tells that it is there."""
    topic = sys.argv[1]
    process.use_shipped_profile(process.SENDS_MASKS)
    rclpy.init()
    node = Node(f'echo_{topic}')
    answers = node.create_publisher(UInt32, f'{topic}/answer', QUEUE)
    node.create_subscription(UInt32, topic, answers.publish, QUEUE)
    executor = process.make_executor()
    executor.add_node(node)
    print('ready', flush=True)
    process.spin(executor, on_error=lambda error: print(error, file=sys.stderr))
    return 0


if __name__ == '__main__':
    sys.exit(main())
