"""The plan of `picosam label`: its command line, with what the recordings themselves say."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picosam_ros.commands.arguments import engine_options, prompt_of
from picosam_ros.commands.outputs import is_same
from picosam_ros.datasets.formats import FORMATS
from picosam_ros.datasets.write import PART
from picosam_ros.engines import ENGINES
from picosam_ros.errors import DatasetError, OutputError, PromptError
from picosam_ros.labelling.job import EngineChoice
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.labelling.plan import Plan, PlannedRecording, content_of
from picosam_ros.models import DEFAULT_MODEL
from picosam_ros.sequences.folder import FolderSequence
from picosam_ros.sequences.open import open_sequence

if TYPE_CHECKING:
    from picosam_ros.labelling.box_keys import BoxPrompts
    from picosam_ros.sequences.base import ImageSequence

_NETWORKS = ('model', 'encoder', 'decoder')
# Of a recording, before a number is added to it.
_LONGEST_NAME = 60
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
        content = content_of(path)
        planned = PlannedRecording(
            name, path, arguments.image_topic, tuple(found_keys), content, total
        )
        _check_images(planned)
        recordings.append(planned)
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


def _check_images(recording: PlannedRecording) -> None:
    """Raise PromptError for a prompt about an image that is not there, where that is known."""
    beyond = [key.image for key in recording.keys if key.image >= recording.images > 0]
    # The headers of films only estimate.
    if beyond and not recording.path.is_file():
        raise PromptError(
            f'a prompt is about image {beyond[0]} of {recording.path}, which has '
            f'{recording.images}: allowed are 0 to {recording.images - 1}'
        )


def check_outputs(arguments: argparse.Namespace) -> None:
    """Refuse inputs that lie where data sets are written, which replace what is there.

    Raises:
        OutputError: the sentence names both.

    """
    given = [*arguments.recordings, arguments.prompts, arguments.boxes]
    given += [getattr(arguments, name) for name in _NETWORKS]
    inputs = [Path(one) for one in given if one]
    places = [arguments.out / name for name in (*FORMATS, PART)]
    for path in inputs:
        within = [place for place in places if _is_in(path, place)]
        if _is_in(path, arguments.out / 'labels') and path != arguments.prompts:
            within.append(arguments.out / 'labels')
        if within:
            raise OutputError(
                f'{path} is read, and lies in {within[0]}, which is replaced: give another folder '
                'for the data sets'
            )


def _is_in(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def engine_choice(arguments: argparse.Namespace) -> EngineChoice:
    """Return the engine that labels."""
    return EngineChoice(arguments.engine, _options(arguments))


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return options of the engine with which the masks do not depend on the machine's load.

    `auto` takes the network that is fast enough, and several threads may add in another order.
    """
    options = {'model': DEFAULT_MODEL, **engine_options(arguments), 'threads': 1}
    for name in _NETWORKS:
        # For who goes on in another folder.
        if options.get(name) and Path(options[name]).is_file():
            options[name] = str(Path(options[name]).absolute())
    known = ENGINES.options_of(arguments.engine)
    return {name: value for name, value in options.items() if name != 'model' or name in known}


def names_of(paths: Sequence[Path]) -> dict[str, Path]:
    """Return the recordings by names for files: that of the path, numbered where it is not new.

    Raises:
        DatasetError: one is given twice.

    """
    named: dict[str, Path] = {}
    for path in paths:
        whole = path if path.name.strip('.') else path.resolve()
        stem = whole.name if whole.is_dir() else whole.name.partition('.')[0]
        stem = _UNFIT.sub('_', stem)[:_LONGEST_NAME].strip('.') or 'recording'
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
