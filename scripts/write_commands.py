"""Write docs/commands.md from what the command `picosam` takes."""

# ruff: noqa: SLF001, E501 - argparse tells what it takes in no other way; rows of tables are long

from __future__ import annotations

import argparse
from pathlib import Path

from picosam_ros.cli import COMMANDS, make_parser

ROOT = Path(__file__).parent.parent
PAGE = Path('docs/commands.md')

HEAD = """\
# The command `picosam`

Written by `make docs` from what the command takes. `python -m picosam_ros` is the same.

Every command takes `--json` (one JSON object on standard output, of `watch` one a second, of `review` and `label --page` first the page's address, nothing else), `--debug` (the
traceback of an error) and `--help` (with an example). Coordinates are pixels; the origin is the centre of the
top-left one. Colours and progress bars are for terminals only, and `NO_COLOR=1` turns colours off.

An output never replaces what the command reads, or another output, however the paths are written:
that is an error before any work. A file or a recording appears under its name when it is complete;
after an error there is none. Until then it is beside it, as `picosam_*.part`.
Where a name begins with `-`, put `./` before it.

| exit code | |
|---|---|
| 0 | success |
| 1 | an error, printed as one sentence on standard error, and also where standard output is closed or full; for `doctor`: something required does not work; for `prompt`: it was refused |
| 2 | a wrong command line |
| 130 | interrupted by Ctrl-C; `track` and `bag` finish the file that they write, `eval` prints its metrics so far, `label` keeps what is finished; `view`, `review`, `latency` and `watch` end with 0 |
"""
# Before an example that a test of the printed commands cannot run, see test/helpers/printed.py.
MARKS = {'view': '<!-- needs minutes: it runs until Ctrl-C -->\n\n'}
# What the command shows, below its example; scripts/film_page.py makes them.
PICTURES = {
    'segment': (
        'segment.jpg',
        'An astronaut after a click on the face, after the step to a larger object, and after a second point on the suit',
    ),
    'track': (
        'track.jpg',
        'The helmet in three images of a film, two seconds apart, while the hand pans and zooms',
    ),
    'eval': (
        'eval.jpg',
        'The contact sheet: objects of photographs with the masks that were found and the right ones',
    ),
    'view': (
        'viewer.jpg',
        'The page: the masks of a name tag, a helmet and a badge on a photograph, objects, latency, diagnostics',
    ),
}
COMMON = ('--help', '--json', '--debug')


def to_markdown(name: str, parser: argparse.ArgumentParser) -> str:
    """Section of one command."""
    command = COMMANDS[name]
    rows = [
        f'| {_written(action)} | {_cell(action)} |'
        for action in parser._actions
        if not any(common in action.option_strings for common in COMMON)
    ]
    table = '\n'.join(('| argument | |', '|---|---|', *rows)) + '\n' if rows else ''
    description, _, listing = command.DESCRIPTION.partition('\n\n')
    text = f'## {name}\n\n{description}\n\n{MARKS.get(name, "")}```bash\n{command.EXAMPLE}\n```\n\n'
    if name in PICTURES:
        file, shown = PICTURES[name]
        text += f'![{shown}](images/{file})\n\n'
    if listing:
        text += f'```text\n{listing}\n```\n\n'
    return (text + table).rstrip() + '\n'


def _written(action: argparse.Action) -> str:
    words = ', '.join(action.option_strings)
    value = action.metavar or ('' if words else action.dest.upper())
    if action.choices is not None:
        value = '|'.join(map(str, action.choices))
    elif action.nargs == 0:
        value = ''
    value = value.replace('|', '\\|') if isinstance(value, str) else ''
    return f'`{" ".join(filter(None, (words, value)))}`'


def _cell(action: argparse.Action) -> str:
    told = (action.help or '').replace('|', '\\|')
    return f'{told} (required)' if action.required and action.option_strings else told


def documents() -> dict[Path, str]:
    """Give the page's path, relative to the repository, and its text."""
    [subparsers] = (
        action.choices
        for action in make_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    sections = [to_markdown(name, subparsers[name]) for name in COMMANDS]
    return {PAGE: '\n'.join((HEAD, *sections))}


if __name__ == '__main__':
    for path, text in documents().items():
        (ROOT / path).write_text(text, encoding='utf-8')
