"""The start of a process of ROS: what ROS refuses is one sentence, and what it ignores is told.

rclpy is imported at use: a middleware that is not installed ends the process there.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from picosam_ros.errors import PicosamError, YamlError
from picosam_ros.files.yaml import compose
from picosam_ros.ros.refusals import explain, settings_error

if TYPE_CHECKING:
    from rclpy.node import Node

_Node = TypeVar('_Node')

_PARAMETERS = 'ros__parameters'


class StartError(PicosamError):
    """A process or node that ROS does not let start."""


def check_middleware(environment: Mapping[str, str] = os.environ) -> None:
    """Refuse a middleware that is not installed; call it before rclpy is imported.

    Raises:
        SystemExit: with the sentence, which Python prints; the exit code is 1.

    """
    wanted = environment.get('RMW_IMPLEMENTATION')
    # A virtual environment that nobody sourced is not on the path.
    prefixes = [*environment.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    index = 'share/ament_index/resource_index/rmw_typesupport'
    found = {path.name for prefix in prefixes for path in Path(prefix, index).glob('rmw_*')}
    names = sorted(found - {'rmw_implementation'})
    if wanted and names and wanted not in names:
        raise SystemExit(
            f'RMW_IMPLEMENTATION is {wanted!r}, which is not installed; installed here: '
            f'{", ".join(names)}; install ros-$ROS_DISTRO-{wanted.replace("_", "-")} or unset it'
        )


def init_ros(arguments: Sequence[str], **options: Any) -> None:
    """Call rclpy.init without its signal handlers.

    Args:
        arguments: of the command line.
        options: more of rclpy.init.

    Raises:
        StartError: ROS refuses an argument or a setting, or a setting means nothing.

    """
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    if refused := settings_error():
        raise StartError(refused)
    try:
        rclpy.init(args=list(arguments), signal_handler_options=SignalHandlerOptions.NO, **options)
    except RuntimeError as error:
        raise StartError(explain(str(error))) from error


def create_node(make: Callable[[], _Node]) -> _Node:
    """Return the node that `make` makes.

    Raises:
        StartError: ROS refuses its name, a parameter or a setting.

    """
    from rclpy.exceptions import NameValidationException, ParameterException
    from rclpy.impl.implementation_singleton import rclpy_implementation

    try:
        return make()
    except (NameValidationException, ParameterException, rclpy_implementation.RCLError) as error:
        raise StartError(explain(str(error))) from error


def without_ros_arguments(arguments: Sequence[str]) -> list[str]:
    """Return the command line without what is meant for ROS.

    Raises:
        StartError: ROS refuses an argument.

    """
    if '--ros-args' not in arguments:
        return list(arguments)  # rclpy takes a good part of a start to import
    from rclpy.utilities import remove_ros_args

    try:
        return list(remove_ros_args(list(arguments)))
    except RuntimeError as error:
        raise StartError(explain(str(error))) from error


def ros_words(arguments: Sequence[str]) -> list[str]:
    """Return the words of a command line that are meant for ROS."""
    words = []
    of_ros = False
    for word in arguments:
        if word == '--ros-args' or (of_ros and word == '--'):
            of_ros = word != '--'
        elif of_ros:
            words.append(word)
    return words


def warn_of_ignored(node: Node, arguments: Sequence[str], others: Sequence[Node] = ()) -> None:
    """Log what of the command line ROS passes over: words that no one reads, files of others.

    Args:
        node: that logs it.
        arguments: of the command line.
        others: further nodes of this process, which a file may be for.

    """
    if words := without_ros_arguments(arguments)[1:]:
        node.get_logger().warning(
            f'{" ".join(words)} on the command line has no effect; what is meant for ROS follows '
            '--ros-args, as in --ros-args -p NAME:=VALUE'
        )
    for path in _parameter_files(arguments):
        warnings = [unused_file(path, each.get_fully_qualified_name()) for each in (node, *others)]
        if all(warnings):
            node.get_logger().warning(warnings[0])


def unused_file(path: Path, name: str) -> str:
    """Return a warning if no section of a parameter file is for a node; else an empty text.

    Values are not read: ROS takes some, such as 2024-99-99, that PyYAML refuses.

    Args:
        path: of a file that ROS has read.
        name: of the node, with its namespace.

    """
    if not path.is_file():  # a pipe is empty by now
        return ''
    try:
        root = compose(path)
    except YamlError as error:
        return f'parameter file {str(path)!r}: {error}'
    sections = list(_sections(root, ''))
    if not sections or any(_matches(section, name) for section in sections):
        return ''
    nearest = get_close_matches(name, sections, n=1, cutoff=0.0)[0]
    own = name.rpartition('/')[2]
    return (
        f'parameter file {str(path)!r} has nothing for this node, {name!r}: it is for '
        f'{", ".join(sections)}; if {nearest!r} means this one, write {name!r}, or /**/{own} for '
        'any namespace'
    )


def _parameter_files(arguments: Sequence[str]) -> Iterator[Path]:
    for word, following in pairwise(ros_words(arguments)):
        if word == '--params-file':
            yield Path(following)


def _sections(tree: yaml.Node | None, prefix: str) -> Iterator[str]:
    """Yield the names of nodes that a file has parameters for; they may be nested."""
    if not isinstance(tree, yaml.MappingNode):
        return
    for key, value in tree.value:
        if key.value == _PARAMETERS:
            yield prefix
        else:
            yield from _sections(value, f'{prefix}/{str(key.value).strip("/")}')


def _matches(section: str, name: str) -> bool:
    """Tell whether a section is for a node: * stands for one name, ** for any number of them."""
    parts = (r'(/\w+)*' if part == '**' else '/' + _one(part) for part in section.split('/')[1:])
    return re.fullmatch(''.join(parts), name) is not None


def _one(part: str) -> str:
    return r'\w+' if part == '*' else re.escape(part)
