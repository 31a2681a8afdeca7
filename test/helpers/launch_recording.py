"""Launch files without launch, which the wheels of PyPI lack: what they ask for is recorded."""

import re
import runpy
import sys
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from types import ModuleType
from unittest import mock

from picosam_ros.ros.parameters import AUTOSTART

ROOT = Path(__file__).parents[2]


@dataclass
class Call:
    """A name of launch or launch_ros, and what a launch file gives to it."""

    name: str
    given: tuple
    named: dict


class Recording:
    """All that a launch file asks for."""

    def __init__(self, path):
        self.calls = []
        ours = Path(find_spec('picosam_ros.ros.launch_arguments').origin)
        text = path.read_text() + ours.read_text()
        modules = set(re.findall(r'^from (launch[\w.]*) import', text, re.MULTILINE))
        with mock.patch.dict(sys.modules, {name: self._recorder(name) for name in modules}):
            sys.modules.pop('picosam_ros.ros.launch_arguments', None)
            self.description = runpy.run_path(str(path))['generate_launch_description']()

    def _recorder(self, module_name):
        module = ModuleType(module_name)
        module.__getattr__ = lambda name: partial(self._record, name)
        return module

    def _record(self, name, /, *given, **named):
        self.calls.append(Call(name, given, named))
        return self.calls[-1]

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
