"""`picosam watch`: what runs, and how it is doing, live on the terminal."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from picosam_ros.commands.arguments import add_node_arguments, node_of, positive
from picosam_ros.commands.terminal import Screen, catch_interrupt
from picosam_ros.commands.watch_table import report, table

if TYPE_CHECKING:
    from picosam_ros.node_state import NodeState

HELP = 'what runs, its objects, latency and refusals, live'
DESCRIPTION = (
    'Show the running camera and segmenter nodes until Ctrl-C: images per second, objects with '
    'their scores, latency, refused prompts, and what /diagnostics complains about. It needs ROS, '
    'not ros2cli. With --json, one line a second.'
)
EXAMPLE = 'picosam watch --seconds 30'

REFRESH_S, LINE_S = 0.5, 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        '--seconds', metavar='N', type=positive, help='duration (default: until Ctrl-C)'
    )
    add_node_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the nodes live, then once more; with --json print a line a second.

    Raises:
        TopicError: there is no such node.

    """
    from picosam_ros.ros.remote.session import Session
    from picosam_ros.ros.remote.watching import Watching

    with Session('watch') as session:
        watching = Watching(session, node_of(arguments), arguments.timeout)
        states = watching.states(arguments.seconds, LINE_S if arguments.json else REFRESH_S)
        _print_lines(states) if arguments.json else _show(states)
    return 0


def _print_lines(states: Iterator[list[NodeState] | None]) -> None:
    with catch_interrupt() as interrupted:
        for seen in states:
            if interrupted.is_set():
                return
            if seen is not None:
                line = {'time': round(time.time(), 3), 'nodes': [report(each) for each in seen]}
                print(json.dumps(line), flush=True)


def _show(states: Iterator[list[NodeState] | None]) -> None:
    screen, last = Screen(live=True), ''
    with catch_interrupt() as interrupted:
        for seen in states:
            if interrupted.is_set():
                break
            if seen is not None:
                last = '\n\n'.join(map(table, seen))
                screen.show(last)
    screen.clear()
    print(last)
