"""A cloud node under test: a small camera before a scene whose points are known."""

import time

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from helpers.harness import Client
from nav_msgs.msg import OccupancyGrid
from rclpy.qos import qos_profile_system_default
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from picosam_ros.ros.messages import to_image, to_time
from picosam_ros.spatial.cloud import POINT
from picosam_ros.spatial.pinhole import Pinhole

WIDTH, HEIGHT, FOCAL = 64, 48, 50.0
CAMERA = Pinhole(WIDTH, HEIGHT, FOCAL, FOCAL, 31.5, 23.5)
FRAME = 'lens_optical'
# After so long what was shown counts as lost.
REPEAT_S = 0.5
TOPICS = {
    'cloud': PointCloud2,
    'aligned_cloud': PointCloud2,
    'pose': PoseStamped,
    'markers': MarkerArray,
    'grid': OccupancyGrid,
}


class CloudRig(Client):
    """Talks to one `cloud` through all of its topics."""

    def __init__(self, process):
        super().__init__(process)
        self._stamp_ns = self.node.get_clock().now().nanoseconds
        self.images = {
            name: self.publisher(Image, name, qos_profile_system_default)
            for name in ('label_mask', 'confidence', 'depth')
        }
        self.infos = self.publisher(CameraInfo, 'camera_info', qos_profile_system_default)
        self.inboxes = {
            topic: self.subscribe(kind, f'{process.name}/{topic}') for topic, kind in TOPICS.items()
        }
        self.diagnostics = self.subscribe(DiagnosticArray, '/diagnostics')

    def connect(self, *names):
        """Come back when the node listens to the named inputs, and is heard."""
        assert self.state() == 'active'
        publishers = [self.infos, *(self.images[name] for name in names)]
        self.wait_for(lambda: all(p.get_subscription_count() for p in publishers))
        self.wait_for(lambda: all(inbox.connected for inbox in self.inboxes.values()))
        self.known_to(self.process.name)

    def header(self, frame_id=FRAME, *, age_s=0.0):
        """Make one that was never used before."""
        self._stamp_ns = max(self._stamp_ns + 1, self.node.get_clock().now().nanoseconds)
        return Header(stamp=to_time(self._stamp_ns - round(1e9 * age_s)), frame_id=frame_id)

    def calibrate(self, focal=FOCAL, *, frame_id=FRAME, width=WIDTH, height=HEIGHT, **last):
        """Send a calibration; a focal length of zero is what uncalibrated cameras send.

        `last` replaces the last number of k, d, r or p.
        """
        k = [focal, 0.0, 31.5, 0.0, focal, 23.5, 0.0, 0.0, 1.0] if focal else [0.0] * 9
        info = CameraInfo(header=self.header(frame_id), width=width, height=height, k=k)
        info.distortion_model, info.d = 'plumb_bob', [0.0] * 5
        for name, value in last.items():
            getattr(info, name)[-1] = value
        self.infos.publish(info)

    def show(self, labels, depth=None, *, header=None, depth_header=None):
        """Publish the images of one moment and return their header."""
        header = header or self.header()
        self.images['label_mask'].publish(to_image(labels, 'mono8', header))
        self.images['confidence'].publish(to_image(np.full_like(labels, 99), 'mono8', header))
        if depth is not None:
            self.images['depth'].publish(depth_image(depth, depth_header or header))
        return header

    def shown(self, *arguments, condition=None, **settings):
        """Show it with the calibration until the condition holds; by default: its cloud came.

        It is shown again only where that takes long: a backlog would delay what a test shows next.
        """
        due, newest = 0.0, None

        def held():
            nonlocal due, newest
            if time.monotonic() >= due:
                due = time.monotonic() + REPEAT_S
                self.calibrate()
                newest = self.show(*arguments, **settings)
            if condition is not None:
                return condition()
            return any(cloud.header.stamp == newest.stamp for cloud in self.inboxes['cloud'])

        return self.wait_for(held)

    def received(self, topic, header):
        """Wait for the message that carries a header's stamp."""
        inbox = self.inboxes[topic]
        return self.wait_for(
            lambda: next((m for m in inbox if m.header.stamp == header.stamp), None)
        )

    def component(self, name, words, level=None):
        """Wait until /diagnostics says this of a part of the node; return the status."""
        full = f'{self.process.name.lstrip("/")}: {name}'

        def said():
            statuses = [s for array in self.diagnostics for s in array.status if s.name == full]
            fitting = (s for s in statuses if words in s.message and level in (None, s.level))
            return next(fitting, None)

        self.diagnostics.clear()
        return self.wait_for(said)


def depth_image(depth, header):
    """Make an Image of uint16 millimetres or float32 metres."""
    rows, columns = depth.shape
    encoding = {'uint16': '16UC1', 'float32': '32FC1'}[str(depth.dtype)]
    message = to_image(depth.view(np.uint8).reshape(rows, -1), encoding, header)
    message.width = columns
    return message


def points_of(cloud):
    """Give a message's points as an array of its height and width."""
    assert [field.name for field in cloud.fields] == list(POINT.names)
    assert (cloud.point_step, cloud.row_step) == (POINT.itemsize, POINT.itemsize * cloud.width)
    return np.frombuffer(cloud.data, POINT).reshape(cloud.height, cloud.width)


def square(object_id=5, *, rows=slice(10, 20), columns=slice(30, 50)):
    """Label a rectangle."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[rows, columns] = object_id
    return labels
