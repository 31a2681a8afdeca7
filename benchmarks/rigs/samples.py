"""Images that were sent, what came back for each, and what that says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

# How long the worker thread is busy with one image.
WORK = ('preprocess', 'inference', 'decode', 'publish')


@dataclass
class Sample:
    """One image.

    Attributes:
        sent: when it was published, in seconds of the steady clock.
        returned: when the callback of its masks ran; None if it never did.
        latency: the fields of its Latency message; None if none arrived.

    """

    sent: float
    returned: float | None = None
    latency: dict[str, Any] | None = None

    @property
    def answered(self) -> bool:
        """Whether masks and latency arrived."""
        return self.returned is not None and self.latency is not None

    @property
    def age_ms(self) -> float:
        """From the publish call to the callback of the masks."""
        return 1e3 * (self.returned - self.sent)

    @property
    def overhead_ms(self) -> float:
        """The age without the inference."""
        return self.age_ms - self.latency['inference']

    @property
    def work_ms(self) -> float:
        """How long the worker thread was busy with it."""
        return sum(self.latency[stage] for stage in WORK)


class Samples:
    """The images of one run.

    Attributes:
        sent: how many were published.
        answered: those whose masks came back, in the order of publication.
        replaced: how many a newer one replaced in the node before their turn: no loss, the design.

    """

    def __init__(self, samples: list[Sample], replaced: int) -> None:
        self.sent = len(samples)
        self.answered = [sample for sample in samples if sample.answered]
        self.replaced = replaced

    @property
    def lost(self) -> int:
        """Images that never reached the node, or whose masks never came back."""
        return max(self.sent - len(self.answered) - self.replaced, 0)

    def percentile(self, of: Callable[[Sample], float], percent: float = 50.0) -> float:
        """Of the images that were answered, the median by default; NaN if none was."""
        values = [of(sample) for sample in self.answered]
        return float(np.percentile(values, percent)) if values else float('nan')
