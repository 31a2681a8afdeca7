"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from typing import Any


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which engine runs, and what."""
    parser.add_argument('--engine', metavar='NAME', default='auto', help='default: auto')
    parser.add_argument(
        '--model', metavar='NAME', default='', help='a known name, or the path of an .onnx file'
    )


def engine_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what was given for the engine; the rest is the engine's own default."""
    names = ('model', 'threads')
    return {name: value for name in names if (value := getattr(arguments, name, None))}


def coordinates(text: str, least: int, most: int, form: str) -> list[float]:
    """Read numbers between commas.

    Raises:
        ArgumentTypeError: they are not numbers, or not as many as `form` shows.

    """
    try:
        values = [float(part) for part in text.split(',')]
    except ValueError:
        values = []
    if not least <= len(values) <= most:
        raise argparse.ArgumentTypeError(f'{text!r} was given; the form is {form}, in pixels')
    return values


def at_least(least: int, text: str) -> int:
    """Read a whole number.

    Raises:
        ArgumentTypeError: it is none, or less than `least`.

    """
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(
            f'{text!r} was given; allowed are whole numbers from {least} on'
        )
    return int(text)
