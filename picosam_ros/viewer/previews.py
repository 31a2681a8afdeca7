"""Masks that browsers ask for without an object: one request of each is at work at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from picosam_ros.viewer import messages
from picosam_ros.viewer.frames import ImageMasks
from picosam_ros.viewer.requests import PreviewRequest

# An engine that is busy with the first clicks of many objects takes seconds.
TIMEOUT_S = 10.0
_REPLACED = 'a newer request took its place'


class Asking(Protocol):
    """Who asks, and is sent the answer."""

    def enqueue(self, text: str) -> None:
        """Take the text of an answer."""


class Answering(Protocol):
    """Who answers."""

    def preview(self, number: int, request: PreviewRequest) -> None:
        """Begin with a request."""


Sender = TypeVar('Sender', bound=Asking)


@dataclass(frozen=True, eq=False)
class _AtWork(Generic[Sender]):
    sender: Sender
    request: PreviewRequest
    until: float


class Previews(Generic[Sender]):
    """Passes on the requests, as fast as they are answered and no faster; the newest wins.

    Every request is answered: with its masks, or with the reason why there are none.

    Args:
        answering: gets each request with a number, which `answer` gets then.
        clock: steady, in seconds.

    """

    def __init__(
        self,
        answering: Answering,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answering = answering
        self._clock = clock
        self._number = 0
        self._at_work: dict[int, _AtWork[Sender]] = {}
        self._waiting: dict[Sender, PreviewRequest] = {}

    def ask(self, sender: Sender, request: PreviewRequest) -> None:
        """Begin with a request, or keep it until the one before is answered."""
        if any(each.sender is sender for each in self._at_work.values()):
            replaced = self._waiting.pop(sender, None)
            self._waiting[sender] = request
            if replaced is not None:
                _send(sender, replaced, ImageMasks(replaced.stamp_ns), _REPLACED)
            return
        self._number += 1
        self._at_work[self._number] = _AtWork(sender, request, self._clock() + timeout_s(request))
        self._answering.preview(self._number, request)

    def answer(self, number: int, masks: ImageMasks, reason: str) -> None:
        """Send the answer to a request, unless it came too late, and begin with the next one."""
        done = self._at_work.pop(number, None)
        if done is None:
            return
        _send(done.sender, done.request, masks, reason)
        following = self._waiting.pop(done.sender, None)
        if following is not None:
            self.ask(done.sender, following)

    def end_expired(self, reason: str) -> None:
        """Answer the requests that had no answer in time."""
        now = self._clock()
        for number in [key for key, each in self._at_work.items() if each.until < now]:
            self.answer(number, ImageMasks(self._at_work[number].request.stamp_ns), reason)

    def discard(self, sender: Sender) -> None:
        """Forget the requests of a sender that has disconnected."""
        self._waiting.pop(sender, None)
        self._at_work = {key: one for key, one in self._at_work.items() if one.sender is not sender}


def timeout_s(request: PreviewRequest) -> float:
    """Return how long the answer to a request is waited for, in seconds."""
    return TIMEOUT_S + request.budget_s


def _send(sender: Asking, request: PreviewRequest, masks: ImageMasks, reason: str) -> None:
    sender.enqueue(messages.preview(request.tag, masks, reason))
