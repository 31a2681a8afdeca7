"""What can be known of a running node from outside; `picosam watch` shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from picosam_ros.status import Level, Status

if TYPE_CHECKING:
    from picosam_ros.latency import LatencySummary


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
