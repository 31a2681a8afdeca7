"""`picosam prompt`: mark an object for a running node, and tell what the node answers."""

from __future__ import annotations

import argparse
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from picosam_ros.commands.arguments import (
    add_node_arguments,
    at_least,
    box_of,
    negative_point_of,
    node_of,
    point_of,
)
from picosam_ros.commands.terminal import paint
from picosam_ros.errors import PromptError

if TYPE_CHECKING:
    from picosam_ros.msg import Prompt as PromptMessage
    from picosam_ros.results import Answer

HELP = 'mark an object for a running node'
DESCRIPTION = (
    'Send a prompt to a running camera or segmenter node, about its newest image, and wait for the '
    'answer. It needs ROS, not ros2cli. A refused prompt is an error.'
)
EXAMPLE = 'picosam prompt 320,240'

_LARGEST_ROI = 2**31 - 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        'points', metavar='X,Y', type=point_of, nargs='*', help='pixels on the object'
    )
    parser.add_argument(
        '--negative',
        metavar='X,Y',
        type=negative_point_of,
        action='append',
        default=[],
        help='a pixel that is not on the object; may be repeated. Without a pixel on the object it '
        'corrects the mask that the object has',
    )
    parser.add_argument('--box', metavar='X0,Y0,X1,Y1', type=box_of, help="the object's box")
    parser.add_argument(
        '--object',
        metavar='N',
        dest='object_id',
        type=partial(at_least, 1, most=254),
        default=1,
        help='its id, 1 to 254 (default: 1)',
    )
    parser.add_argument(
        '--refine', action='store_true', help='add the pixels to those that the object has'
    )
    parser.add_argument(
        '--size-step',
        metavar='N',
        type=partial(at_least, -128, most=127),
        default=0,
        help='1 for the next larger object at this place, -1 for the next smaller one; without a '
        'pixel, than the mask that the object has',
    )
    parser.add_argument(
        '--roi-size',
        metavar='N',
        type=partial(at_least, 0, most=_LARGEST_ROI),
        default=0,
        help='side of the square that the network sees, in pixels (default: 0, automatic)',
    )
    parser.add_argument('--remove', action='store_true', help='remove the object')
    parser.add_argument('--clear', action='store_true', help='remove all objects')
    add_node_arguments(parser)
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Send the prompt and print the answer.

    Raises:
        PromptError: it was refused.
        TopicError: there is no such node, or it does not answer.

    """
    _check(arguments)
    from picosam_ros.ros.remote.finding import find_node
    from picosam_ros.ros.remote.prompting import Prompting
    from picosam_ros.ros.remote.session import Session

    with Session('prompt') as session:
        name = find_node(session, node_of(arguments), arguments.timeout)
        prompting = Prompting(session, name, arguments.timeout)
        if arguments.clear:
            told = prompting.clear()
            _print({'node': str(name), 'cleared': told}, f'{told} by {name}', arguments)
            return 0
        answer = prompting.send(_message(arguments))
    return _tell(answer, str(name), prompting.state, arguments)


def _check(arguments: argparse.Namespace) -> None:
    """End with a usage error where nothing is asked for, or what excludes each other."""
    marks = bool(arguments.points or arguments.negative or arguments.box or arguments.size_step)
    asked = [bool(arguments.remove), bool(arguments.clear), marks]
    if sum(asked) != 1:
        arguments.usage_error(
            'give pixels (X,Y), --negative X,Y, --box X0,Y0,X1,Y1 or --size-step N; or --remove, '
            'or --clear, alone'
        )


def _message(arguments: argparse.Namespace) -> PromptMessage:
    from picosam_ros.ros.remote.prompting import removal, to_message

    if arguments.remove:
        return removal(arguments.object_id)
    begins = bool(arguments.points or arguments.box)
    return to_message(
        [*arguments.points, *arguments.negative],
        arguments.box,
        object_id=arguments.object_id,
        refine=arguments.refine or not begins,
        roi_size=arguments.roi_size,
        size_step=arguments.size_step,
    )


def _tell(answer: Answer, name: str, node_state: str, arguments: argparse.Namespace) -> int:
    """Print the answer; return the exit code."""
    from picosam_ros.results import PromptState

    refused = answer.state == PromptState.REFUSED
    if refused and not arguments.json:
        what = f'prompt for object {answer.object_id}'
        raise PromptError(f'{name} refused the {what}: {answer.reason}')
    report = {
        'node': name,
        'node_state': node_state,
        'object': answer.object_id,
        'state': answer.state.name.lower(),
        'generation': answer.generation,
        'reason': answer.reason,
    }
    what, reason = answer.state.name.lower(), answer.reason
    if arguments.remove:
        what, reason = reason, ''
    sentence = f'object {answer.object_id} {paint(what, "bold")} by {name}'
    if reason:
        sentence += f': {reason}'
    if node_state != 'active':
        sentence += f'; it is {node_state}, and makes no masks until it is activated'
    _print(report, sentence, arguments)
    return int(refused)


def _print(report: dict[str, Any], sentence: str, arguments: argparse.Namespace) -> None:
    print(json.dumps(report) if arguments.json else sentence)
