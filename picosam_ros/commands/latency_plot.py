"""The report of `picosam latency` as an image: stages as bars, and the total over time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from picosam_ros.drawing.canvas import Canvas, Colour, ticks
from picosam_ros.frame import Pixels
from picosam_ros.latency import LatencyRecord, LatencySummary, Percentiles, measured
from picosam_ros.stages import LABELS

WIDTH = 1200
LEFT, RIGHT = 150, 970
ROW, BAR = 34, 18
SERIES_HEIGHT = 240
INK: Colour = (32, 34, 40)
GREY: Colour = (120, 124, 132)
GRID: Colour = (228, 230, 234)
# Okabe and Ito, "Color Universal Design" (2008): median and 95 % of a stage, then of the total.
STAGE: tuple[Colour, Colour] = ((0, 114, 178), (166, 210, 236))
TOTAL: tuple[Colour, Colour] = ((213, 94, 0), (246, 196, 160))


@dataclass(frozen=True)
class Axis:
    """Values from 0 to `greatest` on pixels from `begin` to `end`."""

    greatest: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel of a value; values beyond `greatest` are at the end."""
        share = min(value / self.greatest, 1.0) if self.greatest else 0.0
        return self.begin + share * (self.end - self.begin)


def draw_report(record: LatencyRecord) -> Pixels:
    """Draw a record with one sample at least: H×W×3 uint8, R, G, B, 1200 pixels wide."""
    summary = record.summary()
    stages_end = 130 + ROW * len(summary.stages)
    canvas = Canvas(WIDTH, stages_end + SERIES_HEIGHT + 160)
    _head(canvas, summary)
    _stages(canvas, summary, stages_end)
    _series(canvas, record, stages_end + 90)
    return canvas.image()


def _head(canvas: Canvas, summary: LatencySummary) -> None:
    canvas.text(LEFT, 36, f'Latency of {_ascii(summary.topic)}', INK, height=16, bold=True)
    line = (
        f'{summary.results} results in {summary.seconds:.1f} s, {summary.rate_hz:.1f} per second, '
        f'{summary.answered} with masks, {summary.dropped} images dropped'
    )
    canvas.text(LEFT, 66, line, GREY, height=10)


def _stages(canvas: Canvas, summary: LatencySummary, bottom: float) -> None:
    axis = Axis(1.02 * max(row.p99 for row in summary.stages.values()), LEFT, RIGHT)
    top = bottom - ROW * len(summary.stages)
    for value in ticks(axis.greatest):
        canvas.line(axis.at(value), top - 4, axis.at(value), bottom + 4, GRID)
        canvas.text(axis.at(value), bottom + 18, f'{value:g}', GREY, align='middle')
    canvas.text(RIGHT + 12, bottom + 18, 'ms', GREY)
    canvas.text(WIDTH - 20, top - 18, 'p50 / p95 / p99', GREY, align='right')
    canvas.text(LEFT, top - 18, 'bar: p50, pale: p95, mark: p99', GREY)
    for index, (stage, row) in enumerate(summary.stages.items()):
        _bar(canvas, axis, top + ROW * (index + 0.5), stage, row)
    canvas.line(LEFT, top - 4, LEFT, bottom + 4, GREY)


def _bar(canvas: Canvas, axis: Axis, y: float, stage: str, row: Percentiles) -> None:
    dark, pale = TOTAL if stage == 'total' else STAGE
    bold = stage == 'total'
    above, below = y - BAR / 2, y + BAR / 2
    canvas.text(LEFT - 14, y, LABELS[stage], INK, height=11, align='right', bold=bold)
    canvas.rectangle(LEFT, above, axis.at(row.p95), below, pale)
    canvas.rectangle(LEFT, above, axis.at(row.p50), below, dark)
    canvas.line(axis.at(row.p99), above, axis.at(row.p99), below, dark, 2)
    figures = f'{_figure(row.p50)} / {_figure(row.p95)} / {_figure(row.p99)}'
    canvas.text(WIDTH - 20, y, figures, INK, align='right', bold=bold)


def _series(canvas: Canvas, record: LatencyRecord, top: float) -> None:
    samples = measured(list(record.samples))
    shown = np.array([(s.at, s.timing.total) for s in samples if not math.isnan(s.timing.total)])
    if not len(shown):
        return
    shown[:, 0] -= shown[0, 0]
    p50, p95 = np.percentile(shown[:, 1], (50, 95))
    bottom = top + SERIES_HEIGHT
    across = Axis(max(float(shown[-1, 0]), 1e-3), LEFT, RIGHT)
    up = Axis(1.08 * float(shown[:, 1].max()), bottom, top)
    canvas.text(LEFT, top - 22, 'total of each result, ms', INK, height=11, bold=True)
    for value in ticks(up.greatest, 5):
        canvas.line(LEFT, up.at(value), RIGHT, up.at(value), GRID)
        canvas.text(LEFT - 14, up.at(value), f'{value:g}', GREY, align='right')
    for value in ticks(across.greatest, 8):
        canvas.line(across.at(value), bottom, across.at(value), bottom + 5, GREY)
        canvas.text(across.at(value), bottom + 20, f'{value:g}', GREY, align='middle')
    canvas.text(RIGHT + 12, bottom + 20, 's', GREY)
    points = np.array([(across.at(at), up.at(total)) for at, total in shown])
    canvas.dots(_thinned(points), 1.6, STAGE[0])
    canvas.line(LEFT, bottom, RIGHT, bottom, GREY)
    for name, value, y in zip(
        ('p50', 'p95'), (p50, p95), _apart(up.at(p50), up.at(p95)), strict=True
    ):
        canvas.line(LEFT, up.at(value), RIGHT, up.at(value), TOTAL[0], 1.2)
        canvas.text(RIGHT + 12, y, f'{name}  {_figure(value)}', TOTAL[0])


def _apart(lower: float, upper: float) -> tuple[float, float]:
    """Move two rows of text apart so that they do not overlap."""
    lack = max(0.0, 16 - (lower - upper)) / 2
    return lower + lack, upper - lack


def _thinned(
    points: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Keep one of the points that fall on the same pixel."""
    _, kept = np.unique(np.rint(points), axis=0, return_index=True)
    return points[kept]


def _figure(milliseconds: float) -> str:
    return f'{milliseconds:.2f}' if milliseconds < 100 else f'{milliseconds:.0f}'


def _ascii(text: str) -> str:
    return text.encode('ascii', 'replace').decode()
