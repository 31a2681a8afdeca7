"""Write docs/messages.md from the comments of the messages and services."""

# ruff: noqa: E501 - rows of tables are long

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = Path('docs/messages.md')

HEAD = """\
# Messages

Written by `make docs` from `msg/` and `srv/`. `ros2 interface show picosam_ros/msg/MaskArray` shows
the same in a terminal. Which topic carries what is in [interfaces.md](interfaces.md).

## Units and frames

| what | unit | frame |
|---|---|---|
| points, boxes, centroids, ROIs | pixels of the image, fractions allowed | origin at the *centre* of the top-left pixel, x to the right, y down |
| `Box2D` | pixels | the centres of its outermost pixels, both inside: 10 to 19 is 10 pixels wide |
| `Roi` | pixels | the outer edges of its pixels: x 10, width 10 are the same 10 pixels |
| areas | number of pixels of the image | |
| `Mask.probability` | 0 to 255; 128 and above is the object | pixels of the network, on the rectangle `Mask.roi` of the image |
| `Latency` | milliseconds | |
| `header.stamp` | the clock of ROS | the capture of the image, whatever is computed from it |
| `header.frame_id` | | the camera's optical frame: z forward, x right, y down (REP-103) |
| clouds, poses, markers | metres | the optical frame of the label mask; the grid is in `base_frame` |
"""

_FIELD = re.compile(
    r'(?P<type>[\w/]+(\[\])?)\s+(?P<name>\w+)(\s*=\s*(?P<value>\S+)|\s+(?P<default>[^\s#]+))?'
    r'\s*(#\s*(?P<meaning>.*))?'
)


@dataclass(frozen=True)
class Field:
    """A field or a constant of a message."""

    name: str
    type: str
    value: str
    default: str
    meaning: str


@dataclass
class Section:
    """A message, or one half of a service."""

    description: str = ''
    fields: list[Field] = field(default_factory=list)


def read(text: str) -> Section:
    """Take a message apart: its first comment is about all of it, the next ones about fields."""
    section, above = Section(), ''
    for block in re.split(r'\n\s*\n', text.strip()):
        lines = block.splitlines()
        remarks = [line.lstrip('# ') for line in lines if line.startswith('#')]
        above = ' '.join(remarks)
        if remarks and not section.fields and not section.description:
            section.description, above = above, ''
        section.fields += [
            _field(line, above) for line in lines if line and not line.startswith('#')
        ]
    return section


def _field(line: str, above: str) -> Field:
    found = _FIELD.fullmatch(line.strip())
    if found is None:
        raise ValueError(f'{line!r} is no field of a message')
    meaning = ': '.join(filter(None, (above.rstrip('.'), found['meaning'])))
    name, kind = found['name'], found['type']
    return Field(name, kind, found['value'] or '', found['default'] or '', meaning)


def to_markdown(section: Section) -> str:
    """Table of a section: constants by their value, fields by their type."""
    lines = ['| field | type | meaning |', '|---|---|---|']
    for item in section.fields:
        kind = f'= {item.value}' if item.value else item.type
        kind += f', default {item.default}' if item.default else ''
        name = f'*{item.name}*' if item.value else f'`{item.name}`'
        lines.append(f'| {name} | {kind} | {item.meaning.replace("|", "/")} |')
    return '\n'.join(lines) + '\n'


def documents() -> dict[Path, str]:
    """Give the page's path, relative to the repository, and its text."""
    parts = [HEAD]
    for path in sorted((ROOT / 'msg').glob('*.msg')):
        section = read(path.read_text(encoding='utf-8'))
        parts.append(f'## {path.stem}\n\n{section.description}\n\n{to_markdown(section)}')
    for path in sorted((ROOT / 'srv').glob('*.srv')):
        request, response = map(read, path.read_text(encoding='utf-8').split('\n---\n'))
        parts.append(
            f'## {path.stem} (service)\n\n{request.description}\n\n{to_markdown(request)}\n'
            f'The answer:\n\n{to_markdown(response)}'
        )
    return {PAGE: '\n'.join(parts)}


if __name__ == '__main__':
    for path, text in documents().items():
        (ROOT / path).write_text(text, encoding='utf-8')
