"""What `picosam watch` knows of a node, as a table and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from picosam_ros.commands.terminal import paint
from picosam_ros.status import Level, Status

if TYPE_CHECKING:
    from picosam_ros.latency import LatencySummary

# Wide enough for the longest label.
_LABEL = 10
_COLOURS = {Level.OK: 'green', Level.WARN: 'yellow', Level.ERROR: 'red', Level.STALE: 'yellow'}
# Objects that the table shows; JSON has all.
_SHOWN = 12


@dataclass(frozen=True)
class SeenObject:
    """An object in the newest result.

    Attributes:
        object_id: 1 to 254.
        score: the IoU to expect, 0 to 1; None if the object was not answered.
        area: in pixels.
        box: x0, y0, x1, y1 in pixels of the image; None if the mask is empty.
        engine: that made the mask.
        reason: why the object was not answered; empty if it was.

    """

    object_id: int
    score: float | None = None
    area: int = 0
    box: tuple[int, int, int, int] | None = None
    engine: str = ''
    reason: str = ''


@dataclass(frozen=True)
class NodeState:
    """What is known of a node.

    Attributes:
        name: full.
        there: whether it is in the graph now.
        silence_s: since the last result, in seconds; infinite before the first.
        latency: of the results of the last seconds.
        objects: of the newest result.
        answers: number of answers to prompts since the watching began, by the state's name.
        last_refusal: which prompt was refused last, and why; empty if none was.
        readers: the nodes that subscribe to its masks.
        components: its parts, as /diagnostics has them, by name.

    """

    name: str
    there: bool
    silence_s: float
    latency: LatencySummary
    objects: Sequence[SeenObject]
    answers: Mapping[str, int]
    last_refusal: str
    readers: Sequence[str]
    components: Mapping[str, Status]

    @property
    def images_per_second(self) -> float:
        """Results, and images that a newer one replaced, in Hz; 0 once they stopped."""
        summary = self.latency
        dropped = summary.dropped / summary.seconds if summary.seconds > 0 else 0.0
        return summary.rate_hz + dropped

    @property
    def engine(self) -> str:
        """Engine and model, as far as /diagnostics tells them."""
        known = self.components.get('segmentation')
        values = known.values if known else {}
        return ' '.join(str(values[key]) for key in ('engine', 'model') if values.get(key))

    @property
    def problems(self) -> Mapping[str, Status]:
        """The components that are not well."""
        return {
            name: status for name, status in self.components.items() if status.level != Level.OK
        }


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
