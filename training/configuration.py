"""What a training is told: one YAML file, or several of which the later ones replace entries."""

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path

import yaml


def add_option(parser: ArgumentParser, default: str = '') -> None:
    """Give a command `--config`, for `read`.

    Args:
        parser: of the command.
        default: a file beside this one; without it the option must be given.

    """
    parser.add_argument(
        '--config',
        type=Path,
        nargs='+',
        required=not default,
        default=[Path(__file__).parent / 'configs' / default] if default else None,
        help='a YAML file, or several: entries of later ones replace those of earlier ones',
    )


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


def changed(config: dict, assignments: Iterable[str]) -> dict:
    """Return a configuration with single entries replaced, for a stage of a recipe.

    Args:
        config: as `read` returns it; not written.
        assignments: `seed=22`, or `mixture.boxed=0` for an entry of an entry; values are YAML.

    Raises:
        ValueError: one is not of that form.

    """
    config = dict(config)
    for assignment in assignments:
        name, sign, value = assignment.partition('=')
        outer, _, inner = name.rpartition('.')
        held = config.get(outer, {}) if outer else config
        if not (sign and inner and isinstance(held, dict)):
            raise ValueError(
                f'--set {assignment} was given: allowed are name=value and, for an entry of an '
                'entry, name.name=value'
            )
        if outer:
            config[outer] = held | {inner: yaml.safe_load(value)}
        else:
            config[inner] = yaml.safe_load(value)
    return config
