"""The results as a chart: a row for each contender, and how cost grows with prompts and pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from benchmarks.race.contenders import BARE
from benchmarks.race.results import Results, Times
from benchmarks.race.workloads import (
    FIRST,
    PROMPTS,
    SIZES,
    Workload,
)
from picosam_ros.drawing.canvas import Canvas, Colour
from picosam_ros.frame import Pixels

WIDTH = 1280
LEFT, RIGHT = 250, 1020
ROW = 34
CHART_HEIGHT, CHART_WIDTH, GAP = 320, 355, 260
INK: Colour = (32, 34, 40)
GREY: Colour = (120, 124, 132)
GRID: Colour = (228, 230, 234)
# Okabe and Ito, "Color Universal Design" (2008); the yardstick is grey.
PALETTE: tuple[Colour, ...] = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (230, 159, 0),
    (128, 80, 160),
    (150, 110, 60),
)
LABEL_HEIGHT = 17


@dataclass(frozen=True)
class Scale:
    """A logarithmic axis: values from `least` to `most` on pixels from `begin` to `end`."""

    least: float
    most: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value; beyond an end is at the end."""
        share = math.log(value / self.least) / math.log(self.most / self.least)
        return self.begin + min(max(share, 0.0), 1.0) * (self.end - self.begin)

    def decades(self) -> Sequence[float]:
        """Powers of ten within."""
        first = math.ceil(math.log10(self.least) - 1e-9)
        return [10.0**power for power in range(first, math.floor(math.log10(self.most)) + 1)]


@dataclass(frozen=True)
class Line:
    """A contender in a chart: points of x and milliseconds."""

    name: str
    colour: Colour
    points: Sequence[tuple[float, float]]


def draw(results: Results) -> Pixels:
    """H×W×3 uint8, R, G, B, 1280 pixels wide."""
    order = sorted(results.contenders, key=lambda name: results.contenders[name].p50(FIRST) or 0.0)
    colours = _colours(order)
    rows_end = 120 + ROW * len(order)
    canvas = Canvas(WIDTH, rows_end + CHART_HEIGHT + 190)
    canvas.text(40, 36, 'The race: every engine on equal work', INK, height=17, bold=True)
    threads = f'{results.threads} thread{"s" * (results.threads > 1)}'
    machine = results.machine
    text = f'{machine["processor"]}, {threads} for an inference, load {machine["load"]}'
    canvas.text(40, 66, _ascii(text), GREY, height=10)
    _rows(canvas, results, order, colours, rows_end)
    top = rows_end + 110
    for left, title, workloads, place, unit in (
        (80, 'more prompts', PROMPTS, lambda workload: float(workload.prompts), 'prompts'),
        (80 + CHART_WIDTH + GAP, 'larger images, one prompt', SIZES, _megapixels, 'megapixels'),
    ):
        lines = [Line(n, colours[n], _points(results, n, workloads, place)) for n in order]
        _chart(canvas, [line for line in lines if line.points], left, top, title, unit)
    return canvas.image()


def _colours(order: Sequence[str]) -> dict[str, Colour]:
    others = sorted(name for name in order if name != BARE)
    return {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(others)} | {BARE: GREY}


def _rows(
    canvas: Canvas,
    results: Results,
    order: Sequence[str],
    colours: dict[str, Colour],
    bottom: float,
) -> None:
    rows = {name: results.contenders[name].workloads[FIRST.name] for name in order}
    least = 10.0 ** math.floor(math.log10(min(row.p50 for row in rows.values())))
    scale = Scale(least, 1.1 * max(row.p99 for row in rows.values()), LEFT, RIGHT)
    top = bottom - ROW * len(order)
    title = 'milliseconds for a 640x480 image with one prompt (dot: p50, line: to p95, mark: p99)'
    canvas.text(40, top - 22, title, GREY)
    canvas.text(WIDTH - 40, top - 22, 'median, times the bare inference', GREY, align='right')
    for value in scale.decades():
        canvas.line(scale.at(value), top - 4, scale.at(value), bottom + 4, GRID)
        canvas.text(scale.at(value), bottom + 18, f'{value:g}', GREY, align='middle')
    for index, name in enumerate(order):
        ratio = results.ratio(name)
        _row(canvas, scale, top + ROW * (index + 0.5), name, rows[name], ratio, colours[name])


def _row(
    canvas: Canvas,
    scale: Scale,
    y: float,
    name: str,
    row: Times,
    ratio: float | None,
    colour: Colour,
) -> None:
    # No bar: on a logarithmic axis its length would mean nothing.
    canvas.text(LEFT - 14, y, _ascii(name), INK, height=11, align='right')
    canvas.line(LEFT, y, RIGHT, y, GRID)
    canvas.line(scale.at(row.p50), y, scale.at(row.p95), y, colour, 2.5)
    canvas.line(scale.at(row.p99), y - 6, scale.at(row.p99), y + 6, colour, 2)
    canvas.dots(np.array([(scale.at(row.p50), y)]), 6, colour)
    times = '' if ratio is None else f'x {_figure(ratio)}'
    canvas.text(WIDTH - 130, y, f'{_figure(row.p50)} ms', INK, align='right')
    canvas.text(WIDTH - 40, y, times, INK, align='right', bold=True)


def _chart(
    canvas: Canvas, lines: Sequence[Line], left: float, top: float, title: str, unit: str
) -> None:
    canvas.text(left - 40, top - 30, f'{title}: milliseconds', INK, height=11, bold=True)
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    bottom, right = top + CHART_HEIGHT, left + CHART_WIDTH
    across = Scale(min(xs), max(*xs, 1.01 * min(xs)), left, right)
    up = Scale(10.0 ** math.floor(math.log10(min(ys))), 1.3 * max(ys), bottom, top)
    for value in up.decades():
        canvas.line(left, up.at(value), right, up.at(value), GRID)
        canvas.text(left - 10, up.at(value), f'{value:g}', GREY, align='right')
    for x in sorted(set(xs)):
        canvas.line(across.at(x), bottom, across.at(x), bottom + 5, GREY)
        canvas.text(across.at(x), bottom + 20, f'{x:.2g}', GREY, align='middle')
    canvas.text(left + CHART_WIDTH / 2, bottom + 44, unit, GREY, align='middle')
    canvas.line(left, bottom, right, bottom, GREY)
    # Who ran only a part of the way has the name where the line ends.
    whole = [line for line in lines if line.points[-1][0] == max(xs)]
    ends = _apart([up.at(line.points[-1][1]) for line in whole])
    labels = {line.name: label for line, label in zip(whole, ends, strict=True)}
    for line in lines:
        _line(canvas, line, across, up, labels.get(line.name))


def _line(canvas: Canvas, line: Line, across: Scale, up: Scale, label: float | None) -> None:
    places = [(across.at(x), up.at(y)) for x, y in line.points]
    for (x0, y0), (x1, y1) in pairwise(places):
        canvas.line(x0, y0, x1, y1, line.colour, 2)
    canvas.dots(np.array(places), 3.2, line.colour)
    x, y = places[-1]
    if label is None:
        canvas.text(x + 10, y, _ascii(line.name), line.colour, height=9.5)
        return
    canvas.line(x + 6, y, across.end + 14, label, _pale(line.colour), 1)
    canvas.text(across.end + 18, label, _ascii(line.name), line.colour, height=9.5)


def _points(
    results: Results, name: str, workloads: Sequence[Workload], place: Callable[[Workload], float]
) -> list[tuple[float, float]]:
    result = results.contenders[name]
    return [
        (place(workload), p50)
        for workload in workloads
        if (p50 := result.p50(workload)) is not None
    ]


def _megapixels(workload: Workload) -> float:
    return workload.width * workload.height / 1e6


def _apart(rows: Sequence[float]) -> list[float]:
    """Rows of labels that must not touch, near those that are wished for, in the same order."""
    order = sorted(range(len(rows)), key=lambda index: rows[index])
    placed = list(rows)
    for above, below in pairwise(order):
        placed[below] = max(placed[below], placed[above] + LABEL_HEIGHT)
    return placed


def _pale(colour: Colour) -> Colour:
    red, green, blue = (round(255 - 0.4 * (255 - value)) for value in colour)
    return red, green, blue


def _figure(value: float) -> str:
    return f'{value:.0f}' if value >= 100 else f'{value:.1f}' if value >= 10 else f'{value:.2f}'


def _ascii(text: str) -> str:
    return text.encode('ascii', 'ignore').decode()
