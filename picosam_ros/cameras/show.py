"""Which of its scenes a camera shows: one after the other, until somebody points at something."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Choice:
    """What is chosen now; plain data, for a camera that runs in another process.

    Attributes:
        wanted: whether the scene is to stay for now.
        stamp_ns: of the image whose scene stays for good; None while the show goes on.
        steps: how many scenes after that one.

    """

    wanted: bool = False
    stamp_ns: int | None = None
    steps: int = 0


class Show:
    """The choice of one camera's scenes. Thread-safe.

    The show goes on by itself, where every object would be lost. It waits while it is asked to, and
    stops for good with the first `hold` or `next_scene`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: Callable[[], bool] = lambda: False
        self._choice = Choice()

    @property
    def choice(self) -> Choice:
        """The choice for the next image."""
        return replace(self._choice, wanted=self._wanted())

    def stay_while(self, wanted: Callable[[], bool]) -> None:
        """Let the scene stay as long as it is wanted; to be called before the first image.

        Args:
            wanted: called for every image, in the thread that reads the camera.

        """
        self._wanted = wanted

    def hold(self, stamp_ns: int = 0) -> None:
        """Stop the show, unless it has stopped.

        Args:
            stamp_ns: of the image whose scene stays, also if another one came since; 0 for now.

        """
        with self._lock:
            if self._choice.stamp_ns is None:
                self._choice = Choice(stamp_ns=stamp_ns or time.time_ns())

    def next_scene(self) -> None:
        """Go on to the next scene, and stay there."""
        self.hold()
        with self._lock:
            self._choice = replace(self._choice, steps=self._choice.steps + 1)

    def follow(self, choice: Choice) -> None:
        """Take over the choice that was made in another process."""
        self._choice, self._wanted = choice, lambda: choice.wanted


@runtime_checkable
class ShowsScenes(Protocol):
    """A camera that may have a show."""

    @property
    def show(self) -> Show | None:
        """The show; None where the scene is the world's."""


def show_of(camera: object) -> Show | None:
    """Return the show of a camera; None where the scene is the world's."""
    return camera.show if isinstance(camera, ShowsScenes) else None


class SceneNumbers:
    """Counts the scenes as a show chooses them: for the camera that has the images.

    Args:
        show: chooses.
        scheduled: returns the number of the scene that is due at a stamp while the show goes on.

    """

    def __init__(self, show: Show, scheduled: Callable[[int], int]) -> None:
        self._show = show
        self._scheduled = scheduled
        # The scene of the newest image, since when it is shown, and the one before it.
        self._current: int | None = None
        self._since_ns = 0
        self._before = 0
        self._held: int | None = None

    def at(self, stamp_ns: int) -> int:
        """Return the number of the scene for the next image, which has this stamp."""
        choice = self._show.choice
        if self._current is None:
            self._current = self._before = self._scheduled(stamp_ns)
        if choice.stamp_ns is not None:
            if self._held is None:
                self._held = self._before if choice.stamp_ns < self._since_ns else self._current
            return self._held + choice.steps
        due = self._current if choice.wanted else self._scheduled(stamp_ns)
        if due != self._current:
            self._before, self._current, self._since_ns = self._current, due, stamp_ns
        return due
