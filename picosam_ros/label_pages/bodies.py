"""The bodies of requests, and why some are not read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from picosam_ros.errors import ViewerError
from picosam_ros.viewer import fields

# A correction of many objects, as run lengths.
LARGEST_BODY = 2**22
# A link that takes longer for a body has given up.
TIMEOUT_S = 30.0
# Other web pages may send some types without being asked for: not this one.
CONTENT_TYPE = 'application/json'


class Refused(Exception):
    """A request that is not answered.

    Args:
        status: of HTTP.
        text: the sentence.

    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


async def read_body(request: web.Request) -> Mapping[str, Any]:
    """Return the JSON object in the body.

    Raises:
        Refused: it is of another type, too large, or does not arrive.
        ViewerError: it is no JSON object.

    """
    if request.content_type != CONTENT_TYPE:
        raise Refused(415, f'send the body as {CONTENT_TYPE}')
    try:
        body = await asyncio.wait_for(request.read(), TIMEOUT_S)
    except asyncio.TimeoutError as error:
        raise Refused(408, f'the body did not arrive within {TIMEOUT_S:g} s') from error
    except web.HTTPRequestEntityTooLarge as error:
        raise Refused(413, f'a body has up to {LARGEST_BODY} bytes') from error
    return parse_object(body)


def parse_object(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object of a body. Raises ViewerError if it has none."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ViewerError(f'body of {len(body)} bytes is not JSON: {error}') from error
    if not isinstance(message, dict):
        raise ViewerError(f'body is a JSON {type(message).__name__}; send an object')
    return message


def text(message: Mapping[str, Any], name: str, longest: int) -> str:
    """Return a text of up to so many characters. Raises ViewerError if it is none."""
    value = message.get(name)
    if not isinstance(value, str) or len(value) > longest:
        raise ViewerError(
            f'{name} {fields.shown(value)} is invalid; send a text of up to {longest} characters'
        )
    return value


def objects(message: Mapping[str, Any], name: str, most: int) -> list[Mapping[str, Any]]:
    """Return a list of up to so many objects. Raises ViewerError if it is none."""
    value = message.get(name, [])
    valid = isinstance(value, list) and len(value) <= most
    if not valid or not all(isinstance(one, dict) for one in value):
        raise ViewerError(
            f'{name} {fields.shown(value)} is invalid; send a list of up to {most} objects'
        )
    return list(value)
