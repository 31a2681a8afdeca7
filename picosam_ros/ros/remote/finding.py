"""Waits for the node that a command is for."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from picosam_ros.errors import TopicError
from picosam_ros.ros.remote.session import Session
from picosam_ros.ros.running_nodes import NodeName, Wanted, running_nodes

# Time for the wanted node after any first one, and for others that are wanted after the first such.
_REST_S, _OTHERS_S = 3.0, 0.5


def find_nodes(session: Session, wanted: Wanted, seconds: float) -> Sequence[NodeName]:
    """Wait until there are such nodes, and a little for more of them.

    Raises:
        TopicError: there is none within so many seconds.

    """

    def matching() -> list[NodeName]:
        return [name for name in running_nodes(session.node) if name in wanted]

    if session.wait_for(lambda: running_nodes(session.node), seconds):
        session.wait_for(matching, min(seconds, _REST_S))
    if not matching():
        raise TopicError(_absence(running_nodes(session.node), wanted, seconds))
    end = time.monotonic() + _OTHERS_S
    while time.monotonic() < end:
        session.spin()
    return matching()


def find_node(session: Session, wanted: Wanted, seconds: float) -> NodeName:
    """Wait for the only node of that kind.

    Raises:
        TopicError: there is none within so many seconds, or there are several.

    """
    found = find_nodes(session, wanted, seconds)
    if len(found) > 1:
        names = ', '.join(map(str, found))
        raise TopicError(f'there are {len(found)} nodes; give one of them with --node: {names}')
    if not found:
        raise TopicError(_absence([], wanted, seconds))
    return found[0]


def _absence(others: Sequence[NodeName], wanted: Wanted, seconds: float) -> str:
    domain = f'ROS_DOMAIN_ID {os.environ.get("ROS_DOMAIN_ID", "0")}'
    if others:
        given = ' '.join(
            f'--{option} {value}'
            for option, value in (('node', wanted.node), ('namespace', wanted.namespace))
            if value
        )
        return f'no node matches {given}; running are {", ".join(map(str, others))}'
    return (
        f'no camera or segmenter node was found within {seconds:g} s ({domain}): is one running, '
        'with the same ROS_DOMAIN_ID, and is it configured? '
        '`ros2 run picosam_ros camera` starts one'
    )
