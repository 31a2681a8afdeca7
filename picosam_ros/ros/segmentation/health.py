"""What a segmentation node tells about itself: it counts here, and `/diagnostics` shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rclpy.node import Node

from picosam_ros.errors import ImageError
from picosam_ros.frame import Frame
from picosam_ros.latency import LatencyWindow, Timing
from picosam_ros.ros.connections import Connection, connections_of
from picosam_ros.ros.diagnostics import ERROR, OK, STALE, WARN, Status
from picosam_ros.ros.stream_health import Expected, Source, input_status
from picosam_ros.ros.stream_stats import StreamMonitor
from picosam_ros.segmenter import Segmenter

UNCONFIGURED = Status(STALE, 'not configured; configure and activate the node')
INACTIVE = 'not active; activate the node'
SILENT_CLOCK = (
    'use_sim_time is true and nothing has come on /clock: start the simulation, or play the bag '
    'with --clock'
)


@dataclass(frozen=True)
class Activity:
    """What the node is doing.

    Attributes:
        segmenter: None while the node is not configured.
        active, enabled: whether it works on images.
        dropped: images that a newer one replaced.
        fault: what keeps the node from working; empty if nothing does.

    """

    segmenter: Segmenter | None
    active: bool
    enabled: bool
    dropped: int
    fault: str


class Health:
    """Counts images, results and faults, and puts them into sentences.

    Attributes:
        frames: results since activation.
        refused: by cause: images that could not be used or on which the engine failed.

    """

    def __init__(self, node: Node) -> None:
        self.frames = 0
        self.refused: Counter[str] = Counter()
        self._node = node
        self._refusal = ''
        self._ignored = 0
        self._arrivals = StreamMonitor()
        self._window = LatencyWindow()

    def restart(self) -> None:
        """Count anew: the node was activated."""
        self.frames = self._ignored = 0
        self.forget()

    def forget(self) -> None:
        """Measure ages, rates and stages anew; the counts stay."""
        self._arrivals.clear()
        self._window.clear()

    def arrived(self, frame: Frame, *, wanted: bool) -> None:
        """An image came; it is not `wanted` while the masks are switched off."""
        self._arrivals.add(frame.stamp_ns, frame.received_ns, frame.frame_id)
        self._ignored += not wanted

    def refuse(self, error: ImageError) -> None:
        """An image came that cannot be used."""
        self._arrivals.add_unreadable()
        self.refused['image'] += 1
        self._refusal = str(error)

    def answered(self, timing: Timing, *, masks: bool) -> None:
        """A result was published."""
        if masks:
            self._window.add(timing)

    def failed(self) -> None:
        """The engine failed on an image."""
        self.refused['failure'] += 1

    def report(
        self, activity: Activity, expected: Expected, source: Source
    ) -> Mapping[str, Status]:
        """Component to status."""
        links = connections_of(self._node)
        status = self._hindrance(activity)
        values = self._counts(activity)
        if status is None:
            link = next((one for one in links if one.published and one.topic == source.name), None)
            status = input_status(self._arrivals.flow(), expected, source, link, values)
        return {
            'segmentation': self._segmentation(activity),
            'input': replace(status, values={**status.values, **values}),
            'topics': topics_status(links),
        }

    def _segmentation(self, activity: Activity) -> Status:
        segmenter = activity.segmenter
        if activity.fault:
            return Status(ERROR, activity.fault)
        if segmenter is None:
            return UNCONFIGURED
        values: dict[str, object] = {'engine': segmenter.engine.name}
        values.update(segmenter.engine.description)
        values['objects'] = len(segmenter.prompts)
        values.update({f'prompts {s.name.lower()}': n for s, n in segmenter.answers.items()})
        for stage, p in self._window.percentiles().items():
            values[f'{stage} p50/p95/p99 ms'] = f'{p.p50:.1f} / {p.p95:.1f} / {p.p99:.1f}'
        if not activity.active:
            return Status(STALE, INACTIVE, values)
        if not activity.enabled:
            return Status(WARN, 'switched off; call ~/enable with true', values)
        if segmenter.engine.warning:
            return Status(WARN, segmenter.engine.warning, values)
        if not segmenter.prompts:
            return Status(OK, 'no prompt: send one to prompt_point', values)
        return Status(OK, f'{len(segmenter.prompts)} objects', values)

    def _counts(self, activity: Activity) -> dict[str, object]:
        return {
            'results': self.frames,
            'dropped (a newer image came first)': activity.dropped,
            'dropped (switched off)': self._ignored,
            **{f'refused ({what})': count for what, count in self.refused.items()},
        }

    def _hindrance(self, activity: Activity) -> Status | None:
        """Tell what makes it idle to look at the flow of images."""
        refusal, self._refusal = self._refusal, ''
        if refusal:
            return Status(WARN, refusal)
        if activity.segmenter is None:
            return UNCONFIGURED
        if not activity.active:
            return Status(STALE, INACTIVE)
        if not self._node.get_clock().now().nanoseconds:
            return Status(ERROR, SILENT_CLOCK)
        return None


def topics_status(links: list[Connection]) -> Status:
    """Judge the connections of a node: every one that cannot come about is told."""
    misfits = [misfit for link in links for misfit in link.misfits]
    values = {link.topic: link.count for link in links}
    if misfits:
        return Status(ERROR, '; '.join(misfits), values)
    return Status(OK, 'nothing keeps the topics from connecting', values)
