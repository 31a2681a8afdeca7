"""Clicks into the world: a point of a 3-D frame becomes the pixel that sees it."""

from __future__ import annotations

import math
import time
from collections import deque

from geometry_msgs.msg import PointStamped
from rclpy.clock import Clock, ClockType

from picosam_ros.errors import CalibrationError, PromptError
from picosam_ros.frame import Frame
from picosam_ros.ros.prompt_sources.context import PromptContext
from picosam_ros.ros.prompt_sources.image_clicks import CLICKED_ID, put_click
from picosam_ros.ros.transforms import TransformMissingError, Transforms, Vector
from picosam_ros.spatial.pinhole import Pinhole

# How long a click waits for TF, which is listened to from the first click on, and how often it
# looks, in seconds.
TF_TIMEOUT_S = 2.0
_PERIOD = 0.05

Pixel = tuple[float, float]


class ClickedPoint:
    """`clicked_point`, as RViz's tool publishes it; the newest TF holds, whatever the stamp."""

    def __init__(self, context: PromptContext) -> None:
        self._context = context
        self._transforms = Transforms(context.node)
        self._waiting: deque[tuple[PointStamped, float]] = deque()
        context.subscribe(PointStamped, 'clicked_point', self._on_click)
        # Clicks are answered in the executor's thread, the only one that may subscribe to TF. Not
        # the node's clock: a simulated one may stand still.
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = context.node.create_timer(_PERIOD, self._on_timer, clock=clock)
        context.at_end(self._transforms.destroy)
        context.at_end(context.node.destroy_timer, self._timer)

    def _on_click(self, message: PointStamped) -> None:
        self._waiting.append((message, time.monotonic() + TF_TIMEOUT_S))

    def _on_timer(self) -> None:
        now = time.monotonic()
        for _ in range(len(self._waiting)):
            # Taken out first: a click that raises is not tried for ever.
            message, deadline = self._waiting.popleft()
            if not self._answer(message, last=now > deadline):
                self._waiting.append((message, deadline))

    def _answer(self, message: PointStamped, *, last: bool) -> bool:
        """Answer a click; return False if TF does not know yet and this is not the last try."""
        context = self._context
        try:
            put_click(context, self._pixel(message), message.header)
            return True
        except TransformMissingError as error:
            if not last:
                return False
            answer = context.store.refuse(CLICKED_ID, str(error))
        except (PromptError, CalibrationError) as error:
            answer = context.store.refuse(CLICKED_ID, str(error))
        context.publish(answer, message.header)
        return True

    def _pixel(self, message: PointStamped) -> Pixel:
        frame, source = self._context.recent.newest, message.header.frame_id
        point = (message.point.x, message.point.y, message.point.z)
        if frame is None:
            raise PromptError(
                'no image has arrived yet, so no pixel sees the point; '
                'click again once the first image is there'
            )
        if not (source and frame.frame_id):
            raise PromptError(
                f'the point is in frame {source!r}, the images are in {frame.frame_id!r}; '
                'both need a name, that of a TF frame'
            )
        if not all(math.isfinite(value) for value in point):
            raise PromptError(f'point {_shown(point)} was given; its numbers must be finite')
        camera = self._context.calibration()
        _check_size(camera, frame)
        seen = self._moved(point, source, frame.frame_id)
        return project(camera, seen, f'point {_shown(point)} of frame {source!r}')

    def _moved(self, point: Vector, source: str, target: str) -> Vector:
        try:
            return self._transforms.move(point, source, target)
        except CalibrationError as error:
            reason = f'the point is in frame {source!r}, the images are in {target!r}: {error}'
            raise type(error)(reason) from error


def project(camera: Pinhole, point: Vector, name: str) -> Pixel:
    """Return the pixel that sees a point of the camera's optical frame, in metres.

    Raises:
        PromptError: none does: it is behind the camera or outside of the image.

    """
    if point[2] <= 0:
        raise PromptError(
            f'{name} is behind the camera: {point[2]:g} m along its axis; '
            'click on something that the camera sees'
        )
    pixels = camera.project(point)
    if not camera.sees(pixels)[0]:
        beyond = math.isnan(pixels[0][0])
        where = 'far to the side' if beyond else f'at ({pixels[0][0]:.1f}, {pixels[0][1]:.1f})'
        raise PromptError(
            f'{name} is outside of the {camera.width}×{camera.height} image, {where}; '
            'click on something that the camera sees'
        )
    return float(pixels[0][0]), float(pixels[0][1])


def _check_size(camera: Pinhole, frame: Frame) -> None:
    if (camera.width, camera.height) != (frame.width, frame.height):
        raise PromptError(
            f'camera_info is for {camera.width}×{camera.height} pixels, and the images have '
            f'{frame.width}×{frame.height}; give the camera_info that belongs to the images '
            '(remap camera_info:=TOPIC)'
        )


def _shown(point: Vector) -> str:
    return f'({point[0]:g}, {point[1]:g}, {point[2]:g})'
