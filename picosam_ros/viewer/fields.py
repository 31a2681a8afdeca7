"""The fields of a message of the page, each checked as it is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from picosam_ros.errors import ViewerError
from picosam_ros.prompt import LAST_ID, Box, Point

LARGEST = 2**53


def point(message: Mapping[str, Any]) -> Point:
    """Return a point: x, y, positive (true)."""
    positive = flag(message, 'positive', True)
    return Point(number(message, 'x'), number(message, 'y'), positive)


def box(message: Mapping[str, Any]) -> Box:
    """Return a box: x0, y0, x1, y1."""
    return Box(*(number(message, name) for name in ('x0', 'y0', 'x1', 'y1')))


def tag(message: Mapping[str, Any]) -> int:
    """Return the tag, which the answer has, too."""
    return integer(message, 'tag', LARGEST)


def object_id(message: Mapping[str, Any], least: int = 0) -> int:
    """Return the id of an object; 0, where that is allowed, for a new one."""
    return integer({'object': 0, **message}, 'object', LAST_ID, least)


def stamp_ns(message: Mapping[str, Any]) -> int:
    """Return the stamp of an image in nanoseconds; 0 for the newest one."""
    stamp = message.get('stamp', '0')
    # Nanoseconds since 1970 have 19 digits, and a ROS stamp overflows before they have more.
    if not (isinstance(stamp, str) and stamp.isascii() and stamp.isdigit() and len(stamp) <= 19):
        raise ViewerError(f'stamp {shown(stamp)} is invalid; send a string of up to 19 digits')
    if int(stamp) >= 2**31 * 1_000_000_000:
        raise ViewerError(f'stamp {stamp} is too large; its seconds end at {2**31 - 1}')
    return int(stamp)


def flag(message: Mapping[str, Any], name: str, default: bool) -> bool:
    """Return true or false."""
    value = message.get(name, default)
    if not isinstance(value, bool):
        raise ViewerError(f'{name} {shown(value)} is invalid; send true or false')
    return value


def integer(message: Mapping[str, Any], name: str, largest: int, least: int = 0) -> int:
    """Return an integer from `least` to `largest`."""
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= largest:
        raise ViewerError(
            f'{name} {shown(value)} is invalid; send an integer from {least} to {largest}'
        )
    return value


def number(message: Mapping[str, Any], name: str) -> float:
    """Return a finite number."""
    value = message.get(name)
    finite = isinstance(value, int | float) and abs(value) < LARGEST and math.isfinite(value)
    if isinstance(value, bool) or not finite:
        raise ViewerError(f'{name} {shown(value)} is invalid; send a finite number')
    return float(value)  # type: ignore[arg-type]


def shown(value: object) -> str:
    """Return a value as an error quotes it."""
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'
