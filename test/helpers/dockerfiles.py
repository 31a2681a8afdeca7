"""A Dockerfile as its instructions, and the scripts in it."""

import re
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile: RUN, COPY, …, and what follows, on one line."""

    name: str
    value: str

    def __str__(self):
        return f'{self.name} {self.value[:30]}'


def instructions(path):
    """Return the instructions of a Dockerfile, in their order."""
    text = re.sub(r'^#.*\n', '', path.read_text(), flags=re.M).replace('\\\n', ' ')
    return [Instruction(*line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def check_syntax(script):
    """Assert that bash can read a script."""
    checked = subprocess.run(['bash', '-n'], input=script, capture_output=True, text=True)
    assert not checked.returncode, checked.stderr
    assert not checked.stderr
