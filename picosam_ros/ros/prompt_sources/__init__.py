"""Topics that bring prompts: a source is a module and a row of SOURCES."""

from __future__ import annotations

from collections.abc import Callable

from picosam_ros.ros.prompt_sources.clicked_point import ClickedPoint
from picosam_ros.ros.prompt_sources.context import PromptContext
from picosam_ros.ros.prompt_sources.detections import Detections
from picosam_ros.ros.prompt_sources.image_clicks import ImageClicks
from picosam_ros.ros.prompt_sources.prompt_topic import PromptTopic
from picosam_ros.ros.prompt_sources.shown_images import ShownImages

__all__ = ['SOURCES', 'PromptContext']

# Each subscribes to its topics through the context, and puts what they bring into the store.
SOURCES: tuple[Callable[[PromptContext], object], ...] = (
    ImageClicks,
    PromptTopic,
    ClickedPoint,
    Detections,
    ShownImages,
)
