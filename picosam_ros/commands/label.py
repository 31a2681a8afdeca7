"""`picosam label`: recordings become data sets."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from picosam_ros.commands.arguments import (
    add_engine_arguments,
    add_prompt_arguments,
    at_least,
)
from picosam_ros.commands.label_page import add_prompt_page_arguments, ask_prompts
from picosam_ros.commands.terminal import INTERRUPTED, Progress, catch_interrupt
from picosam_ros.datasets.formats import FORMATS
from picosam_ros.labelling.keys import DEFAULT_NAME

if TYPE_CHECKING:
    from picosam_ros.labelling.job import Runner
    from picosam_ros.labelling.project import Project

HELP = 'make data sets of recordings: point once, label every image'
DESCRIPTION = (
    'Follow objects through recordings (rosbag2, films, folders of images), forwards and backwards '
    'from each prompt, and write the masks as data sets. Images in which a mask is in doubt are '
    'left out until you accept them: "picosam review OUT". Ctrl-C loses nothing that was '
    'finished: the same command goes on.'
)
EXAMPLE = 'picosam label recording --point 320,240 --name cup -o cups'
# Grey levels, see datasets.Change; share of the recordings, see datasets.split_of.
CHANGE, VALIDATION = 2.0, 0.2


@dataclass
class Labelled:
    """How much was labelled now, in images, and how long that took."""

    images: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Images a second."""
        return round(self.images / self.seconds, 2) if self.images else 0.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        'recordings',
        metavar='RECORDING',
        type=Path,
        nargs='+',
        help='a bag folder, a .db3 or .mcap file, a film, or a folder of images',
    )
    parser.add_argument(
        '--image-topic',
        metavar='T',
        default='',
        help='the image topic to read, if a bag has several',
    )
    _add_prompts(parser)
    add_engine_arguments(parser)
    _add_outputs(parser)
    parser.add_argument(
        '--processes',
        metavar='N',
        type=partial(at_least, 1, most=4096),
        default=len(os.sched_getaffinity(0)),
        help='number of processes (default: one for each core)',
    )
    parser.add_argument(
        '--ray', metavar='ADDRESS', default='', help='label on a Ray cluster, such as auto'
    )


def _add_prompts(parser: argparse.ArgumentParser) -> None:
    add_prompt_arguments(parser, several=True)
    add_prompt_page_arguments(parser)
    parser.add_argument(
        '--detections',
        metavar='T',
        default='',
        help="prompts from a detector's boxes: a topic of vision_msgs/Detection2DArray in the bags",
    )
    parser.add_argument(
        '--boxes',
        metavar='FILE',
        type=Path,
        help='prompts from the boxes of a COCO file, about the images of one recording',
    )
    parser.add_argument(
        '--min-score',
        metavar='S',
        type=partial(number, 1),
        default=0.5,
        help='boxes of --detections and --boxes with a lower score are left out (default: 0.5)',
    )
    parser.add_argument(
        '--name', default=DEFAULT_NAME, help='class of the object of --point or --box'
    )
    parser.add_argument(
        '--image',
        metavar='N',
        dest='key_image',
        type=partial(at_least, 0),
        default=0,
        help='number of the image that --point or --box is about (default: 0, the first)',
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '-o', dest='out', metavar='OUT', type=Path, required=True, help='folder of the data sets'
    )
    parser.add_argument(
        '--format',
        dest='formats',
        metavar='LIST',
        type=_formats,
        default=('coco',),
        help=f'comma-separated: {", ".join(FORMATS)} (default: coco)',
    )
    parser.add_argument(
        '--polygons', action='store_true', help="COCO's masks as polygons, not run lengths"
    )
    parser.add_argument(
        '--change',
        metavar='N',
        type=partial(number, 255),
        default=CHANGE,
        help='leave out images that differ from the last one by less than so many grey levels; '
        f'mots and bag have them all (default: {CHANGE:g}; 0 keeps all)',
    )
    parser.add_argument(
        '--validation',
        metavar='SHARE',
        type=partial(number, 1),
        default=VALIDATION,
        help=f'share of the recordings that is for validation (default: {VALIDATION:g})',
    )


def run(arguments: argparse.Namespace) -> int:
    """Label the recordings, write the data sets, and print a summary; 130 if interrupted.

    Raises:
        PicosamError: a recording, a prompt or a network cannot be read, at all or to its end, or
            nothing can be written.

    """
    from picosam_ros.commands.label_output import write_project
    from picosam_ros.commands.label_plan import check_one_source, check_outputs, make_plan
    from picosam_ros.datasets.examples import contents_of
    from picosam_ros.datasets.write import check_formats
    from picosam_ros.labelling.project import create_project

    check_outputs(arguments)
    if check_one_source(arguments) == '--page':
        arguments.page, arguments.prompts = False, ask_prompts(arguments)
        if arguments.prompts is None:
            return INTERRUPTED
    plan, notes = make_plan(arguments)
    with create_project(arguments.out, plan) as project, catch_interrupt() as interrupted:
        check_formats(project.out, plan.formats, contents_of(project))
        labelled = _label(project, arguments, interrupted.is_set)
        if interrupted.is_set():
            return INTERRUPTED
        output = write_project(project, live=not arguments.json, stopped=interrupted.is_set)
        if output is None:
            return INTERRUPTED
    output.report['labelled_now'] = labelled.images
    output.report['images_per_second'] = labelled.rate
    output.report['notes'][:0] = notes
    output.tell(as_json=arguments.json)
    return 0


def _label(
    project: Project, arguments: argparse.Namespace, stopped: Callable[[], bool]
) -> Labelled:
    """Do what is not done yet."""
    jobs = project.open_jobs()
    known = all(job.images for job in jobs)
    progress = Progress(
        sum(job.images for job in jobs) if known else 0, 'images', live=not arguments.json
    )
    labelled = Labelled()

    def show(done: int) -> None:
        labelled.images = done
        progress.show(done)

    if jobs:
        _runner(arguments).run(jobs, done=project.keep, progress=show, stopped=stopped)
    progress.end()
    labelled.seconds = progress.seconds
    return labelled


def _runner(arguments: argparse.Namespace) -> Runner:
    from picosam_ros.labelling.work import label_job

    if arguments.ray:
        from picosam_ros.labelling.ray_workers import RayPool

        return RayPool(arguments.ray, label_job)
    from picosam_ros.labelling.workers import WorkerPool

    return WorkerPool(arguments.processes, label_job)


def _formats(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(',')))
    unknown = [name for name in names if name not in FORMATS]
    if unknown:
        raise argparse.ArgumentTypeError(
            f'format {unknown[0]!r} was given; allowed are {", ".join(FORMATS)}'
        )
    return names


def number(most: float, text: str) -> float:
    """Parse a number from 0 to `most`; raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most:
        raise argparse.ArgumentTypeError(
            f'{text!r} was given; allowed are numbers from 0 to {most:g}'
        )
    return value
