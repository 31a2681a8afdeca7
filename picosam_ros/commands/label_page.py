"""Prompts of `picosam label --page`: a person points at the objects in the browser."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from picosam_ros.commands.page import add_address_arguments, page_options, serve_page

if TYPE_CHECKING:
    from picosam_ros.prompting.prompting import Prompting


def add_prompt_page_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare that there is a page, and where."""
    parser.add_argument(
        '--page',
        action='store_true',
        help='point at the objects on a page in the browser, which then goes on to label',
    )
    add_address_arguments(parser)
    parser.set_defaults(seconds=math.inf)


def ask_prompts(arguments: argparse.Namespace) -> Path | None:
    """Serve the page until somebody asks to label; return the file of the prompts.

    It is None if Ctrl-C or SIGTERM came before; the file is there all the same.

    Raises:
        PicosamError: a recording cannot be read, or the page not be served.

    """
    from picosam_ros.labelling.project import locked, prompts_of

    path = prompts_of(arguments.out)
    made: list[Prompting] = []

    def make(given: argparse.Namespace) -> Prompting:
        made.append(_prompting(given, path))
        return made[0]

    def finished() -> bool:
        return made[0].finished

    with locked(arguments.out, create=True):
        serve_page(arguments, make, finished=finished)
    if made and finished():
        return path
    if path.exists():
        print(f'{path} keeps the prompts: the same command shows them again', file=sys.stderr)
    return None


def _prompting(arguments: argparse.Namespace, path: Path) -> Prompting:
    from picosam_ros.commands.label_plan import engine_choice, names_of
    from picosam_ros.prompting.prompting import Prompting
    from picosam_ros.prompting.recordings import Recordings

    return Prompting(
        path,
        Recordings(names_of(arguments.recordings), arguments.image_topic),
        engine_choice(arguments),
        title=arguments.out.resolve().name,
        advice=f'The same without this page: picosam label … --prompts {path} -o {arguments.out}',
        **page_options(arguments),
    )
