"""`picosam sensor-check`: measurement of an IMX500, and the parameters to set."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from picosam_ros.commands.arguments import add_sensor_arguments, at_least
from picosam_ros.commands.terminal import paint
from picosam_ros.errors import CameraError
from picosam_ros.stages import LABELS

if TYPE_CHECKING:
    from picosam_ros.commands.sensor_measure import SensorReport
    from picosam_ros.latency import Percentiles

HELP = 'measure an IMX500 and recommend parameters'
DESCRIPTION = (
    'Change the ROI of an IMX500 repeatedly and measure its frames: rate, tensors, times, clocks, '
    'and after how many frames a new ROI takes effect. Point the camera at a scene with several '
    'objects and keep both still. The exit code is 0 if all could be measured, else 1.'
)
EXAMPLE = 'picosam sensor-check --simulate --faults roi_lag=2'

# The default of the node's parameter roi_settle_frames.
SETTLE_FRAMES = 3

FEW_TENSORS = 0.9
CLOCKS_DIFFER_MS = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_sensor_arguments(parser)
    parser.add_argument(
        '--source',
        metavar='NAME',
        default='',
        help=(
            "part of the sensor's name; with --simulate, a video or a folder of images: the first "
            'image is the scene'
        ),
    )
    parser.add_argument(
        '--rate',
        metavar='HZ',
        type=partial(at_least, 1),
        default=30,
        help='frames per second (default: 30)',
    )
    parser.add_argument(
        '--changes',
        metavar='N',
        type=partial(at_least, 1),
        default=16,
        help='changes of the ROI, 0.4 s each, more where outputs are rare (default: 16)',
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the measurement and print it; return 1 if no change of the ROI shows."""
    from picosam_ros.cameras.picamera.camera import SIZE
    from picosam_ros.commands.sensor_measure import ProbeProcess, measure

    camera = ProbeProcess(
        source=arguments.source,
        sensor_network=arguments.sensor_network,
        rate=float(arguments.rate),
        frame_id='',
        simulate=arguments.simulate,
        faults=arguments.faults,
    )
    try:
        camera.open()
        report = measure(camera, changes=arguments.changes, size=SIZE, report_state=_progress)
    except CameraError as error:
        if not error.retry_s:
            raise
        raise CameraError(f'{error}; wait {error.retry_s:g} s before you try again') from error
    finally:
        camera.close()
    advice = list(advise(report, float(arguments.rate)))
    if arguments.json:
        print(json.dumps(asdict(report) | {'advice': advice}, indent=2))
    else:
        _print_report(report, advice)
    return 0 if report.roi_settle_frames is not None else 1


def advise(report: SensorReport, rate: float) -> Iterator[str]:
    """Yield sentences: what to set, and what is wrong."""
    yield _settling(report)
    if report.refused_rois:
        yield (
            f'{report.refused_rois} of {report.changes} ROIs were refused; the last time '
            f'{report.refusal}.'
        )
    if 0 < report.tensor_share < FEW_TENSORS:
        yield (
            f'{report.tensor_share:.0%} of the frames had a tensor: with '
            'fallback_policy:=fill_gaps the host answers the others; a lower rate gives the '
            'sensor more time.'
        )
    if report.rate < 0.9 * rate:
        yield (
            f'The rate is {report.rate:.1f} Hz; {rate:g} Hz was requested. At the full rate a new '
            'ROI can take more frames to settle: measure again before you set less than the '
            'default.'
        )
    offset = report.clock_offset_ms
    if offset is not None and abs(offset) > CLOCKS_DIFFER_MS:
        yield (
            f'FrameWallClock and SensorTimestamp differ by {offset:.1f} ms: stamps follow the '
            'former; was the system clock set during the measurement?'
        )


def _settling(report: SensorReport) -> str:
    frames = report.roi_settle_frames
    if not report.tensor_share:
        return (
            'No frame had a tensor: the network does not seem to run; see '
            '`dmesg | grep -i imx500`, and set engine:=host until then.'
        )
    if frames is None:
        return (
            'No change of the ROI shows in the outputs: point the camera at a scene with several '
            'objects, keep both still, and try again.'
        )
    if frames > SETTLE_FRAMES:
        why = f'the default, {SETTLE_FRAMES}, would publish masks of one object for another'
    elif frames < SETTLE_FRAMES:
        sooner = SETTLE_FRAMES - frames
        why = f'masks come {sooner} frame{"s" * (sooner > 1)} sooner than with the default'
    else:
        why = 'which is the default'
    return f'Set roi_settle_frames:={frames}: {why}.'


def _progress(state: str) -> None:
    print(paint(state, 'dim', sys.stderr), file=sys.stderr)


def _print_report(report: SensorReport, advice: list[str]) -> None:
    print(paint(f'{report.frames} frames, {report.changes} changes of the ROI', 'bold'))
    _line('frames per second', f'{report.rate:.1f}')
    _line('frames with a tensor', f'{report.tensor_share:.0%}')
    _line(LABELS['dnn'], _times(report.dnn_ms))
    _line(LABELS['dsp'], _times(report.dsp_ms))
    frames = report.roi_settle_frames
    settles = 'not measured' if frames is None else f'{frames} frames'
    shown = f'{report.clear_changes} of {report.changes} changes show in the outputs'
    _line('ROI settles after', f'{settles} ({shown})')
    _line('ROIs refused', str(report.refused_rois))
    _line('capture to arrival', _times(report.age_ms))
    offset = report.clock_offset_ms
    clocks = (
        'no FrameWallClock; stamps from SensorTimestamp' if offset is None else f'{offset:.2f} ms'
    )
    _line('clocks differ by', clocks)
    for sentence in advice:
        print(f'→ {sentence}')


def _line(name: str, value: str) -> None:
    print(f'  {name:<22}{value}')


def _times(row: Percentiles | None) -> str:
    if row is None:
        return 'not reported'
    return f'{row.p50:.1f} / {row.p95:.1f} / {row.p99:.1f} ms (p50 / p95 / p99)'
