"""What pages have asked and nobody has answered yet, and which object ids are taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Generic, TypeVar

from picosam_ros.errors import ViewerError
from picosam_ros.prompt import FIRST_ID, LAST_ID

Who = TypeVar('Who')

# A node that works answers within milliseconds.
PATIENCE_S = 3.0
# An object that was just accepted may be in no scene yet: so long its id is not given again.
HOLD_S = 2.0


@dataclass(frozen=True, eq=False)
class Question(Generic[Who]):
    """A prompt on its way.

    Attributes:
        who, tag: who asked, and under which tag.
        object_id: what it is about.
        starts: whether there will be an object if it is accepted.
        asked: when, in seconds.

    """

    who: Who
    tag: int
    object_id: int
    starts: bool
    asked: float


class Questions(Generic[Who]):
    """Finds whom an answer is for. The node answers the prompts of an object in their order.

    Args:
        clock: seconds that never jump.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: list[Question[Who]] = []
        self._held: dict[int, float] = {}

    def free_id(self, taken: AbstractSet[int]) -> int:
        """Give the lowest id that is neither taken nor asked for, nor was a moment ago.

        Raises:
            ViewerError: there is none.

        """
        now = self._clock()
        self._held = {held: until for held, until in self._held.items() if until > now}
        asked = {question.object_id for question in self._open}
        for object_id in range(FIRST_ID, LAST_ID + 1):
            if not (object_id in taken or object_id in asked or object_id in self._held):
                return object_id
        raise ViewerError(f'all ids from {FIRST_ID} to {LAST_ID} are taken; remove an object')

    def ask(self, who: Who, tag: int, object_id: int, *, starts: bool) -> None:
        """Note that a prompt goes out."""
        self._open.append(Question(who, tag, object_id, starts, self._clock()))

    def answered(self, object_id: int, *, accepted: bool) -> Question[Who] | None:
        """Take the oldest question about an object, if a page asked one."""
        for question in self._open:
            if question.object_id == object_id:
                self._open.remove(question)
                if accepted and question.starts:
                    self._held[object_id] = self._clock() + HOLD_S
                return question
        return None

    def seen(self, object_ids: AbstractSet[int]) -> None:
        """Note that objects are in a scene now."""
        for object_id in object_ids:
            self._held.pop(object_id, None)

    def expired(self) -> list[Question[Who]]:
        """Take those that nobody has answered in time."""
        limit = self._clock() - PATIENCE_S
        late = [question for question in self._open if question.asked < limit]
        self._open = [question for question in self._open if question.asked >= limit]
        return late

    def forget(self, who: Who) -> None:
        """Drop the questions of one who left; the ids become free."""
        self._open = [question for question in self._open if question.who is not who]
