"""Reads the messages that browsers send; docs/viewer.md has them as a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from picosam_ros.errors import PromptError, ViewerError
from picosam_ros.prompt import LAST_ID, Prompt
from picosam_ros.viewer import fields
from picosam_ros.viewer.requests import (
    Acknowledge,
    Clear,
    FullImage,
    NextScene,
    PreviewRequest,
    PromptRequest,
    Remove,
    Request,
    ShowCamera,
)

# A prompt is a few numbers; the page sends nothing longer.
MAX_MESSAGE_BYTES = 4096
# Of one prompt; a network proposes a handful of sizes.
_MAX_STEP = 127
# Of a search for everything, in seconds: the followed objects share the engine with it.
DEFAULT_BUDGET_S = 2.5
MAX_BUDGET_S = 10.0


def parse(text: str) -> Request:
    """Return a message of the page as a request.

    Raises:
        ViewerError: it is malformed.

    """
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ViewerError(f'message of {len(text)} characters is not JSON: {error}') from error
    if not isinstance(message, dict):
        raise ViewerError(f'message is a JSON {type(message).__name__}; send an object')
    kind = message.get('type')
    if not isinstance(kind, str) or kind not in _READERS:
        raise ViewerError(
            f'message type {fields.shown(kind)} is unknown; known types: {", ".join(_READERS)}'
        )
    return _READERS[kind](message)


def _acknowledge(message: Mapping[str, Any]) -> Acknowledge:
    return Acknowledge(
        fields.integer(message, 'number', fields.LARGEST), fields.flag(message, 'held', False)
    )


def _full(message: Mapping[str, Any]) -> FullImage:
    return FullImage(fields.integer(message, 'number', fields.LARGEST))


def _point(message: Mapping[str, Any]) -> PromptRequest:
    point, refine = fields.point(message), fields.flag(message, 'refine', False)
    return PromptRequest(
        fields.tag(message),
        fields.object_id(message),
        (point,),
        None,
        refine,
        fields.stamp_ns(message),
    )


def _box(message: Mapping[str, Any]) -> PromptRequest:
    box = fields.box(message)
    return PromptRequest(
        fields.tag(message), fields.object_id(message), (), box, False, fields.stamp_ns(message)
    )


def _size(message: Mapping[str, Any]) -> PromptRequest:
    step = fields.integer(message, 'step', 1, least=-1)
    object_id = fields.object_id(message, least=1)
    return PromptRequest(
        fields.tag(message), object_id, (), None, True, fields.stamp_ns(message), step
    )


def _set(message: Mapping[str, Any]) -> PromptRequest:
    object_id = fields.object_id(message)
    try:
        prompt = _prompt(message, object_id or 1)
    except PromptError as error:
        raise ViewerError(str(error)) from error
    stamp_ns, tag = fields.stamp_ns(message), fields.tag(message)
    return PromptRequest(
        tag, object_id, prompt.points, prompt.box, False, stamp_ns, prompt.size_step
    )


def _preview(message: Mapping[str, Any]) -> PreviewRequest:
    if fields.flag(message, 'everything', False):
        return _everything(message)
    prompts = message.get('prompts')
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= LAST_ID:
        raise ViewerError(
            f'prompts {fields.shown(prompts)} is invalid; send a list of 1 to {LAST_ID}'
        )
    try:
        given = tuple(_prompt(each, number) for number, each in enumerate(prompts, start=1))
    except PromptError as error:
        raise ViewerError(str(error)) from error
    return PreviewRequest(fields.tag(message), fields.stamp_ns(message), given)


def _everything(message: Mapping[str, Any]) -> PreviewRequest:
    if message.get('prompts', []) != []:
        raise ViewerError('prompts were given together with everything; send one of them')
    budget_s = fields.number({'budget': DEFAULT_BUDGET_S, **message}, 'budget')
    if not 0 < budget_s <= MAX_BUDGET_S:
        raise ViewerError(
            f'budget {budget_s:g} is invalid; send seconds above 0, up to {MAX_BUDGET_S:g}'
        )
    return PreviewRequest(fields.tag(message), fields.stamp_ns(message), budget_s=budget_s)


def _prompt(message: object, object_id: int) -> Prompt:
    if not isinstance(message, dict):
        raise ViewerError(f'prompt {fields.shown(message)} is invalid; send an object')
    points, box = message.get('points', []), message.get('box')
    if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
        raise ViewerError(f'points {fields.shown(points)} is invalid; send a list of objects')
    if not isinstance(box, dict | None):
        raise ViewerError(f'box {fields.shown(box)} is invalid; send an object or null')
    step = fields.integer({'step': 0, **message}, 'step', _MAX_STEP, least=-_MAX_STEP)
    return Prompt(
        tuple(map(fields.point, points)),
        None if box is None else fields.box(box),
        object_id,
        size_step=step,
    )


def _remove(message: Mapping[str, Any]) -> Remove:
    return Remove(fields.tag(message), fields.object_id(message, least=1))


def _clear(_: Mapping[str, Any]) -> Clear:
    return Clear()


def _next_scene(_: Mapping[str, Any]) -> NextScene:
    return NextScene()


def _show_camera(_: Mapping[str, Any]) -> ShowCamera:
    return ShowCamera()


_READERS: dict[str, Callable[[Mapping[str, Any]], Request]] = {
    'ack': _acknowledge,
    'full': _full,
    'point': _point,
    'box': _box,
    'size': _size,
    'remove': _remove,
    'clear': _clear,
    'preview': _preview,
    'next_scene': _next_scene,
    'show_camera': _show_camera,
    'set': _set,
}
