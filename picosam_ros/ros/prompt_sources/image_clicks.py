"""Clicks into an image: `prompt_point`, and what rqt_image_view sends."""

from __future__ import annotations

from geometry_msgs.msg import Point, PointStamped
from std_msgs.msg import Header

from picosam_ros.errors import PromptError
from picosam_ros.prompt import Prompt
from picosam_ros.ros.messages import from_time
from picosam_ros.ros.prompt_sources.context import PromptContext

# Of the object that a click without an id starts or replaces.
CLICKED_ID = 1


class ImageClicks:
    """`prompt_point`, `image_mouse_left` and `~/overlay_mouse_left`: one click, one object."""

    def __init__(self, context: PromptContext) -> None:
        self._context = context
        context.subscribe(PointStamped, 'prompt_point', self._on_point)
        context.subscribe(Point, 'image_mouse_left', self._on_click)
        context.subscribe(Point, '~/overlay_mouse_left', self._on_click)

    def _on_point(self, message: PointStamped) -> None:
        pixel, header = (message.point.x, message.point.y), message.header
        put_click(self._context, pixel, header, made_for=header)

    def _on_click(self, message: Point) -> None:
        put_click(self._context, (message.x, message.y))


def put_click(
    context: PromptContext,
    pixel: tuple[float, float],
    header: Header | None = None,
    *,
    made_for: Header | None = None,
) -> None:
    """Put a click into the store and publish the answer.

    Args:
        context: of the node.
        pixel: x and y.
        header: of the answer.
        made_for: header of the image that was clicked into; None for the next one.

    """
    store = context.store
    try:
        if header is not None:
            from_time(header.stamp, PromptError)
        prompt = Prompt.from_point(*pixel, object_id=CLICKED_ID, roi_size=context.roi_size())
        answer = store.put(prompt, context.find(made_for) if made_for is not None else None)
    except PromptError as error:
        answer = store.refuse(CLICKED_ID, str(error))
    context.publish(answer, header)
