"""What a network file tells about its network."""

from __future__ import annotations

import json
from typing import Any

TASKS = ('classification', 'object detection', 'pose estimation', 'segmentation')
DEFAULTS = {'inference_rate': 30.0}


class NetworkIntrinsics:
    """Settings that a network file may carry; of picamera2's class, what segmentation needs.

    Args:
        val: the settings, by name.

    """

    def __init__(self, val: dict[str, Any] | None = None) -> None:
        self.intrinsics = val

    def __repr__(self) -> str:
        return json.dumps(self.intrinsics) if self.intrinsics else ''

    def update_with_defaults(self) -> None:
        """Add what is not set."""
        self.intrinsics = DEFAULTS | (self.intrinsics or {})

    @property
    def task(self) -> str | None:
        """One of TASKS; another one raises ValueError."""
        return self._get('task')

    @task.setter
    def task(self, val: str) -> None:
        if val not in TASKS:
            raise ValueError(f'task {val!r} was given; allowed are {", ".join(TASKS)}')
        self._set('task', val)

    @property
    def inference_rate(self) -> float | None:
        """Inferences per second that the file claims; a negative one removes it."""
        return self._get('inference_rate')

    @inference_rate.setter
    def inference_rate(self, val: float) -> None:
        if val >= 0:
            self._set('inference_rate', val)
        elif self.intrinsics is not None:
            self.intrinsics.pop('inference_rate', None)

    def _get(self, name: str) -> Any:
        return (self.intrinsics or {}).get(name)

    def _set(self, name: str, value: Any) -> None:
        self.intrinsics = (self.intrinsics or {}) | {name: value}
