"""A part of the work that one process does alone: all prompts of one image, in one direction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from picosam_ros.labelling.keys import Stretch


@dataclass(frozen=True)
class EngineChoice:
    """The engine of a worker: its name and options, as `open_engine` takes them."""

    name: str = 'auto'
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """What a worker gets; it can be pickled.

    Attributes:
        id: names its result's file: the same for the same work.
        path: of the recording, as the worker finds it.
        topic: of the images, in a rosbag2 with several.
        engine: what computes.
        stretches: of prompts about one image, `key`.
        key: the number of that image.
        backwards: from the key image to the first ones; else from it, itself included, to the last.
        images: how many there are to do, about; 0 if that is not known.

    """

    id: str
    path: Path
    topic: str
    engine: EngineChoice
    stretches: tuple[Stretch, ...]
    key: int
    backwards: bool
    images: int = 0


class Runner(Protocol):
    """Does jobs: in this process, in several, or on several machines."""

    def run(
        self,
        jobs: list[Job],
        *,
        done: Callable[[Job, bytes], None],
        progress: Callable[[int], None],
        stopped: Callable[[], bool],
    ) -> None:
        """Do all jobs, the longest first.

        Args:
            jobs: to do.
            done: called in the caller's thread with each result, as soon as it is there.
            progress: called at least every 0.2 s with the number of images that are done.
            stopped: asked at least every 0.2 s; once it is true the rest is given up.

        Raises:
            PicosamError: a job cannot be done; results of others that were there were handed on.

        """
