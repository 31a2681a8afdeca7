"""What the page asks for, read from the bodies of its requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from picosam_ros.label_pages.bodies import objects, text
from picosam_ros.labelling.prompt_file import line_of
from picosam_ros.prompt import FIRST_ID, MAX_POINTS, Box, Point
from picosam_ros.prompting.prompts import Pointed
from picosam_ros.viewer import fields

LONGEST_NAME = 60
_LONGEST_RECORDING = 1000
# Decimal places of a pixel's coordinates: more are not meant by a click.
_PLACES = 1


@dataclass(frozen=True)
class Place:
    """A prompt, or an image of a recording for one.

    Attributes:
        object_id: whose it is.
        pattern: of the recordings that it is for.
        image: its number.

    """

    object_id: int
    pattern: str
    image: int


def read_pointed(message: Mapping[str, Any]) -> Pointed:
    """Return a prompt. Raises PromptError or ViewerError if it is malformed."""
    box = message.get('box')
    return Pointed(
        text(message, 'recording', _LONGEST_RECORDING),
        fields.integer(message, 'image', fields.LARGEST),
        fields.object_id(message),
        read_name(message),
        tuple(_point(one) for one in objects(message, 'points', MAX_POINTS)),
        None if box is None else _box(objects({'box': [box]}, 'box', 1)[0]),
        fields.flag(message, 'everywhere', False),
    )


def read_place(message: Mapping[str, Any]) -> Place:
    """Return which prompt is meant. Raises ViewerError if it is malformed."""
    return Place(
        read_object(message),
        text(message, 'pattern', _LONGEST_RECORDING),
        fields.integer(message, 'image', fields.LARGEST),
    )


def read_object(message: Mapping[str, Any]) -> int:
    """Return the id of an object. Raises ViewerError if it is none."""
    return fields.object_id(message, FIRST_ID)


def read_name(message: Mapping[str, Any]) -> str:
    """Return the name of a class. Raises PromptError or ViewerError if it is none."""
    return line_of(text(message, 'name', LONGEST_NAME), 'name')


def read_recording(message: Mapping[str, Any]) -> str:
    """Return the name of a recording. Raises ViewerError if it is no text."""
    return text(message, 'recording', _LONGEST_RECORDING)


def read_everywhere(message: Mapping[str, Any]) -> bool:
    """Return whether a prompt is for all recordings. Raises ViewerError if that is not told."""
    return fields.flag(message, 'everywhere', None)  # type: ignore[arg-type]


def _point(message: Mapping[str, Any]) -> Point:
    given = fields.point(message)
    return Point(round(given.x, _PLACES), round(given.y, _PLACES), given.positive)


def _box(message: Mapping[str, Any]) -> Box:
    given = fields.box(message)
    return Box(*(round(value, _PLACES) for value in (given.x0, given.y0, given.x1, given.y1)))
