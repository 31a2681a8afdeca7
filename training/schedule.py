"""How long a training lasts, and the learning rate as it goes."""

import math
from dataclasses import dataclass
from typing import Protocol


class Running(Protocol):
    """A training that counts its updates and the seconds of all its starts."""

    step_count: int
    seconds: float


@dataclass(frozen=True)
class Budget:
    """How long to train, all starts together; the learning rate falls with what is spent.

    Seconds of the machine at hand, or updates, with which a run can be repeated elsewhere.
    """

    seconds: float = math.inf
    steps: float = math.inf

    def spent(self, trainer: Running) -> float:
        """Share that is spent, 0 to 1."""
        return max(trainer.seconds / self.seconds, trainer.step_count / self.steps)


def schedule(progress: float, warmup: float) -> float:
    """Share of the full learning rate: linear warm-up, then a cosine down to a hundredth."""
    if progress < warmup:
        return max(progress / warmup, 0.01)
    fall = min((progress - warmup) / (1 - warmup), 1.0)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * fall))
