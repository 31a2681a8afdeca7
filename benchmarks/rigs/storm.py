"""What comes to a node all the time: images at 30 Hz, prompts and answers to prompts at 200/s.

python -m benchmarks.rigs.storm NAMESPACE
"""

from __future__ import annotations

import sys
import threading
import time
from array import array

import numpy as np
import rclpy
from rclpy.node import Node
from std_msgs.msg import Header

from picosam_ros.msg import Point2D, Prompt, PromptStatus
from picosam_ros.ros import process
from picosam_ros.ros.messages import to_image
from picosam_ros.ros.start import init_ros
from picosam_ros.signals import on_ending

from sensor_msgs.msg import CameraInfo, Image  # isort: skip
from geometry_msgs.msg import Point, PointStamped  # isort: skip

WIDTH, HEIGHT, FOCAL = 320, 240, 300.0
PROMPTS_PER_S, PROMPTS_PER_IMAGE = 200, 7
QUEUE = 1000


class Storm(Node):
    """Publishes on every topic that a node of this package listens to."""

    def __init__(self, namespace: str) -> None:
        super().__init__('storm', namespace=namespace)
        self._images = {
            name: self.create_publisher(Image, name, 10)
            for name in ('image', 'label_mask', 'confidence', 'depth')
        }
        self._info = self.create_publisher(CameraInfo, 'camera_info', 10)
        self._prompts = self.create_publisher(Prompt, 'prompt', QUEUE)
        self._points = self.create_publisher(PointStamped, 'prompt_point', QUEUE)
        self._clicks = self.create_publisher(Point, 'image_mouse_left', QUEUE)
        self._clicked = self.create_publisher(PointStamped, 'clicked_point', QUEUE)
        self._statuses = [
            self.create_publisher(PromptStatus, f'{node}/prompt_status', QUEUE)
            for node in ('segmenter', 'camera')
        ]
        yy, xx = np.mgrid[:HEIGHT, :WIDTH]
        disc = np.hypot(xx - WIDTH / 2, yy - HEIGHT / 2) < HEIGHT / 5
        self._pixels = np.where(disc[..., None], (250, 40, 30), (20, 90, 160)).astype(np.uint8)
        self._labels = disc.astype(np.uint8)
        self._depth = Image(width=WIDTH, height=HEIGHT, encoding='32FC1', step=4 * WIDTH)
        self._depth.data = array('B', np.ones((HEIGHT, WIDTH), np.float32).tobytes())
        self._sent = 0

    def show(self) -> None:
        """Publish one image of each kind."""
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id='camera')
        self._images['image'].publish(to_image(self._pixels, 'rgb8', header))
        self._images['label_mask'].publish(to_image(self._labels, 'mono8', header))
        self._images['confidence'].publish(to_image(255 * self._labels, 'mono8', header))
        self._depth.header = header
        self._images['depth'].publish(self._depth)
        k = [FOCAL, 0.0, WIDTH / 2, 0.0, FOCAL, HEIGHT / 2, 0.0, 0.0, 1.0]
        p = [*k[:3], 0.0, *k[3:6], 0.0, *k[6:], 0.0]
        info = CameraInfo(header=header, width=WIDTH, height=HEIGHT, k=k, p=p)
        info.distortion_model, info.d = 'plumb_bob', [0.0] * 5
        self._info.publish(info)

    def ask(self) -> None:
        """Publish one prompt, of one kind after the other, and one answer."""
        self._sent += 1
        x, y = WIDTH / 2, HEIGHT / 2
        if self._sent % 10 == 0:
            self._points.publish(PointStamped(point=Point(x=x, y=y)))
        elif self._sent % 10 == 1:
            self._clicks.publish(Point(x=x, y=y))
        elif self._sent % 10 == 2:
            header = Header(frame_id='camera')
            self._clicked.publish(PointStamped(header=header, point=Point(x=0.0, y=0.0, z=1.0)))
        else:
            points = [Point2D(x=x, y=y)]
            self._prompts.publish(Prompt(object_id=3 + self._sent % 3, points=points, roi_size=96))
        for statuses in self._statuses:
            statuses.publish(PromptStatus(object_id=3))


def main() -> None:
    """Publish until it is ended."""
    stopped = threading.Event()
    on_ending(stopped.set)
    process.prepare()
    init_ros([])
    storm = Storm(sys.argv[1])
    begun, sent = time.monotonic(), 0
    while not stopped.is_set():
        if sent % PROMPTS_PER_IMAGE == 0:
            storm.show()
        storm.ask()
        sent += 1
        stopped.wait(max(begun + sent / PROMPTS_PER_S - time.monotonic(), 0.0))
    storm.destroy_node()
    rclpy.shutdown()


if __name__ == '__main__':
    main()
