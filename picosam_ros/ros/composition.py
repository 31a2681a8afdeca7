"""Several nodes in one process: which ones a command line names, and what connects them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

from picosam_ros.ros import start
from picosam_ros.ros.local_topics import LocalTopics
from picosam_ros.ros.parameters import Parameter

OPTION = '--with'

_REMAPS, _PARAMETERS = ('-r', '--remap'), ('-p', '--param')
# Unlike one with a name before it, as in cloud:__node:=NAME, it renames all nodes of a process.
_RENAMES = ('__node:=', '__name:=')


@dataclass(frozen=True)
class Wiring:
    """What a node gets where the user gives nothing else.

    Attributes:
        parameters: name to value.
        remaps: name of a topic to its full name.

    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    remaps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Companion:
    """A node that can join the process of another one.

    Attributes:
        make: makes it, with options of ManagedNode.
        parameters: its table.
        wiring: returns what connects it with the process's first node, a SegmentationNode.
        profile: of Fast DDS; see process.prepare.

    """

    make: Callable[..., Any]
    parameters: Sequence[Parameter]
    wiring: Callable[[Any], Wiring]
    profile: str


def take_names(
    arguments: Sequence[str], known: Mapping[str, Companion]
) -> tuple[list[str], list[str]]:
    """Return the names that follow `--with`, and the command line without them.

    Raises:
        StartError: a name is unknown or there twice.

    """
    if not known:
        return [], list(arguments)
    names, others = [], []
    of_ros = False
    words = iter(arguments)
    for word in words:
        of_ros = word == '--ros-args' or (of_ros and word != '--')
        option, equals, value = word.partition('=')
        if of_ros or option != OPTION:
            others.append(word)
        else:
            names += _names(value if equals else next(words, '-'), known)
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise _refused(f'{doubled[0]!r} twice', known)
    return names, others


def make_nodes(
    make: Callable[..., Any], chosen: Mapping[str, Companion], arguments: Sequence[str]
) -> Iterator[Any]:
    """Yield the first node of a process, then its companions; each as it is made.

    Args:
        make: makes the first one, with options of ManagedNode.
        chosen: the companions by name.
        arguments: of the command line.

    Raises:
        StartError: ROS refuses a node, or what it needs is not installed.

    """
    elsewhere = {row.name for each in chosen.values() for row in each.parameters}
    shared = {'local_topics': LocalTopics(), 'elsewhere': elsewhere}
    first = start.create_node(partial(make, **shared))
    yield first
    elsewhere |= first.parameters.names
    for name, companion in chosen.items():
        own = arguments_of(name, companion.wiring(first), arguments)
        # Its own arguments alone: those of the process would rename it as the first one.
        options = {**shared, 'cli_args': own, 'use_global_arguments': False}
        try:
            yield start.create_node(partial(companion.make, **options))
        except ImportError as error:
            raise start.StartError(
                f'the node {name} cannot start: {error}; `picosam doctor` tells what is missing'
            ) from error


def arguments_of(name: str, wiring: Wiring, arguments: Sequence[str]) -> list[str]:
    """Return the ROS arguments of a companion.

    Of those of the process it does not get what renames the first node. What is given for its name
    (-p NAME:PARAMETER:=VALUE) holds in a namespace, too: ROS compares that name with the full one.

    Args:
        name: of the companion.
        wiring: what holds where the command line says nothing else.
        arguments: of the command line.

    """
    given, own = [], []
    for flag, word in _pairs(start.ros_words(arguments)):
        if flag in _REMAPS and word.startswith(_RENAMES):
            continue
        value = word.removeprefix(f'{name}:')
        if flag in _PARAMETERS and value != word and not value.startswith('='):
            own += [flag, value]
        else:
            given += [flag, word] if word else [flag]
    # The last of several values and the first of several remaps holds.
    defaults = [w for key, value in wiring.parameters.items() for w in ('-p', f'{key}:={value}')]
    remaps = [w for old, new in wiring.remaps.items() for w in ('-r', f'{old}:={new}')]
    return ['--ros-args', *defaults, *given, *own, *remaps]


def _names(value: str, known: Mapping[str, Companion]) -> list[str]:
    if value.startswith('-'):  # an option, or the end: nothing was given
        raise _refused('no node', known)
    names = [name for each in value.split(',') if (name := each.strip())]
    if unknown := [name for name in names if name not in known]:
        raise _refused(repr(unknown[0]), known)
    return names


def _refused(given: str, known: Mapping[str, Companion]) -> start.StartError:
    return start.StartError(
        f'{OPTION} names {given}; allowed are {", ".join(known)}, each once and separated by '
        f'commas, as in {OPTION} {",".join(known)}'
    )


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each flag with the word that follows; an empty one where that is a flag, too."""
    for word, following in pairwise([*words, '-']):
        if word.startswith('-'):
            yield word, '' if following.startswith('-') else following
