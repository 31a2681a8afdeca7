"""What `picosam watch` knows of a node, as a table and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from picosam_ros.commands.terminal import paint
from picosam_ros.node_state import NodeState, SeenObject
from picosam_ros.status import Level

if TYPE_CHECKING:
    from picosam_ros.latency import LatencySummary

# Wide enough for the longest label.
_LABEL = 10
_COLOURS = {Level.OK: 'green', Level.WARN: 'yellow', Level.ERROR: 'red', Level.STALE: 'yellow'}
# Objects that the table shows; JSON has all.
_SHOWN = 12


def report(state: NodeState) -> dict[str, Any]:
    """Return it ready for JSON."""
    summary = state.latency
    return {
        'node': state.name,
        'running': state.there,
        'engine': state.engine,
        'images_per_second': round(state.images_per_second, 2),
        'results_per_second': round(summary.rate_hz, 2),
        'objects': [
            {
                'id': each.object_id,
                'score': None if each.score is None else round(each.score, 3),
                'area': each.area,
                'box': each.box,
                'engine': each.engine,
                'reason': each.reason,
            }
            for each in state.objects
        ],
        'latency_ms': {
            stage: {'p50': round(row.p50, 2), 'p95': round(row.p95, 2)}
            for stage, row in summary.stages.items()
        },
        'prompts': dict(state.answers),
        'last_refusal': state.last_refusal,
        'masks_read_by': list(state.readers),
        'problems': [
            {'component': name, 'level': status.level.name, 'message': status.message}
            for name, status in state.problems.items()
        ],
    }


def table(state: NodeState) -> str:
    """Return it as lines of text."""
    rows = [
        *_stream(state),
        *_objects(state.objects),
        *_latency(state.latency),
        *_prompts(state),
    ]
    if state.readers:
        rows.append(('masks to', ', '.join(state.readers)))
    rows += [
        (name, paint(status.message, _COLOURS[status.level]))
        for name, status in state.problems.items()
    ]
    lines = [f'{paint(state.name, "bold")}  {paint(state.engine, "dim")}'.rstrip()]
    before = ''
    for label, text in rows:
        shown = '' if label == before else label
        lines.append(f'  {paint(f"{shown:<{_LABEL}}", "dim")}  {text}'.rstrip())
        before = label
    return '\n'.join(lines)


def _stream(state: NodeState) -> Iterator[tuple[str, str]]:
    if not state.there:
        yield 'images', paint('the node is gone', 'red')
    elif not state.latency.results:
        before = 'yet' if math.isinf(state.silence_s) else f'for {state.silence_s:.0f} s'
        yield 'images', paint(f'no result {before}', 'yellow')
    else:
        rate = f'{state.images_per_second:.1f} images/s'
        answered = f', {state.latency.rate_hz:.1f} of them answered'
        yield 'images', f'{rate}{answered if state.latency.dropped else ""}'


def _objects(objects: Sequence[SeenObject]) -> Iterator[tuple[str, str]]:
    if not objects:
        yield 'objects', 'none: mark one with `picosam prompt X,Y`'
    for each in objects[:_SHOWN]:
        yield 'objects', _object(each)
    if len(objects) > _SHOWN:
        yield 'objects', f'and {len(objects) - _SHOWN} more'


def _object(seen: SeenObject) -> str:
    number = f'{seen.object_id:>3}'
    if seen.reason:
        return f'{number}  {paint(f"not answered: {seen.reason}", "yellow")}'
    if seen.box is None:
        return f'{number}  {paint("empty mask", "yellow")}'
    x0, y0, x1, y1 = seen.box
    score = f'{seen.score or 0.0:.2f}'
    return f'{number}  score {score}  {seen.area:>8} px  ({x0}, {y0}) to ({x1}, {y1})'


def _latency(summary: LatencySummary) -> Iterator[tuple[str, str]]:
    total = summary.stages.get('total')
    if total is not None:
        others = ', '.join(
            f'{stage} {row.p50:.1f}' for stage, row in summary.stages.items() if stage != 'total'
        )
        yield 'latency', f'{total.p50:.1f} ms (p95 {total.p95:.1f})  {paint(others, "dim")}'


def _prompts(state: NodeState) -> Iterator[tuple[str, str]]:
    counts = ', '.join(f'{count} {name}' for name, count in state.answers.items() if count)
    if counts:
        yield 'prompts', counts
    if state.last_refusal:
        yield 'refused', paint(state.last_refusal, 'yellow')
