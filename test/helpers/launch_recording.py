"""Launch files without launch, which the wheels of PyPI lack: what they ask for is recorded."""

import re
import runpy
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from types import ModuleType
from unittest import mock

from picosam_ros.ros.parameters import AUTOSTART

ROOT = Path(__file__).parents[2]
# Of ours, what imports launch.
OURS = ('picosam_ros.ros.launch_arguments', 'picosam_ros.ros.launch_nodes')


def _origin(module):
    return Path(find_spec(module).origin)


@dataclass
class Call:
    """A name of launch or launch_ros, and what a launch file gives to it."""

    name: str
    given: tuple
    named: dict

    def add_action(self, action):
        """As a description does."""
        self.given[0].append(action)


class Recording:
    """All that a launch file asks for."""

    def __init__(self, path):
        self.calls = []
        self._classes = {}
        text = ''.join(each.read_text() for each in (path, *map(_origin, OURS)))
        modules = set(re.findall(r'^from (launch[\w.]*) import', text, re.MULTILINE))
        with mock.patch.dict(sys.modules, {name: self._recorder(name) for name in modules}):
            for ours in OURS:
                sys.modules.pop(ours, None)
            self.description = runpy.run_path(str(path))['generate_launch_description']()

    def _recorder(self, module_name):
        module = ModuleType(module_name)
        module.__getattr__ = self._recorded
        return module

    def _recorded(self, name):
        """Give a class, which our own functions can ask for with isinstance."""

        def init(call, /, *given, **named):
            Call.__init__(call, name, given, named)
            self.calls.append(call)

        if name not in self._classes:
            self._classes[name] = type(name, (Call,), {'__init__': init})
        return self._classes[name]

    def all(self, name):
        return [call for call in self.calls if call.name == name]

    @property
    def arguments(self):
        """The declared arguments by name."""
        return {call.given[0]: call.named for call in self.all('DeclareLaunchArgument')}

    @property
    def nodes(self):
        """Our own."""
        return [call.named for call in self.all('Node') if call.named['package'] == 'picosam_ros']

    @property
    def parameters(self):
        """Give each parameter that an argument sets: its name, row in the node's table, value."""
        return [each for each in self.settings if isinstance(each[2], Call)]

    @property
    def settings(self):
        """Give the same for every parameter that is set; what is fixed is a plain value."""
        for node in self.nodes:
            module = import_module(f'picosam_ros.nodes.{node["executable"]}')
            for parameters in node.get('parameters', []):
                for name, value in parameters.items():
                    table = (*module.PARAMETERS, AUTOSTART)
                    rows = [row for row in table if row.name == name]
                    yield name, rows[0] if rows else None, value

    def files(self, call):
        """Give the files that a PathJoinSubstitution may name: one for each choice."""
        [[share, *parts]] = call.given
        assert share.name == 'FindPackageShare'
        assert share.given == ('picosam_ros',)
        paths = [ROOT.joinpath(*names) for names in product(*map(self._choices, parts))]
        return [path if path.suffix else path.with_suffix('.launch.py') for path in paths]

    def _choices(self, part):
        return self.arguments[part.given[0]]['choices'] if isinstance(part, Call) else [part]
