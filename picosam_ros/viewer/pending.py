"""Prompts that were sent and not answered yet, and which object ids are in use."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Generic, TypeVar

from picosam_ros.errors import ViewerError
from picosam_ros.prompt import FIRST_ID, LAST_ID
from picosam_ros.viewer.requests import PromptRequest

Sender = TypeVar('Sender')

# A running node answers within milliseconds, on a machine that is out of cores or memory within
# seconds. An answer that comes later finds its sender no more.
ANSWER_TIMEOUT_S = 10.0
# An accepted object may be in no frame yet: its id stays reserved for that long.
RESERVE_S = 2.0


@dataclass(frozen=True, eq=False)
class PendingPrompt(Generic[Sender]):
    """A prompt without an answer yet.

    Attributes:
        sender, tag: who sent it, with which tag.
        object_id: of the prompt.
        creates: whether the object exists once it is accepted.
        sent_at: in seconds.
        request: what was sent; None for a removal.
        note: for the sender once it is accepted.

    """

    sender: Sender
    tag: int
    object_id: int
    creates: bool
    sent_at: float
    request: PromptRequest | None = None
    note: str = ''


class PendingPrompts(Generic[Sender]):
    """Matches answers with prompts. The node answers the prompts of an object in their order.

    Args:
        clock: steady, in seconds.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pending: list[PendingPrompt[Sender]] = []
        self._reserved: dict[int, float] = {}

    def free_id(self, used: AbstractSet[int]) -> int:
        """Return the lowest id that is neither used nor pending nor reserved.

        Raises:
            ViewerError: there is none.

        """
        now = self._clock()
        self._reserved = {number: end for number, end in self._reserved.items() if end > now}
        pending = {prompt.object_id for prompt in self._pending}
        for object_id in range(FIRST_ID, LAST_ID + 1):
            if not (object_id in used or object_id in pending or object_id in self._reserved):
                return object_id
        raise ViewerError(f'object ids {FIRST_ID} to {LAST_ID} are all in use; remove an object')

    @property
    def object_ids(self) -> frozenset[int]:
        """The objects that have a prompt without an answer, or no frame since the answer."""
        return frozenset((*(prompt.object_id for prompt in self._pending), *self._reserved))

    def add(
        self,
        sender: Sender,
        tag: int,
        object_id: int,
        *,
        creates: bool,
        request: PromptRequest | None = None,
        note: str = '',
    ) -> None:
        """Add a prompt that is sent now; `request` and `note` as in PendingPrompt."""
        self._pending.append(
            PendingPrompt(sender, tag, object_id, creates, self._clock(), request, note)
        )

    def resolve(self, object_id: int, *, accepted: bool) -> PendingPrompt[Sender] | None:
        """Remove and return the oldest prompt of an object; None if there is none."""
        for prompt in self._pending:
            if prompt.object_id == object_id:
                self._pending.remove(prompt)
                if accepted and prompt.creates:
                    self.reserve(object_id)
                return prompt
        return None

    def reserve(self, object_id: int) -> None:
        """Reserve the id of an object that was accepted, until it is in a frame."""
        self._reserved[object_id] = self._clock() + RESERVE_S

    def release(self, object_ids: AbstractSet[int]) -> None:
        """End the reservation of objects that are in a frame now."""
        for object_id in object_ids:
            self._reserved.pop(object_id, None)

    def take_expired(self) -> list[PendingPrompt[Sender]]:
        """Remove and return the prompts without an answer in time."""
        limit = self._clock() - ANSWER_TIMEOUT_S
        expired = [prompt for prompt in self._pending if prompt.sent_at < limit]
        self._pending = [prompt for prompt in self._pending if prompt.sent_at >= limit]
        return expired

    def discard(self, sender: Sender) -> None:
        """Remove the prompts of a sender that has disconnected; their ids become free."""
        self._pending = [prompt for prompt in self._pending if prompt.sender is not sender]
