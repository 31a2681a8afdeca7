"""Two engines as one: what the first could not answer for a frame, the second does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from picosam_ros.engines.base import Capabilities, Engine, EngineContext
from picosam_ros.errors import EngineError
from picosam_ros.frame import Frame
from picosam_ros.prompt import Prompt
from picosam_ros.results import Segmentation

POLICIES = ('fill_gaps', 'on_failure', 'sensor_only', 'host_only')

# Frames without any answer of the first engine after which it counts as failed.
FAILED_AFTER = 30


class FallbackEngine(EngineContext):
    """Each mask tells which of the two made it; `warning` tells when the second stands in.

    Args:
        first: the sensor.
        second: the host.
        policy: `fill_gaps` computes on the host whatever the sensor did not answer for a frame;
            `on_failure` only once the sensor has answered nothing for a second's worth of
            frames; `sensor_only` and `host_only` use one of them.

    """

    name = 'fallback'

    def __init__(self, *, first: Engine, second: Engine, policy: str = 'fill_gaps') -> None:
        if policy not in POLICIES:
            raise EngineError(
                f'fallback_policy {policy!r} was given; allowed are {", ".join(POLICIES)}'
            )
        self.policy = policy
        self._first = first
        self._second = second
        self._silent = 0
        self._why = ''

    @property
    def capabilities(self) -> Capabilities:
        """What both can do, or the one that is used."""
        if self.policy == 'sensor_only':
            return self._first.capabilities
        if self.policy == 'host_only':
            return self._second.capabilities
        a, b = self._first.capabilities, self._second.capabilities
        return Capabilities(
            a.negative_points and b.negative_points,
            a.boxes and b.boxes,
            a.boxes_with_points and b.boxes_with_points,
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
        """The first engine has answered nothing for FAILED_AFTER frames with prompts."""
        return self._silent >= FAILED_AFTER

    @property
    def warning(self) -> str:
        """Why the host stands in for the sensor; empty while the sensor answers."""
        if self.policy == 'host_only' or not self.failed:
            return self._first.warning
        stands_in = 'no masks' if self.policy == 'sensor_only' else 'the host stands in'
        return f'the sensor has not answered for {self._silent} frames ({self._why}): {stands_in}'

    def open(self) -> None:
        """Open what the policy uses."""
        if self.policy != 'host_only':
            self._first.open()
        if self.policy != 'sensor_only':
            self._second.open()

    def close(self) -> None:
        """Close both."""
        self._first.close()
        self._second.close()

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Ask the first, then the second for what is missing, as the policy says."""
        elsewhere = not frame.from_sensor and self.policy != 'sensor_only'
        if elsewhere or self.policy == 'host_only':
            return self._second.segment(frame, prompts)
        made = self._first.segment(frame, prompts)
        self._watch(made, prompts)
        fills = self.policy == 'fill_gaps' or (self.policy == 'on_failure' and self.failed)
        if not (fills and made.unanswered):
            return made
        filled = self._second.segment(frame, [missing.prompt for missing in made.unanswered])
        return _merged(made, filled, prompts)

    def _watch(self, made: Segmentation, prompts: Sequence[Prompt]) -> None:
        if made.masks or not prompts:
            self._silent = 0
            return
        self._silent += 1
        self._why = made.unanswered[0].reason if made.unanswered else ''


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
