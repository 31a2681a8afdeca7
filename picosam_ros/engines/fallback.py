"""The sensor, and the host in its place: what the one could not answer, the other does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from picosam_ros.engines import make_engine
from picosam_ros.engines.base import Capabilities, Engine, RoiPlacer
from picosam_ros.engines.work_limit import WorkLimit
from picosam_ros.errors import EngineError
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.registry import nearest
from picosam_ros.results import Segmentation

POLICIES = ('fill_gaps', 'on_failure', 'sensor_only', 'host_only')

# Consecutive frames without an answer after which the first engine counts as failed: a second.
FAILED_AFTER = 30


class FallbackEngine(Engine):
    """Answers by the first engine, or by the second where the policy says so.

    `Mask.engine` names the one that made it; `warning` says when and why the second replaces the
    first.

    Args:
        first: the sensor.
        second: the host.
        policy: `fill_gaps` computes on the host whatever the sensor did not answer for a frame;
            `on_failure` only once the sensor has answered no prompt for FAILED_AFTER frames;
            `sensor_only` and `host_only` use one of them.

    """

    name = 'fallback'

    def __init__(self, *, first: Engine, second: Engine, policy: str = 'fill_gaps') -> None:
        _check_policy(policy)
        self.policy = policy
        self._first = first
        self._second = second
        self._unanswered_frames = 0
        self._reason = ''

    @property
    def capabilities(self) -> Capabilities:
        """What both can do; with `sensor_only` or `host_only`, what that one can."""
        if self.policy == 'sensor_only':
            return self._first.capabilities
        if self.policy == 'host_only':
            return self._second.capabilities
        a, b = self._first.capabilities, self._second.capabilities
        return Capabilities(
            a.negative_points and b.negative_points,
            a.boxes and b.boxes,
            a.boxes_with_points and b.boxes_with_points,
            a.size_steps and b.size_steps,
            a.corrections and b.corrections,
        )

    @property
    def description(self) -> dict[str, str]:
        """Both engines' own, and the policy."""
        return {
            'fallback policy': self.policy,
            **self._first.description,
            **self._second.description,
        }

    @property
    def failed(self) -> bool:
        """Whether the first engine has answered no prompt for FAILED_AFTER frames."""
        return self._unanswered_frames >= FAILED_AFTER

    @property
    def warning(self) -> str:
        """Why the host replaces the sensor, or what the sensor warns of."""
        if self.policy == 'host_only' or not self.failed:
            return self._first.warning
        effect = 'no masks' if self.policy == 'sensor_only' else 'the host computes the masks'
        frames = f'{self._unanswered_frames} frames'
        return f'the sensor has not answered for {frames} ({self._reason}): {effect}'

    def open(self) -> None:
        """Open what the policy uses."""
        if self.policy != 'host_only':
            self._first.open()
        if self.policy != 'sensor_only':
            self._second.open()

    def begin(self) -> None:
        """Let both forget earlier prompts."""
        self._first.begin()
        self._second.begin()

    def close(self) -> None:
        """Close both."""
        self._first.close()
        self._second.close()

    def interrupt(self, interrupted: bool = True) -> None:
        """Interrupt both."""
        self._first.interrupt(interrupted)
        self._second.interrupt(interrupted)

    def set_work_limit(self, limit: WorkLimit) -> None:
        """Set that of both."""
        self._first.set_work_limit(limit)
        self._second.set_work_limit(limit)

    def segment_frame(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer by the first engine, then by the second what is missing, as the policy says."""
        other_source = not frame.from_sensor and self.policy != 'sensor_only'
        if other_source or self.policy == 'host_only':
            return self._second.segment_frame(frame, prompts)
        first = self._first.segment_frame(frame, prompts)
        self._count(first, prompts)
        fills = self.policy == 'fill_gaps' or (self.policy == 'on_failure' and self.failed)
        if not (fills and first.unanswered):
            return first
        missing = [unanswered.prompt for unanswered in first.unanswered]
        return _merged(first, self._second.segment_frame(frame, missing), prompts)

    def propose(self, frame: Frame, prompt: Prompt) -> tuple[Mask, ...]:
        """Return those of the second engine, if there is one: no ROI is moved."""
        engine = self._first if self.policy == 'sensor_only' else self._second
        return engine.propose(frame, prompt)

    def _count(self, first: Segmentation, prompts: Sequence[Prompt]) -> None:
        if first.masks or not prompts:
            self._unanswered_frames = 0
            return
        self._unanswered_frames += 1
        self._reason = first.unanswered[0].reason if first.unanswered else ''


def _merged(first: Segmentation, second: Segmentation, prompts: Sequence[Prompt]) -> Segmentation:
    order = {prompt.object_id: index for index, prompt in enumerate(prompts)}
    masks = sorted((*first.masks, *second.masks), key=lambda m: order[m.prompt.object_id])
    timing = replace(
        second.timing,
        exposure=first.timing.exposure,
        dnn=first.timing.dnn,
        dsp=first.timing.dsp,
    )
    return Segmentation(tuple(masks), second.unanswered, timing)


def auto(
    *, sensor: RoiPlacer | None = None, fallback_policy: str = POLICIES[0], **host_options: Any
) -> Engine:
    """Return the host engine, behind the sensor if the camera has one that runs a network."""
    _check_policy(fallback_policy)
    host = make_engine('host', **host_options)
    if sensor is None:
        return host
    return FallbackEngine(
        first=make_engine('in_sensor', sensor=sensor), second=host, policy=fallback_policy
    )


def _check_policy(name: str) -> None:
    if name not in POLICIES:
        given = f'fallback_policy {name!r} was given{nearest(name, POLICIES)}'
        raise EngineError(f'{given}; allowed are {", ".join(POLICIES)}')
