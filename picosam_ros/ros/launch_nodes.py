"""The start and the end of the nodes of a launch file: what is missing, and what fails.

launch itself forgets what it has just started when a later action of the same file raises: its
nodes run on, orphaned. And it returns 0 where a node died. Both hold for Humble to Kilted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any

from ament_index_python.packages import PackageNotFoundError
from launch import LaunchDescription  # type: ignore[attr-defined]  # the folder launch hides it
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ShutdownProcess
from launch.logging import get_logger
from launch.substitutions import LaunchConfiguration, SubstitutionFailure
from launch_ros.actions import Node
from launch_ros.substitutions import ExecutableInPackage
from launch_ros.utilities import make_namespace_absolute, prefix_namespace

# Arguments that launch reads itself, in every launch file.
_OF_LAUNCH = (
    'emulate_tty',
    'launch-prefix',
    'launch-prefix-filter',
    'sigkill_timeout',
    'sigterm_timeout',
)


class LaunchError(RuntimeError):
    """A launch that cannot begin; launch logs the sentence, and its exit code is 1."""


def described(*entities: Any) -> LaunchDescription:
    """Return the description of a launch file.

    Before its first node starts, it looks for what its nodes need. An error in what follows ends
    those that run already. A node that fails makes the exit code of the launch 1, unless it is
    started again (the argument `respawn`); the nodes of others go on.

    Args:
        entities: in their order; the arguments are declared first.

    """
    arguments = [each for each in entities if isinstance(each, DeclareLaunchArgument)]
    others = [each for each in entities if not isinstance(each, DeclareLaunchArgument)]
    nodes = [each for each in others if isinstance(each, Node)]
    description = LaunchDescription([*arguments, OpaqueFunction(function=_look_for, args=[nodes])])
    # Before what follows: launch takes the last file that was included for the present one.
    description.add_action(OpaqueFunction(function=_tell_unknown, args=[description]))
    for each in others:
        for part in _watched(each):
            description.add_action(part)
    return description


def end_together(namespace: Any, *names: Any) -> OpaqueFunction:
    """Let the nodes of those names end with the first of them that fails.

    Only they: a robot that includes the launch file goes on.

    Args:
        namespace: of the nodes.
        names: of the nodes; both are texts or substitutions.

    """
    return OpaqueFunction(function=_bind, args=[namespace, names])


def _look_for(context: Any, nodes: list[Any]) -> None:
    wanted = [node for node in nodes if node.condition is None or node.condition.evaluate(context)]
    if missing := list(filter(None, (_missing(context, node) for node in wanted))):
        raise LaunchError('; '.join(missing))


def _missing(context: Any, node: Any) -> str:
    package, executable = node.node_package, node.node_executable
    try:
        ExecutableInPackage(package=package, executable=executable).perform(context)
    except PackageNotFoundError:
        distribution = os.environ.get('ROS_DISTRO', '$ROS_DISTRO')
        debian = package.replace('_', '-')
        return (
            f'package {package!r} is not installed, so nothing was started: '
            f'sudo apt install ros-{distribution}-{debian}, or source the workspace that has it'
        )
    except SubstitutionFailure as error:
        return f'{str(error).strip()}, so nothing was started: build and install {package} again'
    return ''


def _watched(entity: Any) -> Iterator[Any]:
    yield entity
    if isinstance(entity, Node):
        yield OpaqueFunction(function=_watch, args=[entity])


def _watch(context: Any, node: Any) -> list[Any]:
    """Let launch wait for a node even where a later action raises, and hear of its failure."""
    future = node.get_asyncio_future()
    if future is None:  # its condition does not hold
        return []
    context.add_completion_future(future)
    if _respawns(context):
        return []
    return [RegisterEventHandler(OnProcessExit(target_action=node, on_exit=_ended))]


def _ended(event: Any, context: Any) -> None:
    if _failed(event, context):
        # The one way to another exit code that lets the nodes of others go on: what launch
        # hears of an exception. See LaunchService.run_async.
        sentence = f'{event.process_name} failed, see above; the exit code of this launch is 1'
        context.asyncio_loop.call_exception_handler({'message': sentence})


def _failed(event: Any, context: Any) -> bool:
    return bool(event.returncode) and not context.is_shutdown


def _respawns(context: Any) -> bool:
    # Of the present scope: later, when a node ends, that scope is gone.
    return str(LaunchConfiguration('respawn', default='false').perform(context)) == 'true'


def _bind(context: Any, namespace: Any, names: tuple[Any, ...]) -> list[Any]:
    if _respawns(context):
        return []
    given, *own = (_text(context, each) for each in (namespace, *names))
    # As launch_ros names a node: below the namespace that was pushed, unless its own is absolute.
    pushed = context.launch_configurations.get('ros_namespace')
    absolute = make_namespace_absolute(prefix_namespace(pushed, given))
    full = {prefix_namespace(absolute, name) for name in own}

    def is_one(action: Any) -> bool:
        return isinstance(action, Node) and action.node_name in full

    def on_exit(event: Any, context: Any) -> Any:
        if is_one(event.action) and _failed(event, context):
            return EmitEvent(event=ShutdownProcess(process_matcher=is_one))
        return None

    return [RegisterEventHandler(OnProcessExit(on_exit=on_exit))]


def _text(context: Any, value: Any) -> str:
    return value if isinstance(value, str) else str(value.perform(context))


def _tell_unknown(context: Any, description: Any) -> None:
    """Log the arguments that nobody reads: launch passes over them."""
    path = Path(context.locals.current_launch_file_path)
    # Of a file that includes this one, the command line has arguments of its own.
    if not _is_launched(path):
        return
    declared = [argument.name for argument in description.get_launch_arguments()]
    given = [word.partition(':=')[0] for word in context.argv]
    unknown = [name for name in given if name not in (*declared, *_OF_LAUNCH)]
    for name in unknown:
        get_logger('launch').warning(_unknown(name, path.name, declared))


def _is_launched(path: Path) -> bool:
    """Return whether the command line names a file of ours: `picosam_ros FILE`, or its path."""
    return any(
        Path(word).name == path.name
        and (before == 'picosam_ros' or (Path(word).exists() and path.samefile(word)))
        for before, word in pairwise(('', *sys.argv))
    )


def _unknown(name: str, file: str, declared: list[str]) -> str:
    nearest = get_close_matches(name, declared, n=1)
    advice = f'did you mean {nearest[0]!r}?' if nearest else '--show-args lists those that it has'
    return f'launch argument {name!r} has no effect: {file} does not have it; {advice}'
