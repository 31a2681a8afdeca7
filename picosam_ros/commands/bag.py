"""`picosam bag`: masks for every image of a recording, in a new recording."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from picosam_ros.commands.arguments import (
    add_engine_arguments,
    add_prompt_arguments,
    add_range_argument,
    engine_options,
    prompts_of,
    scale_of,
)
from picosam_ros.commands.terminal import INTERRUPTED, Progress, catch_interrupt, paint
from picosam_ros.errors import BagError

if TYPE_CHECKING:
    from picosam_ros.bags.follow import FollowStats

HELP = 'masks for every image of a recording (rosbag2)'
DESCRIPTION = (
    'Follow objects through the images of a rosbag2 and write their masks, with the original '
    'stamps, into a new one. ROS is not needed. The prompt is about the first image.'
)
EXAMPLE = 'picosam bag recording --point 320,240 -o masks'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        'bag', metavar='IN', type=Path, help='a bag folder, or a .db3 or .mcap file'
    )
    parser.add_argument(
        '--image-topic',
        metavar='T',
        default='',
        help='of type Image or CompressedImage (default: the only one)',
    )
    add_prompt_arguments(parser, several=True)
    add_range_argument(parser)
    add_engine_arguments(parser)
    parser.add_argument(
        '-o',
        dest='out',
        metavar='OUT',
        type=Path,
        required=True,
        help='the folder of the new bag; must not exist',
    )


def run(arguments: argparse.Namespace) -> int:
    """Segment the recording and print a summary; return 130 if interrupted.

    Raises:
        BagError: a recording cannot be read, at all or in part, or written.
        PromptError: a prompt does not fit the first image, or the file of prompts is wrong.

    """
    prompts = prompts_of(arguments)
    from picosam_ros.bags.follow import follow
    from picosam_ros.bags.mask_bag import MaskBag
    from picosam_ros.bags.messages import typestore
    from picosam_ros.bags.recording import Recording
    from picosam_ros.engines import open_engine

    typestore()  # first, for its error where rosbags, which writes, is missing
    with (
        Recording(arguments.bag) as recording,
        MaskBag(arguments.out, recording.storage) as masks,
        open_engine(arguments.engine, **engine_options(arguments)) as engine,
        catch_interrupt() as interrupted,
    ):
        topic = recording.choose(arguments.image_topic)
        progress = Progress(recording.topics[topic], 'images', live=not arguments.json)
        for stats in follow(recording, topic, engine, prompts, masks, scale_of(arguments)):
            progress.show(stats.seen)
            if interrupted.is_set():
                break
    progress.end()
    report = stats.figures(progress.seconds)
    if arguments.json:
        where = {'bag': str(arguments.bag), 'topic': topic, 'out': str(arguments.out)}
        print(json.dumps({**where, **report, 'notes': stats.notes}, indent=2))
    else:
        _print_summary(arguments, stats, report)
    if recording.damage:
        raise BagError(
            f'{arguments.bag} is damaged: {recording.damage.rstrip(".")}; the masks of the '
            f'{stats.images} images that could be read are in {arguments.out}'
        )
    return INTERRUPTED if interrupted.is_set() else 0


def _print_summary(
    arguments: argparse.Namespace, stats: FollowStats, report: dict[str, float]
) -> None:
    for note in stats.notes:
        print(paint(note, 'yellow'))
    rate, factor = report['images_per_second'], report['times_real_time']
    speed = f'{rate:.1f} images/s' + (f', {factor:.1f} times real time' if factor else '')
    print(f'{paint(f"{stats.images} images, {stats.masks} masks", "bold")}  {speed}')
    print(paint(f'masks in {arguments.out}', 'dim'))
