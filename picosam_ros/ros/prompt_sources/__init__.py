"""Topics that bring prompts: a source is a module and a row of SOURCES."""

from __future__ import annotations

from collections.abc import Callable

from picosam_ros.ros.prompt_sources.clicked_point import ClickedPoint
from picosam_ros.ros.prompt_sources.context import PromptContext, PromptSource
from picosam_ros.ros.prompt_sources.detections import Detections
from picosam_ros.ros.prompt_sources.image_clicks import ImageClicks
from picosam_ros.ros.prompt_sources.prompt_topic import PromptTopic

__all__ = ['SOURCES', 'PromptContext', 'PromptSource']

# Each subscribes to its topics; those of a node are all open while it is configured.
SOURCES: tuple[Callable[[PromptContext], PromptSource], ...] = (
    ImageClicks,
    PromptTopic,
    ClickedPoint,
    Detections,
)
