"""The messages between page and server; docs/viewer.md has them as a table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from picosam_ros.drawing.overlay import PALETTE
from picosam_ros.errors import PromptError, ViewerError
from picosam_ros.prompt import LAST_ID, Box, Point, Prompt
from picosam_ros.results import Answer
from picosam_ros.stages import TABLE
from picosam_ros.viewer import fields
from picosam_ros.viewer.frames import ImageMasks

VERSION = 1
# A prompt is a few numbers; the page sends nothing longer.
MAX_MESSAGE_BYTES = 4096
# Of one prompt; a network proposes a handful of sizes.
_MAX_STEP = 127
# Of a search for everything, in seconds: the followed objects share the engine with it.
DEFAULT_BUDGET_S = 2.5
MAX_BUDGET_S = 10.0


@dataclass(frozen=True)
class Acknowledge:
    """A frame is drawn; `held` if the user delayed it (page frozen or hidden)."""

    number: int
    held: bool


@dataclass(frozen=True)
class FullImage:
    """A frame that the page shows is wanted at full size."""

    number: int


@dataclass(frozen=True)
class PromptRequest:
    """Points, a box, or a step to another size.

    Attributes:
        tag: chosen by the page; the answer has the same.
        object_id: 0 for a new object.
        points, box: one of them is there, but for a step.
        refine: whether it is about the mask that the object has.
        stamp_ns: of the image that was clicked into; 0 for the newest.
        size_step: 1 for the next larger object, -1 for the next smaller one, and so on.

    """

    tag: int
    object_id: int
    points: tuple[Point, ...]
    box: Box | None
    refine: bool
    stamp_ns: int
    size_step: int = 0

    def with_object_id(self, object_id: int) -> PromptRequest:
        """Return a copy for an object with an id."""
        return replace(self, object_id=object_id)


@dataclass(frozen=True)
class Remove:
    """An object is to be removed; `tag` as in PromptRequest."""

    tag: int
    object_id: int


@dataclass(frozen=True)
class Clear:
    """All objects are to be removed."""


@dataclass(frozen=True)
class PreviewRequest:
    """Masks on one image are asked for, of prompts or of all things; no object begins or changes.

    Attributes:
        tag: chosen by the page; the answer has the same.
        stamp_ns: of the image; it has to be one that is kept.
        prompts: their object ids are their places in the message, from 1 on; none where all things
            are looked for.
        budget_s: for how long these are looked for, in seconds; 0 where prompts are answered.

    """

    tag: int
    stamp_ns: int
    prompts: tuple[Prompt, ...] = ()
    budget_s: float = 0.0

    @property
    def everything(self) -> bool:
        """Whether all things are looked for."""
        return self.budget_s > 0


@dataclass(frozen=True)
class NextScene:
    """The camera is to show the next of its scenes."""


Request = Acknowledge | FullImage | PromptRequest | Remove | Clear | PreviewRequest | NextScene


@dataclass(frozen=True)
class Component:
    """One status of `/diagnostics`; `level` is 0 ok, 1 warn, 2 error, 3 stale."""

    name: str
    level: int
    message: str
    values: Mapping[str, str]


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
    'set': _set,
}


def hello(name: str, *, title: str, prompt_topic: str) -> str:
    """Return the first message: the node's name, the colours of objects by id, and the stages.

    `prompt_topic` is where prompts are published; empty without ROS.
    """
    return _text(
        'hello',
        version=VERSION,
        node=name,
        title=title,
        palette=PALETTE,
        stages=[asdict(stage) for stage in TABLE],
        prompt_topic=prompt_topic,
    )


def scenes(*, several: bool) -> str:
    """Return whether the camera has several scenes, so that the page can ask for the next one."""
    return _text('scenes', several=several)


def answer(reply: Answer, tag: int | None) -> str:
    """Return the answer to a prompt; `tag` for its sender, None for the other pages."""
    return _text(
        'answer',
        tag=tag,
        object=reply.object_id,
        state=reply.state.name.lower(),
        generation=reply.generation,
        reason=reply.reason,
    )


def notice(text: str, tag: int | None = None) -> str:
    """Return a text for the user, about the prompt with the tag if one is given."""
    return _text('notice', tag=tag, text=text)


def preview(tag: int, masks: ImageMasks, reason: str = '') -> str:
    """Return the masks that were asked for; `reason` why there are none, empty if there are."""
    return _text(
        'preview',
        tag=tag,
        stamp=str(masks.stamp_ns),
        masks=masks.described(),
        unanswered=[{'object': i, 'reason': why} for i, why in masks.unanswered],
        asked=masks.asked,
        planned=masks.planned,
        reason=reason,
    )


def late(masks: ImageMasks) -> str:
    """Return masks that came after their image was sent."""
    return _text('late', stamp=str(masks.stamp_ns), masks=masks.described())


def gone(number: int) -> str:
    """Return that a frame is not to be had at full size."""
    return _text('gone', number=number)


def statistics(stages: Mapping[str, float], *, rate: float, skipped: float) -> str:
    """Return means of the stages in milliseconds, and results and skipped images per second."""
    rounded = {stage: round(value, 3) for stage, value in stages.items()}
    return _text('statistics', stages=rounded, rate=round(rate, 2), skipped=round(skipped, 2))


def diagnostics(components: list[Component]) -> str:
    """Return the status of every component."""
    statuses = [
        {'name': c.name, 'level': c.level, 'message': c.message, 'values': dict(c.values)}
        for c in components
    ]
    return _text('diagnostics', components=statuses)


def link(*, round_trip_s: float, side: int, quality: int, clients: int) -> str:
    """Return the state of a page's connection; NaN before the first round trip."""
    round_trip_ms = None if math.isnan(round_trip_s) else round(1e3 * round_trip_s, 1)
    return _text('link', round_trip_ms=round_trip_ms, side=side, quality=quality, clients=clients)


def _text(kind: str, **content: Any) -> str:
    return json.dumps({'type': kind, **content}, separators=(',', ':'), ensure_ascii=False)
