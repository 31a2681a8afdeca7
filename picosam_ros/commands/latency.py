"""`picosam latency`: where the time of a running node goes, live on the terminal."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from picosam_ros.commands.arguments import positive
from picosam_ros.commands.terminal import Screen, catch_interrupt, paint
from picosam_ros.errors import TopicError
from picosam_ros.stages import LABELS

if TYPE_CHECKING:
    from picosam_ros.latency import LatencyRecord, LatencySample, LatencySummary

HELP = 'where the time of a running node goes, live'
DESCRIPTION = (
    'Show the latency of each stage, the rate and the drops of a running camera or segmenter '
    'node, until Ctrl-C. It needs ROS; the figures are those of the topic ~/latency.'
)
EXAMPLE = 'picosam latency --seconds 30 --plot latency.png'

REFRESH_SECONDS = 0.5
BAR = 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        'topic',
        nargs='?',
        default='',
        help='of type picosam_ros/Latency, for example /camera/latency (default: the only one)',
    )
    parser.add_argument(
        '--seconds', metavar='N', type=positive, help='duration (default: until Ctrl-C)'
    )
    parser.add_argument('--plot', metavar='FILE', type=Path, help='write a report as an image file')


def run(arguments: argparse.Namespace) -> int:
    """Show the latency live, then print its summary.

    Raises:
        TopicError: there is no such topic, or no message was received.
        ImageError: the image cannot be written.

    """
    from picosam_ros.latency import LatencyRecord
    from picosam_ros.ros.remote.latency_topic import LatencyTopic
    from picosam_ros.ros.remote.session import Session

    if arguments.plot is not None:
        from picosam_ros.commands.media import check_writable

        check_writable(arguments.plot)
    with Session('latency') as session:
        topic = LatencyTopic(session, arguments.topic)
        record = _watch(LatencyRecord(topic.name), topic.samples(arguments.seconds), arguments.json)
    if not record.samples:
        raise TopicError(
            f'no message was received on {topic.name}; check in /diagnostics whether the node is '
            'active and receives images'
        )
    summary = record.summary()
    print(json.dumps(_rounded(asdict(summary)), indent=2) if arguments.json else table(summary))
    if arguments.plot is not None:
        _plot(record, arguments.plot)
    return 0


def _watch(
    record: LatencyRecord, samples: Iterator[LatencySample | None], quiet: bool
) -> LatencyRecord:
    screen = Screen(live=not quiet)
    shown = time.monotonic()
    # An event, because an exception could interrupt ROS anywhere.
    with catch_interrupt() as interrupted:
        for sample in samples:
            if interrupted.is_set():
                break
            if sample is not None:
                record.add(sample)
            if time.monotonic() - shown > REFRESH_SECONDS:
                screen.show(table(record.recent()))
                shown = time.monotonic()
    screen.clear()
    return record


def table(summary: LatencySummary) -> str:
    """Return the summary as lines of text."""
    if not summary.results:
        return f'{paint(summary.topic, "bold")}   waiting for the first result'
    head = (
        f'{paint(summary.topic, "bold")}   {summary.rate_hz:.1f} results per second, '
        f'{summary.results} in {summary.seconds:.1f} s, {summary.dropped} images dropped'
    )
    lines = [head]
    if not summary.answered:
        lines.append(paint('no result has a mask: send a prompt', 'yellow'))
    lines.append(paint(f'{"":<12}{"p50":>9}{"p95":>9}{"p99":>9}   ms', 'dim'))
    widest = max(row.p95 for row in summary.stages.values())
    for stage, row in summary.stages.items():
        label = LABELS[stage]
        name = f'{label:<12}' if stage == 'total' else f'  {label:<10}'
        figures = f'{name}{row.p50:9.2f}{row.p95:9.2f}{row.p99:9.2f}   '
        figures = paint(figures, 'bold') if stage == 'total' else figures
        lines.append(f'{figures}{_bar(row.p50, row.p95, widest)}'.rstrip())
    return '\n'.join(lines)


def _bar(p50: float, p95: float, widest: float) -> str:
    if not widest > 0:
        return ''
    median = max(0, round(BAR * p50 / widest))
    return paint('█' * median, 'cyan') + paint(
        '░' * max(0, round(BAR * p95 / widest) - median), 'dim'
    )


def _plot(record: LatencyRecord, path: Path) -> None:
    from picosam_ros.commands.latency_plot import draw_report
    from picosam_ros.commands.media import write_image

    write_image(path, draw_report(record))


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value
