"""The messages between page and server; docs/viewer.md has them as a table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from picosam_ros.drawing.overlay import PALETTE
from picosam_ros.errors import ViewerError
from picosam_ros.prompt import LAST_ID, Box, Point
from picosam_ros.results import Answer

VERSION = 1
# A prompt is a few numbers; the page sends nothing longer.
MAX_MESSAGE_BYTES = 4096
_LARGEST = 2**53


@dataclass(frozen=True)
class Acknowledge:
    """A frame is drawn; `held` if the user delayed it (page frozen or hidden)."""

    number: int
    held: bool


@dataclass(frozen=True)
class PromptRequest:
    """A point, a box, or a step to another size.

    Attributes:
        tag: chosen by the page; the answer has the same.
        object_id: 0 for a new object.
        point, box: one of them is not None, but for a step.
        refine: whether it is about the mask that the object has.
        stamp_ns: of the image that was clicked into; 0 for the newest.
        size_step: 1 for the next larger object, -1 for the next smaller one; else 0.

    """

    tag: int
    object_id: int
    point: Point | None
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


Request = Acknowledge | PromptRequest | Remove | Clear


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
            f'message type {_shown(kind)} is unknown; known types: {", ".join(_READERS)}'
        )
    return _READERS[kind](message)


def _acknowledge(message: Mapping[str, Any]) -> Acknowledge:
    return Acknowledge(_integer(message, 'number', _LARGEST), _flag(message, 'held', False))


def _point(message: Mapping[str, Any]) -> PromptRequest:
    positive, refine = _flag(message, 'positive', True), _flag(message, 'refine', False)
    point = Point(_number(message, 'x'), _number(message, 'y'), positive)
    return PromptRequest(
        _tag(message), _object_id(message), point, None, refine, _stamp_ns(message)
    )


def _box(message: Mapping[str, Any]) -> PromptRequest:
    box = Box(*(_number(message, name) for name in ('x0', 'y0', 'x1', 'y1')))
    return PromptRequest(_tag(message), _object_id(message), None, box, False, _stamp_ns(message))


def _size(message: Mapping[str, Any]) -> PromptRequest:
    step = _integer(message, 'step', 1, least=-1)
    object_id = _object_id(message, least=1)
    return PromptRequest(_tag(message), object_id, None, None, True, _stamp_ns(message), step)


def _remove(message: Mapping[str, Any]) -> Remove:
    return Remove(_tag(message), _object_id(message, least=1))


def _clear(_: Mapping[str, Any]) -> Clear:
    return Clear()


_READERS: dict[str, Callable[[Mapping[str, Any]], Request]] = {
    'ack': _acknowledge,
    'point': _point,
    'box': _box,
    'size': _size,
    'remove': _remove,
    'clear': _clear,
}


def _tag(message: Mapping[str, Any]) -> int:
    return _integer(message, 'tag', _LARGEST)


def _object_id(message: Mapping[str, Any], least: int = 0) -> int:
    return _integer({'object': 0, **message}, 'object', LAST_ID, least)


def _stamp_ns(message: Mapping[str, Any]) -> int:
    stamp = message.get('stamp', '0')
    # Nanoseconds since 1970 have 19 digits, and a ROS stamp overflows before they have more.
    if not (isinstance(stamp, str) and stamp.isascii() and stamp.isdigit() and len(stamp) <= 19):
        raise ViewerError(f'stamp {_shown(stamp)} is invalid; send a string of up to 19 digits')
    if int(stamp) >= 2**31 * 1_000_000_000:
        raise ViewerError(f'stamp {stamp} is too large; its seconds end at {2**31 - 1}')
    return int(stamp)


def _flag(message: Mapping[str, Any], name: str, default: bool) -> bool:
    value = message.get(name, default)
    if not isinstance(value, bool):
        raise ViewerError(f'{name} {_shown(value)} is invalid; send true or false')
    return value


def _integer(message: Mapping[str, Any], name: str, largest: int, least: int = 0) -> int:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= largest:
        raise ViewerError(
            f'{name} {_shown(value)} is invalid; send an integer from {least} to {largest}'
        )
    return value


def _number(message: Mapping[str, Any], name: str) -> float:
    value = message.get(name)
    finite = isinstance(value, int | float) and abs(value) < _LARGEST and math.isfinite(value)
    if isinstance(value, bool) or not finite:
        raise ViewerError(f'{name} {_shown(value)} is invalid; send a finite number')
    return float(value)  # type: ignore[arg-type]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def hello(name: str, *, title: str) -> str:
    """Return the first message: the node's name, and the colours of objects by id."""
    return _text('hello', version=VERSION, node=name, title=title, palette=PALETTE)


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


def statistics(stages: Mapping[str, float], *, rate: float, dropped: int) -> str:
    """Return medians of the stages in milliseconds, results per second, and dropped images."""
    rounded = {stage: round(value, 3) for stage, value in stages.items()}
    return _text('statistics', stages=rounded, rate=round(rate, 2), dropped=dropped)


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


def _text(kind: str, **fields: Any) -> str:
    return json.dumps({'type': kind, **fields}, separators=(',', ':'), ensure_ascii=False)
