"""`picosam bench`: how fast an engine is here, and what it adds to the bare runtime."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from picosam_ros.commands.arguments import add_engine_arguments, at_least, engine_options
from picosam_ros.commands.terminal import paint
from picosam_ros.stages import LABELS

if TYPE_CHECKING:
    from picosam_ros.commands.bench_measure import Measurement
    from picosam_ros.latency import Percentiles

HELP = 'how fast an engine is on this machine'
DESCRIPTION = (
    'Time import, loading, warm-up, the first masks and the frames after them, in turns with the '
    'bare ONNX Runtime call on the same network.'
)
EXAMPLE = 'picosam bench --prompts 3 --threads 1'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_engine_arguments(parser)
    count = partial(at_least, 1, most=10_000_000)
    parser.add_argument(
        '--prompts',
        metavar='N',
        type=partial(at_least, 1, most=254),
        default=1,
        help='prompts per frame (default: 1)',
    )
    parser.add_argument(
        '--threads',
        metavar='N',
        type=partial(at_least, 1, most=256),
        help="threads of one inference (default: the engine's)",
    )
    parser.add_argument(
        '--frames', metavar='N', type=count, default=300, help='frames to measure (default: 300)'
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the measurement and print it."""
    start = time.perf_counter()
    from picosam_ros.commands.bench_measure import measure

    measured = measure(
        arguments.engine,
        prompts=arguments.prompts,
        frames=arguments.frames,
        options=engine_options(arguments),
        start=start,
    )
    if arguments.json:
        print(json.dumps(_rounded(asdict(measured)), indent=2))
    else:
        _print_measurement(measured)
    return 0


def _print_measurement(measured: Measurement) -> None:
    plural = 's' * (measured.prompts != 1)
    what = f'{measured.engine} {measured.model}, {measured.prompts} prompt{plural}'
    print(paint(f'{what}, {measured.width}×{measured.height}, {measured.frames} frames', 'bold'))
    _line('import', measured.import_ms, 'Python modules, with ONNX Runtime')
    _line('open', measured.open_ms, 'check, load and warm up')
    if measured.load_ms is not None and measured.warm_up_ms is not None:
        _line('  load', measured.load_ms, 'the bare runtime')
        _line('  warm-up', measured.warm_up_ms, 'its first run')
    _line('first masks', measured.first_mask_ms, '')
    print(paint(f'{"":<16}{"p50":>9}{"p95":>9}{"p99":>9}   ms', 'dim'))
    for stage, row in measured.stages.items():
        _row(f'  {LABELS[stage]}', row)
    _row('every frame', measured.frame)
    if measured.bare is not None:
        _row('bare runtime', measured.bare)
        print(f'{"ratio":<16}{paint(f"{measured.ratio:9.2f}", "bold")}   of the medians')


def _line(name: str, milliseconds: float, remark: str) -> None:
    print(f'{name:<16}{milliseconds:9.2f}   {paint(remark, "dim")}'.rstrip())


def _row(name: str, row: Percentiles) -> None:
    print(f'{name:<16}{row.p50:9.3f}{row.p95:9.3f}{row.p99:9.3f}')


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value
