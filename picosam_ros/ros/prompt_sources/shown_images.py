"""`shown` (std_msgs/Header): an image that somebody looks at, and may click into."""

from __future__ import annotations

from std_msgs.msg import Header

from picosam_ros.ros.messages import from_time
from picosam_ros.ros.prompt_sources.context import PromptContext
from picosam_ros.ros.shown_qos import SHOWN_QOS


class ShownImages:
    """Keeps the images that are shown, so that late clicks are answered on them."""

    def __init__(self, context: PromptContext) -> None:
        self._recent = context.recent
        node = context.node
        subscription = node.create_subscription(Header, 'shown', self._on_shown, SHOWN_QOS)
        context.at_end(node.destroy_subscription, subscription)

    def _on_shown(self, header: Header) -> None:
        self._recent.keep(from_time(header.stamp))
