"""The time of a frame is limited, and its objects share it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence

from picosam_ros.engines.base import INTERRUPTED, Engine
from picosam_ros.engines.work_limit import REPLACED, WorkLimit
from picosam_ros.prompt import Prompt
from picosam_ros.worker import TurnLock

# Of a stream whose rate is not known yet: two periods at ten images a second.
UNKNOWN_RATE_S = 0.2
PERIODS = 2

WAITS = 'waits its turn: the other objects took the time of this frame (parameter frame_budget)'


def frame_budget(given_s: float, rate: float) -> float:
    """Return how long the prompts of one frame may take, in seconds.

    Args:
        given_s: by the user; 0 takes two periods of the stream.
        rate: of the stream, in Hz; NaN where it is not known.

    """
    if given_s:
        return given_s
    return PERIODS / rate if rate > 0 else UNKNOWN_RATE_S


class RoundRobin:
    """Remembers who was served last, from frame to frame."""

    def __init__(self) -> None:
        self._frame = 0
        # By object id, whatever prompt it has: who sends new ones all the time gains nothing.
        self._served: dict[int, int] = {}

    def begin(self) -> None:
        """Begin with the next frame."""
        self._frame += 1

    def serve(self, prompt: Prompt) -> None:
        """Note that work on a prompt begins."""
        self._served[prompt.object_id] = self._frame

    def ordered(self, prompts: Sequence[Prompt], followed: Collection[int]) -> list[Prompt]:
        """Return the objects that are followed, then the others, who waited longest first."""
        return sorted(
            prompts,
            key=lambda prompt: (
                prompt.object_id not in followed,
                self._served.get(prompt.object_id, 0),
            ),
        )


class FrameBudget(WorkLimit):
    """The work on one frame, within its budget.

    Objects that are followed are answered with every frame, by a run or so each: a mask that is
    missing now and then is an obstacle that comes and goes. New ones take many runs: the first is
    begun on any frame, further ones while there is time. What was begun is finished, unless the
    prompt was replaced or removed.

    Args:
        round_robin: of the stream.
        holds: whether a prompt was neither replaced nor removed meanwhile.
        budget_s: seconds; infinite for no limit.
        clock: monotonic, in seconds.

    Attributes:
        limited: whether there is a limit.
        followed: ids of the objects that are followed, of the next run.

    """

    def __init__(
        self,
        round_robin: RoundRobin,
        holds: Callable[[Prompt], bool],
        budget_s: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.limited = not math.isinf(budget_s)
        self._round_robin = round_robin
        self._holds = holds
        self._budget_s = budget_s
        self._clock = clock
        self.followed: Collection[int] = ()
        self._end = math.inf
        self._begun = False
        round_robin.begin()

    def begin(self) -> None:
        """Note that the engine is at work now: waiting for it takes nothing of the budget."""
        # New objects, on whatever frame they are answered, get what is left of one budget.
        self._end = min(self._end, self._clock() + self._budget_s)

    def reason_to_wait(self, prompt: Prompt) -> str:
        """Return why a prompt is not begun now; empty to begin."""
        if not self._holds(prompt):
            return REPLACED
        if prompt.object_id not in self.followed:
            if self._begun and self._clock() >= self._end:
                return WAITS
            self._begun = True
        self._round_robin.serve(prompt)
        return ''

    def reason_to_stop(self, prompt: Prompt) -> str:
        """Return why work on it ends."""
        return '' if self._holds(prompt) else REPLACED

    def has_time(self) -> bool:
        """Whether the budget is not spent."""
        return self._clock() < self._end


class SharedEngine(WorkLimit):
    """Work that lets other threads have the engine between two runs of its network.

    Args:
        lock: of the engine, held during the work.
        engine: gets this limit back after another thread has had it.
        interrupted: whether to give the work up.

    """

    def __init__(self, lock: TurnLock, engine: Engine, interrupted: Callable[[], bool]) -> None:
        self._lock = lock
        self._engine = engine
        self._interrupted = interrupted

    def reason_to_wait(self, prompt: Prompt) -> str:
        """Let others come first; return why a prompt is not begun then."""
        return self.reason_to_stop(prompt)

    def reason_to_stop(self, prompt: Prompt) -> str:
        """Let others come first; return why work on it ends then."""
        del prompt
        if self._lock.wanted:
            self._lock.give_way()
            self._engine.set_work_limit(self)
        return INTERRUPTED if self._interrupted() else ''
