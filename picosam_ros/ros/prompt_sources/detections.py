"""Boxes of any detector as prompts."""

from __future__ import annotations

import os
from typing import Any

from rclpy.node import Node
from std_msgs.msg import Header

from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.prompt import Box, Prompt
from picosam_ros.prompts.box_ids import BoxIds
from picosam_ros.prompts.detected import to_box
from picosam_ros.results import Answer
from picosam_ros.ros.prompt_sources.context import PromptContext


class Detections:
    """`detections` (vision_msgs/Detection2DArray), where vision_msgs is installed.

    The boxes of the newest array replace those of the ones before; prompts of other sources stay,
    unless a box has their id.
    """

    def __init__(self, context: PromptContext) -> None:
        self._context = context
        self._ids = BoxIds()
        self._generations: dict[int, int] = {}
        kind = _message_type(context.node)
        if kind is not None:
            context.subscribe(kind, 'detections', self._on_array)

    def _on_array(self, message: Any) -> None:
        header = message.header
        boxes = [to_box(detection.bbox) for detection in message.detections]
        names = [detection.id for detection in message.detections]
        ids = self._ids.assign(names, boxes, self._others())
        try:
            made_for = self._context.find(header)
        except PromptError as error:
            for object_id in ids:
                self._context.publish(self._context.store.refuse(object_id, str(error)), header)
            return
        self._end_all_but(ids, header)
        for index, (object_id, name, box) in enumerate(zip(ids, names, boxes, strict=True)):
            problem = _problem(name, object_id, ids[:index])
            answer = self._put(object_id, box, made_for, problem)
            if answer.generation:
                self._generations[object_id] = answer.generation
            self._context.publish(answer, header)

    def _put(self, object_id: int, box: Box, made_for: Frame | None, problem: str) -> Answer:
        store = self._context.store
        try:
            if problem:
                raise PromptError(problem)
            return store.put(Prompt((), box, object_id, self._context.roi_size()), made_for)
        except PromptError as error:
            return store.refuse(object_id, str(error))

    def _others(self) -> set[int]:
        """Return the ids of prompts that came from other sources."""
        return {
            prompt.object_id
            for prompt in self._context.store.active
            if self._generations.get(prompt.object_id) != prompt.generation
        }

    def _end_all_but(self, ids: tuple[int, ...], header: Header) -> None:
        for object_id in [known for known in self._generations if known not in ids]:
            generation = self._generations.pop(object_id)
            reason = 'the newest array of detections does not have it'
            if lost := self._context.store.end(object_id, generation, reason):
                self._context.publish(lost, header)


def _problem(name: str, object_id: int, before: tuple[int, ...]) -> str:
    if not object_id:
        return f'detection {name!r} finds no free id: all of 1 to 254 are used; remove objects'
    if object_id in before:
        return f'id {name!r} is twice in this array; give each detection its own, or none'
    return ''


def _message_type(node: Node) -> Any:
    try:
        from vision_msgs.msg import Detection2DArray
    except ImportError as error:
        release = os.environ.get('ROS_DISTRO', 'jazzy')
        node.get_logger().info(
            f'no boxes on `detections`: vision_msgs cannot be imported ({error}); install it '
            f'where you need them: sudo apt install ros-{release}-vision-msgs'
        )
        return None
    return Detection2DArray
