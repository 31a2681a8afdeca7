"""Metrics of masks: mean IoU, mAP, mean IoU by the size of the object, NoC; and their table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Choice = npt.NDArray[np.bool_]

THRESHOLDS = np.arange(10, 20) / 20
# COCO's bounds of an object's area, in pixels of the image.
SMALL, MEDIUM = 32**2, 96**2
# NoC@80, NoC@85 and NoC@90: the IoUs that a user wants to reach, in percent.
GOALS = (80, 85, 90)

COLUMNS = {
    'miou': 'mIoU',
    'best': 'best',
    'map': 'mAP',
    'small': 'small',
    'medium': 'medium',
    'large': 'large',
}
_NAME = 28


def iou(predicted: Choice, truth: Choice) -> float:
    """Return the intersection over union of two masks of one shape; 0 where both are empty."""
    either = np.count_nonzero(predicted | truth)
    return np.count_nonzero(predicted & truth) / either if either else 0.0


def mean_precision(ious: Values) -> float:
    """Return the mean over the thresholds 0.50, 0.55 ... 0.95 of the share of masks above them."""
    return float((ious[:, None] >= THRESHOLDS).mean()) if len(ious) else 0.0


def by_size(areas: Values) -> dict[str, Choice]:
    """Return which masks are small, medium and large: bool [N] each."""
    return {
        'small': areas < SMALL,
        'medium': (areas >= SMALL) & (areas < MEDIUM),
        'large': areas >= MEDIUM,
    }


def summary(ious: Values, areas: Values) -> dict[str, float | None]:
    """Return mean IoU and mAP over all masks, mean IoU by size (None without a mask)."""
    sizes = {
        name: round(float(ious[chosen].mean()), 4) if chosen.any() else None
        for name, chosen in by_size(areas).items()
    }
    mean = round(float(ious.mean()), 4) if len(ious) else None
    return {'miou': mean, 'map': round(mean_precision(ious), 4), **sizes}


def clicks_report(ious: Values, areas: Values) -> dict[str, Any]:
    """Return metrics after each click, and the mean number of clicks (NoC) to each of GOALS.

    An object that never reaches it counts as all its clicks, as in the tables of RITM and
    SimpleClick; `reached80` and so on are the shares of those that do.

    Args:
        ious: float64 [N, clicks], IoU after each click; N is at least 1.
        areas: float64 [N], areas of the objects in pixels.

    """
    report: dict[str, Any] = {'after': [summary(after, areas) for after in ious.T]}
    for goal in GOALS:
        reached = ious >= goal / 100
        needed = np.where(reached.any(1), reached.argmax(1) + 1, ious.shape[1])
        report[f'noc{goal}'] = round(float(needed.mean()), 4)
        report[f'reached{goal}'] = round(float(reached.any(1).mean()), 4)
    return report


def table_header(name: str) -> str:
    """Return the header line: `name` and the titles of the columns."""
    return f'{name:{_NAME}}' + ''.join(f'{title:>8}' for title in COLUMNS.values())


def table_row(name: str, figures: Mapping[str, float | None]) -> str:
    """Return one line of metrics, with a dash where there is none."""
    return f'{name:{_NAME}}' + ''.join(_cell(figures.get(column)) for column in COLUMNS)


def count_row(report: Mapping[str, Any]) -> str:
    """Return the line with the number of masks of each column."""
    sizes = ('small', 'medium', 'large')
    counts = {'miou': report['n'], **{name: report[f'n_{name}'] for name in sizes}}
    return f'{"  masks":{_NAME}}' + ''.join(f'{counts.get(name, ""):>8}' for name in COLUMNS)


def click_rows(report: Mapping[str, Any]) -> list[str]:
    """Return a line for each click after the first, if any."""
    further = report['clicks']['after'][1:] if 'clicks' in report else []
    return [table_row(f'  {clicks} clicks', figures) for clicks, figures in enumerate(further, 2)]


def goal_lines(report: Mapping[str, Any]) -> list[str]:
    """Return a line for each of GOALS with the mean number of clicks to it."""
    if 'clicks' not in report:
        return []
    clicks = report['clicks']
    return [
        f'NoC@{goal}: {clicks[f"noc{goal}"]:.2f} clicks; {clicks[f"reached{goal}"]:.0%} of the '
        f'masks reach it, the others count as {len(clicks["after"])}'
        for goal in GOALS
    ]


def _cell(value: float | None) -> str:
    return f'{"-":>8}' if value is None else f'{value:8.3f}'
