"""`picosam eval`: how good the masks of an engine are on labelled pictures."""

from __future__ import annotations

import argparse
import json
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picosam_ros.commands.arguments import add_engine_arguments, at_least, engine_options
from picosam_ros.commands.terminal import EXIT_CODE, Progress, Screen, paint, told_to_end

if TYPE_CHECKING:
    from picosam_ros.evaluation.evaluator import Judge

HELP = 'how good the masks are, on labelled pictures'
DESCRIPTION = """\
Ask an engine about every object of a COCO or LVIS file and compare its masks with the labelled
ones. Beside every figure stands that of the trivial answer, which knows the prompt and sees
nothing. Figures of different protocols are not comparable.

protocols:
  crop96  96 native pixels around one click, as PicoSAM2 was published; trivial: all of the crop
  full    the whole picture and one click, as a user sees it; trivial: all of the picture
  box     the whole picture and the object's tight box; trivial: all of the box

With --clicks, each click after the first goes to the innermost pixel of the largest region that is
wrong, on the object (missed) or not (too much), and the engine gets all of them as one prompt.
NoC@80 and NoC@90 are the mean numbers of clicks to 80 and 90 % IoU; an object that never gets there
counts as N, as in the tables of the field."""
EXAMPLE = (
    'picosam eval --images val2017 --annotations instances_val2017.json --protocol full --limit 500'
)
PROTOCOLS = ('crop96', 'full', 'box')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        '--images',
        metavar='DIR',
        type=Path,
        required=True,
        help='the folder of the pictures, or of train2017 and val2017',
    )
    parser.add_argument(
        '--annotations',
        metavar='COCO.json',
        type=Path,
        required=True,
        help='instances in the format of COCO or LVIS, polygons or run lengths',
    )
    parser.add_argument(
        '--protocol', choices=PROTOCOLS, default='crop96', help='what is asked (default: crop96)'
    )
    parser.add_argument(
        '--clicks',
        metavar='N',
        type=partial(at_least, 1),
        default=1,
        help='go on clicking where the answer is wrong; with --protocol full (default: 1)',
    )
    add_engine_arguments(parser)
    parser.add_argument(
        '--limit', metavar='N', type=partial(at_least, 1), help='the first N objects only'
    )
    parser.add_argument(
        '--sheet', metavar='PICTURE', type=Path, help='draw best, median and worst answers'
    )
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Judge and tell; 130 if the user ended it, with the figures of what was judged until then.

    Raises:
        DatasetError: annotations or pictures cannot be used.
        EngineError: the engine cannot be used, or gave no answer.

    """
    from picosam_ros.commands.media import check_writable, write_picture
    from picosam_ros.engines import open_engine
    from picosam_ros.evaluation.annotations import Annotations
    from picosam_ros.evaluation.evaluator import Judge

    if arguments.clicks > 1 and arguments.protocol != 'full':
        arguments.usage_error(
            f'--clicks {arguments.clicks} was given with --protocol {arguments.protocol}, whose '
            'prompt fixes what the network sees; further clicks go with --protocol full'
        )
    if arguments.sheet:
        check_writable(arguments.sheet)
    screen = Screen(live=not arguments.json)
    screen.show(f'reading {arguments.annotations}')
    with (
        Annotations(arguments.annotations) as annotations,
        open_engine(arguments.engine, **engine_options(arguments)) as engine,
        told_to_end() as told,
    ):
        screen.clear()
        judge = Judge(engine, annotations, arguments.images, arguments.protocol, arguments.clicks)
        seconds = _go_through(judge, arguments, told)
        report = {**_report(judge), 'seconds': round(seconds, 1)}
        if arguments.sheet and judge.scores:
            from picosam_ros.evaluation.contact_sheet import draw_sheet

            write_picture(arguments.sheet, draw_sheet(judge, _title(report)))
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        _tell(report, arguments.sheet)
    return EXIT_CODE if told.is_set() else 0


def _go_through(judge: Judge, arguments: argparse.Namespace, told: threading.Event) -> float:
    """Ask about every object, or until the user ends it; return the seconds that it took."""
    total = min(judge.annotations.count, arguments.limit or judge.annotations.count)
    progress = Progress(total, 'objects', live=not arguments.json)
    for done in judge.judge(arguments.limit):
        progress.show(done)
        if told.is_set():
            break
    progress.end()
    return progress.seconds


def _report(judge: Judge) -> dict[str, Any]:
    return {
        'engine': judge.engine.name,
        'model': judge.engine.description.get('model', ''),
        **judge.report(),
        'skipped': dict(judge.annotations.skipped + judge.skipped),
        'missing_images': judge.missing,
    }


def _title(report: dict[str, Any]) -> str:
    network = ' '.join(filter(None, (report['engine'], report['model'])))
    after = report['clicks']['after'] if 'clicks' in report else [report]
    clicks = f' after {len(after)} clicks' if len(after) > 1 else ''
    miou = f'mIoU {after[-1]["miou"]:.3f} of {report["n"]} masks{clicks}'
    return f'{report["protocol"]}, {network}: {miou}'


def _tell(report: dict[str, Any], sheet: Path | None) -> None:
    from picosam_ros.evaluation.metrics import (
        after_clicks,
        header,
        line,
        numbers,
        to_goals,
    )

    print(paint(header(report['protocol']), 'bold'))
    print(line(' '.join(filter(None, (report['engine'], report['model']))), report))
    for row in after_clicks(report):
        print(row)
    print(line('  all foreground', report['all_foreground']))
    print(paint(numbers(report), 'dim'))
    for sentence in to_goals(report):
        print(sentence)
    for reason, count in report['skipped'].items():
        print(paint(f'skipped: {count} ({reason})', 'dim'))
    if report['missing_images']:
        print(paint(f'{report["missing_images"]} pictures are not in the folder', 'yellow'))
    print(paint(f'{report["seconds"]:.0f} s', 'dim'))
    if sheet:
        print(paint(f'sheet in {sheet}', 'dim'))
