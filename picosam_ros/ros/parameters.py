"""Parameters as tables: one declaration gives the checks, `ros2 param describe` and the docs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
    from rclpy.node import Node

# Launch files read the tables: ROS is imported where a node declares them.

Value = bool | int | float | str


@dataclass(frozen=True)
class Parameter:
    """One parameter of a node.

    Attributes:
        name: as in `ros2 param`.
        default: its type is the parameter's type.
        description: one sentence.
        low, high: allowed range of a number, both ends included.
        choices: allowed values of a text.
        read_only: fixed once the node has started.

    """

    name: str
    default: Value
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = False

    @property
    def type(self) -> str:
        """Return bool, int, double or string."""
        names = {bool: 'bool', int: 'int', float: 'double', str: 'string'}
        return names[type(self.default)]

    @property
    def text(self) -> str:
        """Return the default as launch files and YAML write it."""
        return str(self.default).lower() if isinstance(self.default, bool) else str(self.default)

    @property
    def allowed(self) -> str:
        """Return the values that it may have, in words."""
        if self.choices:
            return ', '.join(self.choices)
        if self.low is not None and self.high is not None:
            return f'{self.low:g} to {self.high:g}'
        return 'true, false' if self.type == 'bool' else 'any'

    def descriptor(self) -> ParameterDescriptor:
        """Return what rclpy enforces: type, range and read-only."""
        from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

        descriptor = ParameterDescriptor(description=self.description, read_only=self.read_only)
        if self.choices:
            descriptor.additional_constraints = f'one of: {self.allowed}'
        if self.low is not None and self.high is not None:
            if self.type == 'int':
                descriptor.integer_range = [
                    IntegerRange(from_value=int(self.low), to_value=int(self.high), step=1)
                ]
            else:
                descriptor.floating_point_range = [
                    FloatingPointRange(from_value=float(self.low), to_value=float(self.high))
                ]
        return descriptor

    def complaint(self, value: Any) -> str:
        """Return why a text is refused; empty if it is allowed. rclpy itself checks numbers."""
        if self.choices and value not in self.choices:
            return f'parameter {self.name!r} was set to {value!r}; allowed are {self.allowed}'
        return ''


AUTOSTART = Parameter(
    'autostart',
    True,
    'Configure and activate at start; false leaves that to a lifecycle manager.',
    read_only=True,
)


class Parameters:
    """The declared parameters of a node; `parameters['rate']` reads the present value.

    A parameter that was given and that the node does not have, such as a typo in a YAML file, is
    logged as a warning.

    Args:
        node: that has them.
        table: of its parameters.
        elsewhere: names of the parameters of other nodes of this process, which get the same ones.

    Attributes:
        names: of its parameters.

    Raises:
        rclpy.exceptions.InvalidParameterValueException: a value from the command line or a
            file is out of range or not among the choices.

    """

    def __init__(
        self, node: Node, table: Sequence[Parameter], elsewhere: Collection[str] = ()
    ) -> None:
        self._node = node
        self._table = {parameter.name: parameter for parameter in table}
        # Before the declarations, so that it sees the initial values, too.
        node.add_on_set_parameters_callback(self._check)
        for parameter in table:
            node.declare_parameter(parameter.name, parameter.default, parameter.descriptor())
        # rclpy has no public list of what the command line and the files gave.
        for name in node._parameter_overrides:  # noqa: SLF001
            known = node.has_parameter(name) or name in elsewhere
            if not (known or name.startswith('qos_overrides.')):
                node.get_logger().warning(self._unknown(name))

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._table)

    def __getitem__(self, name: str) -> Any:
        return self._node.get_parameter(name).value

    def warn_unused(self, names: Sequence[str], why: str) -> None:
        """Log which of some parameters were set in vain; the default of one is as good as unset.

        Args:
            names: of those that have no effect now.
            why: what follows `has no effect with`.

        """
        for name in names:
            if self[name] != self._table[name].default:
                self._node.get_logger().warning(
                    f'parameter {name!r} was set to {self[name]!r}, which has no effect with {why}'
                )

    def _unknown(self, name: str) -> str:
        nearest = get_close_matches(name, self._table, n=1)
        advice = f'did you mean {nearest[0]!r}?' if nearest else f'it has {", ".join(self._table)}'
        return f'parameter {name!r} was given, which this node does not have; {advice}'

    def _check(self, changes: Sequence[Any]) -> SetParametersResult:
        from rcl_interfaces.msg import SetParametersResult

        complaints = [
            complaint
            for change in changes
            if change.name in self._table
            and (complaint := self._table[change.name].complaint(change.value))
        ]
        return SetParametersResult(successful=not complaints, reason='; '.join(complaints))


def to_markdown(table: Sequence[Parameter]) -> str:
    """Return the table for the documentation."""
    rows = [
        '| parameter | type | default | allowed | at run time | meaning |',
        '|---|---|---|---|---|---|',
    ]
    for p in table:
        shown = f'`{p.text}`' if p.text else 'empty'
        when = 'fixed' if p.read_only else 'changes'
        rows.append(f'| `{p.name}` | {p.type} | {shown} | {p.allowed} | {when} | {p.description} |')
    return '\n'.join(rows) + '\n'


def to_yaml(node: str, table: Sequence[Parameter]) -> str:
    """Return the table as a parameter file with every default."""
    lines = [f'/**/{node}:', '  ros__parameters:']
    for p in table:
        value = f"'{p.text}'" if p.type == 'string' else p.text
        allowed = f' ({p.allowed})' if p.choices or p.low is not None else ''
        lines += [f'    # {p.description}{allowed}', f'    {p.name}: {value}']
    return '\n'.join(lines) + '\n'
