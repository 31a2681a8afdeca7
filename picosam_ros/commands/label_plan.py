"""The plan of `picosam label`: its command line, with what the recordings themselves say."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picosam_ros.commands.arguments import engine_options, prompt_of
from picosam_ros.commands.outputs import is_same
from picosam_ros.engines import ENGINES
from picosam_ros.errors import DatasetError, PromptError
from picosam_ros.labelling.job import EngineChoice
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.labelling.plan import Plan, PlannedRecording
from picosam_ros.models import DEFAULT_MODEL
from picosam_ros.sequences.folder import FolderSequence
from picosam_ros.sequences.open import open_sequence

if TYPE_CHECKING:
    from picosam_ros.labelling.box_keys import BoxPrompts
    from picosam_ros.sequences.base import ImageSequence

# Letters that the names of files have on every system.
_UNFIT = re.compile(r'[^\w.-]+')


def make_plan(arguments: argparse.Namespace) -> tuple[Plan, list[str]]:
    """Return what the command line asks for, and notes; a usage error if that is contradictory.

    Raises:
        PicosamError: a recording, or the prompts, cannot be read.

    """
    given = check_one_source(arguments)
    notes: list[str] = []
    named = names_of(arguments.recordings)
    keys = _keys_of_file(arguments, list(named)) if given == '--prompts' else {}
    recordings = []
    for name, path in named.items():
        with open_sequence(path, arguments.image_topic) as sequence:
            if given in ('--detections', '--boxes'):
                found = _boxes(arguments, path, sequence)
                notes += [f'{name}: {note}' for note in found.notes]
                keys[name] = found.keys
            total = sequence.total
        found_keys = keys.get(name, ()) if given != '--point' else (_one(arguments),)
        recordings.append(PlannedRecording(name, path, arguments.image_topic, found_keys, total))
    plan = Plan(
        tuple(recordings),
        engine_choice(arguments),
        arguments.formats,
        arguments.polygons,
        arguments.change,
        arguments.validation,
    )
    if not plan.names:
        raise PromptError('there is no prompt, so there is nothing to label; ' + '; '.join(notes))
    return plan, notes


def engine_choice(arguments: argparse.Namespace) -> EngineChoice:
    """Return the engine that labels."""
    return EngineChoice(arguments.engine, _options(arguments))


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return options of the engine with which the masks do not depend on the machine's load.

    `auto` takes the network that is fast enough, and several threads may add in another order.
    """
    options = {'model': DEFAULT_MODEL, **engine_options(arguments), 'threads': 1}
    known = ENGINES.options_of(arguments.engine)
    return {name: value for name, value in options.items() if name != 'model' or name in known}


def names_of(paths: Sequence[Path]) -> dict[str, Path]:
    """Return the recordings by names for files: that of the path, numbered where it is not new.

    Raises:
        DatasetError: one is given twice.

    """
    named: dict[str, Path] = {}
    for path in paths:
        stem = path.name if path.is_dir() else path.name.partition('.')[0]
        stem = _UNFIT.sub('_', stem or path.resolve().name) or 'recording'
        if any(is_same(path, other) for other in named.values()):
            raise DatasetError(
                f'the recording {path} is given twice; its images would be for training and for '
                'validation: give each recording once'
            )
        name, number = stem, 1
        while name in named:
            number += 1
            name = f'{stem}-{number}'
        named[name] = path
    return named


def check_one_source(arguments: argparse.Namespace) -> str:
    """Return the option that says where the prompts come from."""
    sources = {
        '--point': arguments.points or arguments.box,
        '--prompts': arguments.prompts,
        '--detections': arguments.detections,
        '--boxes': arguments.boxes,
        '--page': arguments.page,
    }
    given = [name for name, value in sources.items() if value]
    if len(given) != 1:
        arguments.usage_error(
            'give prompts in one way: --point X,Y or --box X0,Y0,X1,Y1 for one object, --prompts '
            "FILE for several, --detections TOPIC or --boxes FILE for a detector's, or --page to "
            'point at them in the browser'
        )
    if given == ['--boxes'] and len(arguments.recordings) > 1:
        arguments.usage_error('--boxes FILE is about the images of one recording; give one')
    return given[0]


def _one(arguments: argparse.Namespace) -> KeyPrompt:
    return KeyPrompt(arguments.key_image, prompt_of(arguments), arguments.name)


def _keys_of_file(
    arguments: argparse.Namespace, names: list[str]
) -> dict[str, tuple[KeyPrompt, ...]]:
    from picosam_ros.labelling.prompt_file import read_key_prompts

    return dict(read_key_prompts(arguments.prompts, names))


def _boxes(arguments: argparse.Namespace, path: Path, sequence: ImageSequence) -> BoxPrompts:
    if arguments.boxes:
        from picosam_ros.labelling.coco_boxes import read_coco_boxes

        names = sequence.names if isinstance(sequence, FolderSequence) else ()
        return read_coco_boxes(arguments.boxes, names, min_score=arguments.min_score)
    from picosam_ros.labelling.detections import read_detections

    stamps = {image.number: image.frame.stamp_ns for image in sequence.images()}
    return read_detections(path, arguments.detections, stamps, min_score=arguments.min_score)
