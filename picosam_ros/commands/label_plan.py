"""The plan of `picosam label`: its command line, with what the recordings themselves say."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from picosam_ros.commands.arguments import engine_options, prompt_of
from picosam_ros.engines import ENGINES
from picosam_ros.labelling.job import EngineChoice
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.labelling.plan import Plan, PlannedRecording
from picosam_ros.models import DEFAULT_MODEL

# Letters that the names of files have on every system.
_UNFIT = re.compile(r'[^\w.-]+')


def make_plan(arguments: argparse.Namespace) -> Plan:
    """Return what the command line asks for; a usage error where that is contradictory.

    Raises:
        PicosamError: a recording or the file of prompts cannot be read.

    """
    named = names_of(arguments.recordings)
    keys = _keys(arguments, list(named))
    recordings = [
        _recording(name, path, arguments.image_topic, keys[name]) for name, path in named.items()
    ]
    # The masks must not depend on how busy the machine is, nor on the number of processes: `auto`
    # takes the network that is fast enough, and threads of a network add in another order.
    options = {'model': DEFAULT_MODEL, **engine_options(arguments), 'threads': 1}
    if 'model' not in ENGINES.options_of(arguments.engine):
        del options['model']
    return Plan(
        tuple(recordings),
        EngineChoice(arguments.engine, options),
        arguments.formats,
        arguments.polygons,
        arguments.change,
        arguments.validation,
    )


def names_of(paths: Sequence[Path]) -> dict[str, Path]:
    """Return the recordings by names for files: that of the path, numbered where it is not new."""
    named: dict[str, Path] = {}
    for path in paths:
        stem = path.name if path.is_dir() else path.name.partition('.')[0]
        stem = _UNFIT.sub('_', stem or path.resolve().name) or 'recording'
        name, number = stem, 1
        while name in named:
            number += 1
            name = f'{stem}-{number}'
        named[name] = path
    return named


def _keys(arguments: argparse.Namespace, names: list[str]) -> Mapping[str, tuple[KeyPrompt, ...]]:
    one = bool(arguments.points) or arguments.box is not None
    if one == (arguments.prompts is not None):
        arguments.usage_error(
            'give one object with --point X,Y or --box X0,Y0,X1,Y1, or several with --prompts FILE'
        )
    if one:
        key = KeyPrompt(arguments.key_image, prompt_of(arguments), arguments.name)
        return dict.fromkeys(names, (key,))
    from picosam_ros.labelling.prompt_file import read_key_prompts

    return read_key_prompts(arguments.prompts, names)


def _recording(name: str, path: Path, topic: str, keys: tuple[KeyPrompt, ...]) -> PlannedRecording:
    from picosam_ros.sequences import open_sequence

    with closing(open_sequence(path, topic)) as sequence:
        return PlannedRecording(name, path, topic, keys, sequence.total)
