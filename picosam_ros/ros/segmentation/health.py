"""Health of a segmentation node: its counts, and its components of `/diagnostics`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rclpy.node import Node

from picosam_ros.errors import ImageError
from picosam_ros.frame import Frame
from picosam_ros.health import segmentation_status
from picosam_ros.latency import LatencyWindow, Timing
from picosam_ros.ros.connections import connections_of, topics_status
from picosam_ros.ros.diagnostics import ERROR, INACTIVE, STALE, UNCONFIGURED, WARN, Status
from picosam_ros.ros.duplicates import Duplicates
from picosam_ros.ros.stream_health import Expected, Source, input_status
from picosam_ros.segmenter import Segmenter
from picosam_ros.stream_stats import StreamMonitor
from picosam_ros.wire.value_range import ValueScale

SILENT_CLOCK = (
    'use_sim_time is true, but /clock has no message yet: start the simulation, or play the bag '
    'with --clock'
)


@dataclass(frozen=True)
class Activity:
    """State of the node.

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
    """Counts images, results and faults, and reports them.

    Attributes:
        frames: results since activation.
        refused: images that could not be used or on which the engine failed, by cause.
        scale: of images of 16 bits, whose range is reported; None if there is none.

    """

    def __init__(self, node: Node) -> None:
        self.frames = 0
        self.refused: Counter[str] = Counter()
        self.scale: ValueScale | None = None
        self._node = node
        self._duplicates = Duplicates(node)
        self._refusal = ''
        self._ignored = 0
        self._arrivals = StreamMonitor()
        self._window = LatencyWindow()

    @property
    def rate(self) -> float:
        """Of the images that arrive, in Hz; NaN before the second one."""
        return self._arrivals.rate()

    @property
    def silence_s(self) -> float:
        """Seconds since the last image; infinite before the first."""
        return self._arrivals.stats().silence_s

    def restart(self) -> None:
        """Reset all counts: the node was activated."""
        self.frames = self._ignored = 0
        self.forget()

    def forget(self) -> None:
        """Reset ages, rates and stages; the counts stay."""
        self._arrivals.clear()
        self._window.clear()

    def arrived(self, frame: Frame, *, wanted: bool) -> None:
        """Count an image; it is not `wanted` while the node is disabled."""
        self._arrivals.add(frame.stamp_ns, frame.received_ns, frame.frame_id)
        self._ignored += not wanted

    def refuse(self, error: ImageError) -> None:
        """Count an image that cannot be used; the next report quotes the error."""
        self._arrivals.add_unreadable()
        self.refused['image'] += 1
        self._refusal = str(error)

    def answered(self, timing: Timing, *, masks: bool) -> None:
        """Count a published result."""
        if masks:
            self._window.add(timing)

    def failed(self) -> None:
        """Count an image on which the engine failed."""
        self.refused['failure'] += 1

    def report(
        self, activity: Activity, expected: Expected, source: Source
    ) -> Mapping[str, Status]:
        """Component to status."""
        connections = connections_of(self._node)
        status = self._idle(activity)
        values = self._counts(activity)
        if status is None:
            connection = next(
                (each for each in connections if each.published and each.topic == source.name), None
            )
            status = input_status(self._arrivals.stats(), expected, source, connection, values)
        return {
            'segmentation': self._segmentation(activity),
            'input': replace(status, values={**status.values, **values}),
            'topics': topics_status(connections, self._duplicates.check(connections)),
        }

    def _segmentation(self, activity: Activity) -> Status:
        segmenter = activity.segmenter
        if activity.fault:
            return Status(ERROR, activity.fault)
        if segmenter is None:
            return UNCONFIGURED
        status = segmentation_status(segmenter, self._window, 'send one to prompt_point')
        if not activity.active:
            return Status(STALE, INACTIVE, status.values)
        if not activity.enabled:
            return Status(WARN, 'disabled; call ~/enable with true', status.values)
        return status

    def _counts(self, activity: Activity) -> dict[str, object]:
        shown = self.scale.description if self.scale is not None else ''
        return {
            'results': self.frames,
            'dropped (a newer image came first)': activity.dropped,
            'dropped (disabled)': self._ignored,
            **({'value range': shown} if shown else {}),
            **{f'refused ({what})': count for what, count in dict(self.refused).items()},
        }

    def _idle(self, activity: Activity) -> Status | None:
        """Return why the image stream says nothing about the node; None where it does."""
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
