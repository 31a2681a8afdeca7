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
# A prompt is a few numbers; what is longer is no message of the page.
MAX_MESSAGE_BYTES = 4096
_LARGEST = 2**53


@dataclass(frozen=True)
class Acknowledge:
    """The page has drawn a scene; `held` tells that the user kept it waiting (frozen, hidden)."""

    number: int
    held: bool


@dataclass(frozen=True)
class Ask:
    """The page points at something.

    Attributes:
        tag: the page's own number; the answer carries it.
        object_id: 0 for a new object.
        point, box: one of them is given.
        refine: add the point to those that the object has.
        stamp_ns: of the frame that was pointed into; 0 for the newest.

    """

    tag: int
    object_id: int
    point: Point | None
    box: Box | None
    refine: bool
    stamp_ns: int

    def about(self, object_id: int) -> Ask:
        """The same, about an object that has an id."""
        return replace(self, object_id=object_id)


@dataclass(frozen=True)
class Remove:
    """The page wants an object gone; `tag` as in Ask."""

    tag: int
    object_id: int


@dataclass(frozen=True)
class Clear:
    """The page wants all objects gone."""


Request = Acknowledge | Ask | Remove | Clear


@dataclass(frozen=True)
class Component:
    """One line of the diagnostics; `level` is 0 ok, 1 warn, 2 error, 3 stale."""

    name: str
    level: int
    message: str
    values: Mapping[str, str]


def parse(text: str) -> Request:
    """Read a message of the page.

    Raises:
        ViewerError: it is none.

    """
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ViewerError(f'{len(text)} characters were given that are no JSON: {error}') from error
    if not isinstance(message, dict):
        raise ViewerError(f'a JSON {type(message).__name__} was given; a message is an object')
    kind = message.get('type')
    if not isinstance(kind, str) or kind not in _READERS:
        raise ViewerError(
            f'a message of type {_shown(kind)} was given; known are {", ".join(_READERS)}'
        )
    return _READERS[kind](message)


def _acknowledge(message: Mapping[str, Any]) -> Acknowledge:
    return Acknowledge(_integer(message, 'number', _LARGEST), _flag(message, 'held', False))


def _point(message: Mapping[str, Any]) -> Ask:
    positive, refine = _flag(message, 'positive', True), _flag(message, 'refine', False)
    point = Point(_number(message, 'x'), _number(message, 'y'), positive)
    return Ask(_tag(message), _object_id(message), point, None, refine, _stamp_ns(message))


def _box(message: Mapping[str, Any]) -> Ask:
    box = Box(*(_number(message, name) for name in ('x0', 'y0', 'x1', 'y1')))
    return Ask(_tag(message), _object_id(message), None, box, False, _stamp_ns(message))


def _remove(message: Mapping[str, Any]) -> Remove:
    return Remove(_tag(message), _object_id(message, least=1))


def _clear(_: Mapping[str, Any]) -> Clear:
    return Clear()


_READERS: dict[str, Callable[[Mapping[str, Any]], Request]] = {
    'ack': _acknowledge,
    'point': _point,
    'box': _box,
    'remove': _remove,
    'clear': _clear,
}


def _tag(message: Mapping[str, Any]) -> int:
    return _integer(message, 'tag', _LARGEST)


def _object_id(message: Mapping[str, Any], least: int = 0) -> int:
    return _integer({'object': 0, **message}, 'object', LAST_ID, least)


def _stamp_ns(message: Mapping[str, Any]) -> int:
    stamp = message.get('stamp', '0')
    # Nanoseconds since 1970 have 19 digits, and a ROS stamp ends before they get more.
    if not (isinstance(stamp, str) and stamp.isascii() and stamp.isdigit() and len(stamp) <= 19):
        raise ViewerError(f'stamp {_shown(stamp)} was given; it is a text of up to 19 digits')
    if int(stamp) >= 2**31 * 1_000_000_000:
        raise ViewerError(f'stamp {stamp} was given; the seconds of a stamp end at {2**31 - 1}')
    return int(stamp)


def _flag(message: Mapping[str, Any], name: str, otherwise: bool) -> bool:
    value = message.get(name, otherwise)
    if not isinstance(value, bool):
        raise ViewerError(f'{name} {_shown(value)} was given; allowed are true and false')
    return value


def _integer(message: Mapping[str, Any], name: str, largest: int, least: int = 0) -> int:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= largest:
        raise ViewerError(
            f'{name} {_shown(value)} was given; allowed are whole numbers {least} to {largest}'
        )
    return value


def _number(message: Mapping[str, Any], name: str) -> float:
    value = message.get(name)
    finite = isinstance(value, int | float) and abs(value) < _LARGEST and math.isfinite(value)
    if isinstance(value, bool) or not finite:
        raise ViewerError(f'{name} {_shown(value)} was given; a coordinate is a finite number')
    return float(value)  # type: ignore[arg-type]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def hello(name: str, *, title: str) -> str:
    """Greet a page: which node it looks at, and the colours of objects by id."""
    return _text('hello', version=VERSION, node=name, title=title, palette=PALETTE)


def answer(told: Answer, tag: int | None) -> str:
    """Tell what became of a prompt; `tag` for the page that asked."""
    return _text(
        'answer',
        tag=tag,
        object=told.object_id,
        state=told.state.name.lower(),
        generation=told.generation,
        reason=told.reason,
    )


def notice(sentence: str, tag: int | None = None) -> str:
    """Tell one sentence, about the message with the tag if one is given."""
    return _text('notice', tag=tag, text=sentence)


def figures(stages: Mapping[str, float], *, rate: float, dropped: int) -> str:
    """Tell medians of the stages in milliseconds, results per second, and dropped images."""
    shown = {stage: round(value, 3) for stage, value in stages.items()}
    return _text('figures', stages=shown, rate=round(rate, 2), dropped=dropped)


def diagnostics(components: list[Component]) -> str:
    """Tell the state of every component."""
    shown = [
        {'name': c.name, 'level': c.level, 'message': c.message, 'values': dict(c.values)}
        for c in components
    ]
    return _text('diagnostics', components=shown)


def link(*, round_trip_s: float, side: int, quality: int, clients: int) -> str:
    """Tell a page how well it is connected."""
    trip = None if math.isnan(round_trip_s) else round(1e3 * round_trip_s, 1)
    return _text('link', round_trip_ms=trip, side=side, quality=quality, clients=clients)


def _text(kind: str, **fields: Any) -> str:
    return json.dumps({'type': kind, **fields}, separators=(',', ':'), ensure_ascii=False)
