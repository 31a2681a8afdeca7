"""The nodes that can join the process of `camera` or `segmenter`: `--with cloud,viewer`."""

from __future__ import annotations

from typing import Any

from picosam_ros.ros import process
from picosam_ros.ros.cloud import parameters as cloud
from picosam_ros.ros.composition import Companion, Wiring
from picosam_ros.ros.segmentation.node import SegmentationNode
from picosam_ros.ros.viewer import parameters as viewer

# Modules of nodes are imported where they are asked for: a camera alone needs no web server.


def _make_cloud(**options: Any) -> Any:
    from picosam_ros.nodes.cloud import CloudNode

    return CloudNode(**options)


def _make_viewer(**options: Any) -> Any:
    from picosam_ros.nodes.viewer import ViewerNode

    return ViewerNode(**options)


def _cloud_wiring(first: SegmentationNode) -> Wiring:
    topics = ('label_mask', 'confidence')
    return Wiring(remaps={topic: first.resolve_topic_name(f'~/{topic}') for topic in topics})


def _viewer_wiring(first: SegmentationNode) -> Wiring:
    return Wiring({'segmentation': first.get_name()}, {'image': first.local_image.name})


COMPANIONS = {
    'cloud': Companion(_make_cloud, cloud.PARAMETERS, _cloud_wiring, process.SENDS_IMAGES),
    'viewer': Companion(_make_viewer, viewer.PARAMETERS, _viewer_wiring, process.SENDS_MASKS),
}
