"""Figures as lines of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from picosam_ros.evaluation.clicks import GOALS

COLUMNS = {'miou': 'mIoU', 'map': 'mAP', 'small': 'small', 'medium': 'medium', 'large': 'large'}
_NAME = 28


def header(name: str) -> str:
    """Return the names of the columns."""
    return f'{name:{_NAME}}' + ''.join(f'{title:>8}' for title in COLUMNS.values())


def line(name: str, figures: Mapping[str, float | None]) -> str:
    """Return one row of figures; where there is no mask stands a dash."""
    return f'{name:{_NAME}}' + ''.join(_cell(figures[column]) for column in COLUMNS)


def numbers(report: Mapping[str, Any]) -> str:
    """Return how many masks each column speaks of."""
    counts = {'miou': report['n'], **{name: report[f'n_{name}'] for name in list(COLUMNS)[2:]}}
    return f'{"  masks":{_NAME}}' + ''.join(f'{counts.get(name, ""):>8}' for name in COLUMNS)


def after_clicks(report: Mapping[str, Any]) -> list[str]:
    """Return a row for each click after the first, if there were more."""
    further = report['clicks']['after'][1:] if 'clicks' in report else []
    return [line(f'  {clicks} clicks', figures) for clicks, figures in enumerate(further, 2)]


def to_goals(report: Mapping[str, Any]) -> list[str]:
    """Return how many clicks it takes, a line for each IoU that is wanted."""
    if 'clicks' not in report:
        return []
    clicks = report['clicks']
    return [
        f'NoC@{goal}: {clicks[f"noc{goal}"]:.2f} clicks; {clicks[f"reached{goal}"]:.0%} of the '
        f'masks get there, the others count as {len(clicks["after"])}'
        for goal in GOALS
    ]


def _cell(value: float | None) -> str:
    return f'{"-":>8}' if value is None else f'{value:8.3f}'
