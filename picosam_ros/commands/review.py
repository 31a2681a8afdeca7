"""`picosam review`: a person answers the images that are in doubt."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from picosam_ros.commands.page import add_page_arguments, page_options, serve_page
from picosam_ros.commands.terminal import INTERRUPTED, catch_interrupt

if TYPE_CHECKING:
    from picosam_ros.labelling.project import Project
    from picosam_ros.review.review import Review

HELP = 'answer on a page the images that are in doubt'
DESCRIPTION = (
    'Serve a page for the browser that shows one after another the images of which "picosam label" '
    'doubts a mask: accept, correct by clicks, or reject. Every answer is on the disk at once. At '
    'the end, by Ctrl-C, the data sets are written anew with the answers. The page is for this '
    'machine only, unless --address says otherwise.'
)
EXAMPLE = 'picosam review cups'
ADVICE = 'End "picosam review" with Ctrl-C in its terminal: it writes the data sets anew.'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        'out', metavar='OUT', type=Path, help='the folder that "picosam label -o" was given'
    )
    add_page_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C or SIGTERM, then write the data sets if something changed.

    Raises:
        PicosamError: there is no such folder, or the page cannot be served.

    """
    from picosam_ros.labelling.project import open_project

    with open_project(arguments.out) as project:
        before = project.decisions.by_image()
        exit_code = _serve(project, arguments)
        if project.decisions.by_image() == before:
            return exit_code
        return _write(project, arguments)


def _serve(project: Project, arguments: argparse.Namespace) -> int:
    def make(given: argparse.Namespace) -> Review:
        from picosam_ros.review.labelled_project import LabelledProject
        from picosam_ros.review.review import Review

        return Review(LabelledProject(project), ADVICE, **page_options(given))

    return serve_page(arguments, make)


def _write(project: Project, arguments: argparse.Namespace) -> int:
    from picosam_ros.commands.label_output import write_project

    with catch_interrupt() as interrupted:
        live = not arguments.json
        output = write_project(project, live=live, stopped=interrupted.is_set)
    if output is None:
        print('the data sets are those of before: "picosam label" writes them', file=sys.stderr)
        return INTERRUPTED
    output.tell(as_json=arguments.json)
    return 0
