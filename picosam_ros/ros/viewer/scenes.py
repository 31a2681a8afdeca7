"""Masks and statuses of messages as what browsers are shown."""

from __future__ import annotations

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus

from picosam_ros.msg import Mask, MaskArray, PromptStatus
from picosam_ros.results import Answer, State
from picosam_ros.roi import Roi
from picosam_ros.ros.messages import from_time
from picosam_ros.viewer.pairing import Masks
from picosam_ros.viewer.protocol import Component
from picosam_ros.viewer.scene import SceneMask


def to_masks(message: MaskArray) -> Masks:
    """All masks of one frame; their pixels stay where they are."""
    return Masks(
        from_time(message.header.stamp),
        tuple(_to_scene_mask(mask) for mask in message.masks),
        tuple(zip(message.unanswered, message.reasons, strict=False)),
    )


def _to_scene_mask(message: Mask) -> SceneMask:
    roi = message.roi
    return SceneMask(
        message.object_id,
        message.generation,
        message.engine,
        message.score,
        np.frombuffer(message.probability, np.uint8).reshape(message.height, message.width),
        Roi(roi.x, roi.y, roi.width, roi.height),
    )


def to_answer(message: PromptStatus) -> Answer:
    """What became of a prompt."""
    return Answer(message.object_id, State(message.state), message.reason, message.generation)


def to_component(status: DiagnosticStatus) -> Component:
    """One line of the diagnostics."""
    values = {value.key: value.value for value in status.values}
    return Component(status.name, status.level[0], status.message, values)
