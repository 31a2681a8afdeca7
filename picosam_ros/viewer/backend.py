"""The segmentation node that a hub shows: a camera of this process, or a node of ROS."""

from __future__ import annotations

from typing import Protocol

from picosam_ros.viewer.requests import PreviewRequest, PromptRequest


class Backend(Protocol):
    """The segmentation node as browsers use it; called on the server's event loop."""

    def send_prompt(self, request: PromptRequest) -> None:
        """Send a prompt; its object id is not 0."""

    def remove_object(self, object_id: int) -> None:
        """Remove an object."""

    def clear_objects(self) -> None:
        """Remove all objects."""

    def preview(self, number: int, request: PreviewRequest) -> None:
        """Answer prompts on an image that is kept, and touch no object.

        Hub.answer_preview is called with the number on the server's event loop, once and at some
        time.
        """

    def keep(self, stamp_ns: int) -> None:
        """A browser shows the image of a stamp: it is to be kept for a click for another second."""

    def set_streaming(self, enabled: bool) -> None:
        """Start to deliver frames, as the first browser connected, or stop after the last."""
