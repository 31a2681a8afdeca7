"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picosam_ros.prompt import Box, Point, Prompt

if TYPE_CHECKING:
    from picosam_ros.ros.running_nodes import Wanted
    from picosam_ros.wire.value_range import ValueScale

_MODELS = Path(__file__).parents[1] / 'models'


def add_prompt_arguments(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Declare the options for one object, or for a file of several."""
    parser.add_argument(
        '--point',
        metavar='X,Y[,0|1]',
        dest='points',
        type=point_of,
        action='append',
        default=[],
        help='a pixel on the object (1, the default) or not (0); may be repeated',
    )
    parser.add_argument('--box', metavar='X0,Y0,X1,Y1', type=box_of, help="the object's box")
    parser.add_argument(
        '--roi-size',
        metavar='N',
        type=int,
        default=0,
        help='side of the square that the network sees, in pixels (default: 0, automatic)',
    )
    parser.add_argument(
        '--size-step',
        metavar='N',
        type=int,
        default=0,
        help='1 for the next larger object at this place, -1 for the next smaller one, and so on',
    )
    if several:
        parser.add_argument(
            '--prompts', metavar='FILE', type=Path, help='YAML file of several objects'
        )
    parser.set_defaults(prompts=None, usage_error=parser.error)


def prompts_of(arguments: argparse.Namespace) -> Sequence[Prompt]:
    """Return the prompts of the command line; a usage error if there are none, or both kinds.

    Raises:
        PromptError: the file of prompts is wrong.

    """
    one = bool(arguments.points) or arguments.box is not None
    if one == (arguments.prompts is not None):
        arguments.usage_error(
            'give one object with --point X,Y or --box X0,Y0,X1,Y1, or several with --prompts FILE'
        )
    if one:
        return [prompt_of(arguments)]
    from picosam_ros.prompts.file import read_prompts

    return read_prompts(arguments.prompts)


def prompt_of(arguments: argparse.Namespace) -> Prompt:
    """Return the object of --point and --box. Raises PromptError if it is none."""
    return Prompt(
        tuple(arguments.points),
        arguments.box,
        roi_size=arguments.roi_size,
        size_step=arguments.size_step,
    )


def add_engine_arguments(parser: argparse.ArgumentParser, *, sensor: bool = False) -> None:
    """Declare the options for the engine and its model; `sensor`: frames may come from one."""
    parser.add_argument(
        '--engine',
        metavar='NAME',
        default='auto',
        help=f'host, {"in_sensor, " * sensor}edgesam, cascade or auto (the default)',
    )
    parser.add_argument(
        '--model',
        metavar='NAME',
        default='',
        help=f'{", ".join(_shipped())}, path of an .onnx file, or auto (the default)',
    )
    for part in ('encoder', 'decoder'):
        parser.add_argument(
            f'--{part}',
            metavar='FILE',
            default='',
            help=f'{part}.onnx for the engines edgesam and cascade',
        )
    parser.add_argument(
        '--runtime', metavar='NAME', default='', help='onnxruntime (the default) or openvino'
    )


def _shipped() -> list[str]:
    """Return the names of the shipped models, without reading their table."""
    return sorted(path.stem for path in _MODELS.glob('*.onnx'))


def engine_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the engine options that were given; the others have the engine's defaults."""
    names = ('model', 'encoder', 'decoder', 'runtime', 'threads')
    return {name: value for name in names if (value := getattr(arguments, name, None))}


def add_range_argument(parser: argparse.ArgumentParser) -> None:
    """Declare --range, for images of 16 bits."""
    parser.add_argument(
        '--range',
        metavar='LOW,HIGH',
        dest='value_range',
        type=_value_range,
        default='auto',
        help='values of images of 16 bits that become black and white; full for all of them (the '
        'high byte), auto for those that the images use (the default)',
    )


def scale_of(arguments: argparse.Namespace, *, stream: bool = True) -> ValueScale:
    """Return the scale of --range, which tells on standard error what it chose."""
    from picosam_ros.wire.value_range import ValueScale

    def tell(sentence: str) -> None:
        print(sentence, file=sys.stderr)

    return ValueScale(arguments.value_range, stream=stream, told=tell)


def add_sensor_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of an IMX500 and of a simulated one."""
    parser.add_argument(
        '--sensor-network',
        metavar='FILE',
        default='',
        help='network (network.rpk) to upload to the sensor',
    )
    parser.add_argument(
        '--simulate', action='store_true', help='use a simulated sensor; needs no hardware'
    )
    parser.add_argument(
        '--faults',
        metavar='LIST',
        default='',
        help='faults of the simulated sensor: missing=0.3,roi_lag=2',
    )


def sensor_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return those of add_sensor_arguments that were given; not every camera has them."""
    names = ('sensor_network', 'simulate', 'faults')
    return {name: value for name in names if (value := getattr(arguments, name))}


def add_node_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which running node is meant, and how long it is waited for."""
    parser.add_argument(
        '--node',
        metavar='NAME',
        default='',
        help='segmenter or /robot/segmenter, for example, where several run',
    )
    parser.add_argument(
        '--namespace', metavar='NAME', default='', help='of the node, where several run'
    )
    parser.add_argument(
        '--timeout',
        metavar='N',
        type=positive,
        default=10.0,
        help='seconds that the node, and each answer, is waited for (default: 10)',
    )


def node_of(arguments: argparse.Namespace) -> Wanted:
    """Return which node is meant."""
    from picosam_ros.ros.running_nodes import Wanted

    return Wanted(arguments.node, arguments.namespace)


def coordinates(text: str, least: int, most: int, form: str) -> list[float]:
    """Parse comma-separated numbers.

    Raises:
        ArgumentTypeError: not numbers, or not as many as `form` shows.

    """
    try:
        values = [float(part) for part in text.split(',')]
    except ValueError:
        values = []
    if not least <= len(values) <= most:
        raise argparse.ArgumentTypeError(f'{text!r} was given; the form is {form}, in pixels')
    return values


def positive(text: str) -> float:
    """Parse a positive number.

    Raises:
        ArgumentTypeError: not a positive number.

    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f'{text!r} was given; allowed are numbers above 0')
    return value


def at_least(least: int, text: str, most: int = 10**9) -> int:
    """Parse an integer.

    Raises:
        ArgumentTypeError: not an integer, or less than `least` or more than `most`.

    """
    # No more digits than Python reads.
    digits = text.removeprefix('-')
    known = digits.isdecimal() and len(digits) <= len(str(most))
    value = int(text) if known else least - 1
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(
            f'{text!r} was given; allowed are integers from {least} to {most}'
        )
    return value


def point_of(text: str) -> Point:
    """Parse a pixel, on the object or not; raises ArgumentTypeError."""
    values = coordinates(text, 2, 3, 'X,Y or X,Y,0 or X,Y,1')
    if len(values) == 3 and values[2] not in (0, 1):
        raise argparse.ArgumentTypeError(
            f'{text!r} was given; the third number is 1 (on the object) or 0 (not on it)'
        )
    return Point(values[0], values[1], positive=len(values) == 2 or bool(values[2]))


def negative_point_of(text: str) -> Point:
    """Parse a pixel that is not on the object; raises ArgumentTypeError."""
    x, y = coordinates(text, 2, 2, 'X,Y')
    return Point(x, y, positive=False)


def box_of(text: str) -> Box:
    """Parse a box; raises ArgumentTypeError."""
    return Box(*coordinates(text, 4, 4, 'X0,Y0,X1,Y1'))


def _value_range(text: str) -> str:
    from picosam_ros.errors import ImageError
    from picosam_ros.wire.value_range import read_range

    try:
        read_range(text)
    except ImageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text
