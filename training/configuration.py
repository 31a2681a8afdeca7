"""What a training is told: one YAML file, or several of which the later ones replace entries."""

from collections.abc import Iterable
from pathlib import Path

import yaml

HELP = 'a YAML file, or several: entries of later ones replace those of earlier ones'


def read(paths: Iterable[Path]) -> dict:
    """Read the files in order; an entry of a later one takes the place of an earlier one's.

    Raises:
        ValueError: a file has something else than entries.

    """
    config: dict = {}
    for path in paths:
        entries = yaml.safe_load(path.read_text())
        if not isinstance(entries, dict):
            raise ValueError(f'{path} has no entries of the form `name: value`')
        config |= entries
    return config
