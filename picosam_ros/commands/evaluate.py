"""`picosam eval`: accuracy of an engine on labelled images."""

from __future__ import annotations

import argparse
import json
import threading
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picosam_ros.commands.arguments import (
    add_engine_arguments,
    add_range_argument,
    at_least,
    engine_options,
    scale_of,
)
from picosam_ros.commands.terminal import INTERRUPTED, Progress, Screen, catch_interrupt, paint

if TYPE_CHECKING:
    from picosam_ros.evaluation.evaluator import Evaluator
    from picosam_ros.evaluation.left_out import Named

HELP = 'accuracy of the masks on labelled images'
DESCRIPTION = """\
Segment every object of a COCO or LVIS file and compare the masks with the labelled ones. The row
"all foreground" is the trivial answer, which knows the prompt but not the image. Metrics of
different protocols are not comparable.

protocols:
  full    the whole image and one click, as a user sees it; trivial: all of the image
  box     the whole image and the object's tight box; trivial: all of the box
  crop96  96 native pixels around one click, as PicoSAM2 was published: it shows how well the
          network outlines what it is centred on, and not whether it finds the object's size;
          trivial: all of the crop

With --clicks, each click after the first goes to the innermost pixel of the largest region that is
wrong (positive if missed, negative if excess), and the engine gets all of them and its last mask as
one prompt. NoC@80, 85 and 90 are the mean numbers of clicks to 80, 85 and 90 % IoU; an object that
never gets there counts as N, as usual. The column "best" has the best of all masks that the engine
proposed for the first prompt: what choosing with "smaller" and "larger" could reach."""
EXAMPLE = 'picosam eval --images val2017 --annotations instances_val2017.json --limit 500'
PROTOCOLS = ('full', 'box', 'crop96')

# Faults that are printed; --json has more.
_TOLD = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        '--images',
        metavar='DIR',
        type=Path,
        required=True,
        help='folder of the images, or of train2017 and val2017',
    )
    parser.add_argument(
        '--annotations',
        metavar='COCO.json',
        type=Path,
        required=True,
        help='instances in the format of COCO or LVIS, polygons or run lengths',
    )
    parser.add_argument(
        '--protocol',
        choices=PROTOCOLS,
        default='full',
        help='input and prompt for each object, see above (default: full)',
    )
    parser.add_argument(
        '--clicks',
        metavar='N',
        type=partial(at_least, 1, most=1000),
        default=1,
        help='clicks per object, where the answer is wrong; with --protocol full (default: 1)',
    )
    add_range_argument(parser)
    add_engine_arguments(parser)
    parser.add_argument(
        '--limit', metavar='N', type=partial(at_least, 1), help='evaluate the first N objects only'
    )
    parser.add_argument(
        '--sheet',
        metavar='FILE',
        type=Path,
        help='write a contact sheet of best, median and worst answers',
    )
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate and print the metrics; return 130 if interrupted, with the metrics so far.

    Raises:
        DatasetError: annotations or images cannot be used.
        EngineError: the engine cannot be used, or gave no answer.

    """
    from picosam_ros.commands.media import check_writable, write_image
    from picosam_ros.commands.outputs import check_output
    from picosam_ros.engines import open_engine
    from picosam_ros.evaluation.annotations import Annotations
    from picosam_ros.evaluation.evaluator import Evaluator

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
        catch_interrupt() as interrupted,
    ):
        screen.clear()
        if arguments.sheet and arguments.sheet.exists():
            pictures = (image.find(arguments.images) for image in annotations.images.values())
            check_output(arguments.sheet, filter(None, pictures))
        evaluator = Evaluator(
            engine,
            annotations,
            arguments.images,
            arguments.protocol,
            arguments.clicks,
            scale_of(arguments, stream=False),
        )
        seconds = _evaluate(evaluator, arguments, interrupted)
        report = {
            **_report(evaluator),
            'partial': interrupted.is_set(),
            'total': _total(evaluator, arguments),
            'seconds': round(seconds, 1),
        }
        if arguments.sheet and evaluator.scores:
            from picosam_ros.evaluation.contact_sheet import draw_contact_sheet

            write_image(arguments.sheet, draw_contact_sheet(evaluator, _title(report)))
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        _print_report(report, arguments.sheet)
    return INTERRUPTED if interrupted.is_set() else 0


def _evaluate(
    evaluator: Evaluator, arguments: argparse.Namespace, interrupted: threading.Event
) -> float:
    """Evaluate every object, or until interrupted; return the seconds that it took."""
    progress = Progress(_total(evaluator, arguments), 'objects', live=not arguments.json)
    for done in evaluator.evaluate(arguments.limit):
        progress.show(done)
        if interrupted.is_set():
            break
    progress.end()
    return progress.seconds


def _total(evaluator: Evaluator, arguments: argparse.Namespace) -> int:
    count = evaluator.annotations.count
    return min(count, arguments.limit or count)


def _report(evaluator: Evaluator) -> dict[str, Any]:
    return {
        'engine': evaluator.engine.name,
        'model': evaluator.engine.description.get('model', ''),
        **evaluator.report(),
        'skipped': dict(evaluator.annotations.skipped + evaluator.skipped),
        'left_out': [asdict(named) for named in _named(evaluator)],
        'missing_images': evaluator.missing,
    }


def _named(evaluator: Evaluator) -> list[Named]:
    from picosam_ros.evaluation.left_out import NAMED

    return [*evaluator.annotations.skipped.named, *evaluator.skipped.named][:NAMED]


def _title(report: dict[str, Any]) -> str:
    network = ' '.join(filter(None, (report['engine'], report['model'])))
    after = report['clicks']['after'] if 'clicks' in report else [report]
    clicks = f' after {len(after)} clicks' if len(after) > 1 else ''
    miou = f'mIoU {after[-1]["miou"]:.3f} of {report["n"]} masks{clicks}'
    partial = f', {_partial(report)}' if report['partial'] else ''
    return f'{report["protocol"]}, {network}: {miou}{partial}'


def _partial(report: dict[str, Any]) -> str:
    return f'partial: {report["n"]} of {report["total"]} objects'


def _print_report(report: dict[str, Any], sheet: Path | None) -> None:
    from picosam_ros.evaluation.metrics import (
        click_rows,
        count_row,
        goal_lines,
        table_header,
        table_row,
    )

    print(paint(table_header(report['protocol']), 'bold'))
    print(table_row(' '.join(filter(None, (report['engine'], report['model']))), report))
    for row in click_rows(report):
        print(row)
    print(table_row('  all foreground', report['all_foreground']))
    print(paint(count_row(report), 'dim'))
    for sentence in goal_lines(report):
        print(sentence)
    for reason, count in report['skipped'].items():
        print(paint(f'skipped: {count} ({reason})', 'dim'))
    for named in report['left_out'][:_TOLD]:
        print(paint(f'{named["what"]} is left out: {named["reason"]}', 'yellow'))
    if report['missing_images']:
        print(paint(f'{report["missing_images"]} images are not in the folder', 'yellow'))
    if report['partial']:
        print(paint(f'interrupted; {_partial(report)}', 'yellow'))
    print(paint(f'{report["seconds"]:.0f} s', 'dim'))
    if sheet:
        print(paint(f'contact sheet in {sheet}', 'dim'))
