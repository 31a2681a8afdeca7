"""What the documentation prints: blocks of code, and what marks them as not for this machine."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What a block may need that a test cannot have. The mark stands before it, unseen by readers:
# <!-- needs ROS 2 from apt: rviz2 -->
REASONS = (
    'hardware',
    'a person',  # test/commands/test_label_page_command.py gives the prompts over HTTP
    'ROS 2 from apt',
    'minutes',  # the README, followed literally, runs these: see test_readme_literally.py
    'training data',
    'Docker',
    "Sony's tools",
)
MARK = re.compile(r'<!-- needs (?P<reason>[^:>]+?)(:[^>]*)?-->')
# What follows the language is shown by no reader: none of it changes what the block is.
FENCE = re.compile(r'^(?P<margin> *)(?P<mark>```+|~~~+) *(?P<kind>\w*).*$')
SHELLS = ('sh', 'bash', 'shell', 'console', 'zsh')
# The first words of what is no command: YAML, JSON, Python, a Dockerfile.
LISTING = re.compile(r'(- |\{|from \w|import \w|FROM |[a-z_]+: )')


@dataclass(frozen=True)
class Block:
    """Some lines of code.

    Attributes:
        page: relative to the repository.
        line: of its first line, from 1 on.
        kind: what the fence names; empty for indented code.
        text: without its margin.
        needs: the reason of the mark before it; empty without one.

    """

    page: str
    line: int
    kind: str
    text: str
    needs: str

    def __str__(self):
        return f'{self.page}:{self.line}'

    @property
    def is_listing(self):
        """Whether it is something else than commands."""
        return self.kind not in SHELLS if self.kind else bool(LISTING.match(self.text))


def pages():
    """Return every page that people read."""
    single = ('README.md', 'CONTRIBUTING.md', 'training/README.md')
    card = ROOT / 'picosam_ros' / 'models' / 'MODEL_CARD.md'
    return [*(ROOT / page for page in single), *sorted(ROOT.glob('docs/*.md')), card]


def blocks(page):
    """Yield the blocks of code of a page, fenced ones and indented ones."""
    lines, needs, number = page.read_text().splitlines(), '', 0
    name = str(page.relative_to(ROOT))
    while number < len(lines):
        start = number
        mark, fence = MARK.search(lines[number]), FENCE.match(lines[number])
        number += 1
        if mark:
            needs = mark['reason'].strip()
        elif fence:
            while lines[number].strip() != fence['mark']:
                number += 1
            yield Block(name, start + 2, fence['kind'], cut(lines[start + 1 : number]), needs)
            number, needs = number + 1, ''
        elif begins_code(lines, start):
            margin = len(lines[start]) - len(lines[start].lstrip())
            while number < len(lines) and belongs(lines, number, margin):
                number += 1
            yield Block(name, start + 1, '', cut(lines[start:number]), needs)
            needs = ''
        elif lines[start].strip():
            # A mark is about what follows at once.
            needs = ''


def begins_code(lines, number):
    """Tell whether an indented block begins here: after an empty line, and deeper than a list."""
    if not lines[number].startswith('    ') or (number and lines[number - 1].strip()):
        return False
    above = [line for line in lines[:number] if line.strip()]
    listed = re.match(r' *([-*]|\d+\.) +', above[-1]) if above else None
    return not re.match(r' *([-*]|\d+\.) ', lines[number]) or not listed


def belongs(lines, number, margin):
    """Tell whether a line goes on with an indented block; an empty one may lie within."""
    if lines[number].strip():
        return lines[number].startswith(' ' * margin)
    following = next((line for line in lines[number:] if line.strip()), '')
    return following.startswith(' ' * margin)


def cut(lines):
    """Take the margin away."""
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return '\n'.join(line[margin:] for line in lines).strip('\n') + '\n'


def all_blocks():
    """Return the blocks of all pages."""
    return [block for page in pages() for block in blocks(page)]
