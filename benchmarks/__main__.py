"""`python -m benchmarks`: measure, and print the figures beside their targets."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from itertools import chain
from pathlib import Path

from benchmarks import machine
from benchmarks.report import Section
from picosam_ros.registry import nearest

# Each is a module with a TITLE and `measure(frames) -> rows`.
SECTIONS = (
    'engine',
    'large_pictures',
    'transport',
    'discovery',
    'overload',
    'memory',
    'costs',
    'in_sensor',
    'sensor_start',
    'clicks',
    'everything',
    'tracking',
    'cascade',
    'label',
    'cloud',
    'images',
    'viewer',
    'composition',
    'bandwidth',
    'start',
)
# Sets an environment up: minutes, and the network.
ON_REQUEST = ('first_start',)
FRAMES, QUICK_FRAMES = 300, 30


def main(arguments: list[str] | None = None) -> int:
    """Entry point; always 0: figures are printed, not asserted."""
    options = _parser().parse_args(arguments)
    frames = options.frames or (QUICK_FRAMES if options.quick else FRAMES)
    described = machine.describe()
    print(_heading(described, markdown=options.markdown))
    if machine.busy():
        print('The machine is busy with something else: preliminary figures.\n', file=sys.stderr)
    sections = {}
    for name in chain(*options.only) if options.only else SECTIONS:
        section = measure(name, frames)
        sections[name] = section
        print(section.to_markdown() if options.markdown else section.to_text(), flush=True)
    if options.json:
        _write(options.json, described, frames, sections)
    return 0


def measure(name: str, frames: int) -> Section:
    """Run one section."""
    module = import_module(f'benchmarks.sections.{name}')
    command = f"make bench ARGS='--only {name}'"
    return Section(name, module.TITLE, tuple(module.measure(frames)), command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m benchmarks', description=__doc__)
    parser.add_argument(
        '--only',
        action='append',
        type=_names,
        metavar='NAME,…',
        help=f'these sections: {", ".join(SECTIONS)}; and only so: {", ".join(ON_REQUEST)}',
    )
    parser.add_argument('--quick', action='store_true', help=f'{QUICK_FRAMES} frames each')
    parser.add_argument('--frames', type=int, help=f'to measure (default: {FRAMES})')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the results there, too')
    parser.add_argument('--markdown', action='store_true', help='tables for the documentation')
    return parser


def _names(given: str) -> list[str]:
    allowed = (*SECTIONS, *ON_REQUEST)
    names = [name.strip() for name in given.split(',')]
    for name in names:
        if name not in allowed:
            raise argparse.ArgumentTypeError(
                f'{name!r} is no section{nearest(name, allowed)}; allowed are '
                f'{", ".join(allowed)}, separated by commas'
            )
    return names


def _heading(described: dict[str, str], *, markdown: bool) -> str:
    mark = '- ' if markdown else '  '
    return '\n'.join(f'{mark}{name}: {value}' for name, value in described.items()) + '\n'


def _write(
    path: Path, described: dict[str, str], frames: int, sections: dict[str, Section]
) -> None:
    everything = {
        'machine': described,
        'frames': frames,
        'sections': {name: section.to_json() for name, section in sections.items()},
    }
    path.write_text(json.dumps(everything, indent=2, ensure_ascii=False) + '\n', encoding='utf-8')


if __name__ == '__main__':
    sys.exit(main())
