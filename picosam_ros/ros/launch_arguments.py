"""Launch arguments out of the parameter tables of the nodes."""

from __future__ import annotations

from collections.abc import Sequence

from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.parameter_descriptions import ParameterValue

from picosam_ros.ros.parameters import AUTOSTART, Parameter

# A node that ended is left alone for so many seconds.
RESPAWN_DELAY_S = 2.0

TRUE_OR_FALSE = ('true', 'false')


def arguments_of(
    table: Sequence[Parameter], names: Sequence[str] = ()
) -> tuple[list[DeclareLaunchArgument], dict[str, ParameterValue]]:
    """Return a launch argument for each parameter of a node, and the parameters that they set.

    Args:
        table: of the node, without `autostart`, which every node has.
        names: of the parameters, where not all of them are launch arguments.

    """
    rows = [row for row in (*table, AUTOSTART) if not names or row.name in names]
    return [_declared(row) for row in rows], {row.name: _typed(row) for row in rows}


def _declared(row: Parameter) -> DeclareLaunchArgument:
    choices = TRUE_OR_FALSE if row.type == 'bool' else row.choices
    return DeclareLaunchArgument(
        row.name,
        default_value=row.text,
        description=row.description,
        **({'choices': list(choices)} if choices else {}),
    )


def _typed(row: Parameter) -> ParameterValue:
    # Without its type `source:=2` would become a number, and `rate:=15` no double.
    return ParameterValue(LaunchConfiguration(row.name), value_type=type(row.default))


def enclave_arguments() -> list[str | LaunchConfiguration]:
    """Return the `ros_arguments` of a node that puts it into its enclave."""
    return ['--enclave', LaunchConfiguration('enclave')]


def companion_argument(only: str = '') -> DeclareLaunchArgument:
    """Return the argument `with`, which `companion_words` pass on.

    Args:
        only: the one companion that is allowed, where the launch file starts the other one itself.

    """
    return DeclareLaunchArgument(
        'with',
        default_value='',
        description=f'Nodes that share its process, as {only or "cloud,viewer"}; empty for none.',
        **({'choices': ['', only]} if only else {}),
    )


def companion_words() -> list[list[str | LaunchConfiguration]]:
    """Return the `arguments` of a node that take others into its process."""
    return [['--with=', LaunchConfiguration('with')]]


def namespace_argument() -> DeclareLaunchArgument:
    """Return the argument `namespace`."""
    description = 'Prefix of all names; of two cameras each needs one, or both publish image_raw.'
    return DeclareLaunchArgument('namespace', default_value='', description=description)


def name_arguments(default: str = '') -> list[DeclareLaunchArgument]:
    """Return the arguments `namespace`, `enclave` and, where a node has a default name, `name`."""
    enclave = 'Enclave of SROS 2, for a secured graph.'
    arguments = [
        namespace_argument(),
        DeclareLaunchArgument('enclave', default_value='/', description=enclave),
    ]
    if default:
        description = 'Name of the node; each node of a namespace needs its own.'
        arguments.append(
            DeclareLaunchArgument('name', default_value=default, description=description)
        )
    return arguments


def respawn_argument(more: str = '') -> DeclareLaunchArgument:
    """Return the argument `respawn`; `more` says what else it brings."""
    return DeclareLaunchArgument(
        'respawn',
        default_value='false',
        choices=list(TRUE_OR_FALSE),
        description=f'Start a node again {RESPAWN_DELAY_S:g} s after it ended{more}.',
    )


def respawn() -> dict[str, object]:
    """Return what a Node gets for that argument."""
    return {'respawn': LaunchConfiguration('respawn'), 'respawn_delay': RESPAWN_DELAY_S}
