"""Launch arguments out of the parameter tables of the nodes."""

from __future__ import annotations

from collections.abc import Sequence

from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.parameter_descriptions import ParameterValue

from picosam_ros.ros.parameters import AUTOSTART, Parameter

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


def name_arguments(default: str = '') -> list[DeclareLaunchArgument]:
    """Return the arguments `namespace` and, where a node has a default name, `name`."""
    arguments = [
        DeclareLaunchArgument('namespace', default_value='', description='Prefix of all names.')
    ]
    if default:
        description = 'Name of the node; each node needs its own.'
        arguments.append(
            DeclareLaunchArgument('name', default_value=default, description=description)
        )
    return arguments
