"""Images that were sent, what came back for each, and what that says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# How long the worker thread is busy with one image.
WORK = ('preprocess', 'inference', 'decode', 'publish')


@dataclass
class Sample:
    """One image.

    Attributes:
        sent: when it was published, in seconds of the steady clock.
        returned: when the callback of its masks ran; None if it never did.
        latency: the fields of its Latency message; empty if none arrived.

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
    """The images of one run, in the order in which they were published."""

    def __init__(self, samples: list[Sample]) -> None:
        self.sent = len(samples)
        self.answered = [sample for sample in samples if sample.answered]

    @property
    def missing(self) -> int:
        """Images without masks."""
        return self.sent - len(self.answered)

    @property
    def replaced(self) -> int:
        """Images that a newer one replaced in the node before their turn: no loss, the design."""
        if not self.answered:
            return 0
        first, last = self.answered[0].latency, self.answered[-1].latency
        return last['dropped'] - first['dropped']

    @property
    def lost(self) -> int:
        """Images that never reached the node, or whose masks never came back."""
        return max(self.missing - self.replaced, 0)
