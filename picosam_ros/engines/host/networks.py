"""What the host engine asks of a network, whatever prompts that takes."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from picosam_ros.engines.base import Capabilities
from picosam_ros.engines.runtimes import Array, LoadedNetwork, check_finite
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt


@dataclass
class StageSeconds:
    """Time of the stages of one call, summed over its runs of the network."""

    preprocess: float = 0.0
    inference: float = 0.0


class PromptableNetwork(ABC):
    """A loaded file that turns an image and a prompt into a mask.

    Args:
        network: what was loaded; `loaded` afterwards.
        engine: the name that the masks carry.
        check: called with the prompt before each run; it raises GivenUp to end the work.
        has_time: whether there is time for a run that betters an answer.

    Attributes:
        SIGNATURE: what such a file takes and returns, in words.
        capabilities: what kinds of prompts it answers.

    """

    SIGNATURE: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    def __init__(
        self,
        network: LoadedNetwork,
        engine: str,
        check: Callable[[Prompt], None],
        has_time: Callable[[], bool],
    ) -> None:
        self._engine = engine
        self._check = check
        self._has_time = has_time
        self.loaded = network
        self._outputs = tuple(port.name for port in network.outputs)
        self._seconds = StageSeconds()

    @classmethod
    @abstractmethod
    def takes(cls, network: LoadedNetwork) -> bool:
        """Whether the file is of this kind."""

    @abstractmethod
    def warm_up(self) -> float:
        """Run it once at each of its sizes; return the milliseconds of the smallest."""

    @abstractmethod
    def segment(self, frame: Frame, prompt: Prompt) -> Mask:
        """Answer one prompt."""

    @abstractmethod
    def candidates(self, frame: Frame, prompt: Prompt) -> tuple[Mask, ...]:
        """Return all masks that it proposes for a prompt, the best first."""

    def propose(self, frame: Frame, prompt: Prompt) -> tuple[Mask, ...]:
        """Return masks by a single quick run, see `Engine.propose`."""
        return self.candidates(frame, prompt)

    def keep(self, prompts: Sequence[Prompt]) -> None:  # noqa: B027 - most know nothing of them
        """Forget what is known of all other prompts."""

    @contextmanager
    def measured(self) -> Iterator[StageSeconds]:
        """Return the time of the stages of a block, within which another one may run."""
        outer, self._seconds = self._seconds, StageSeconds()
        try:
            yield self._seconds
        finally:
            self._seconds = outer

    def _timed(self, feed: dict[str, Array]) -> float:
        begun = time.perf_counter()
        check_finite(self.loaded.run(feed, self._outputs), self._outputs)
        return 1e3 * (time.perf_counter() - begun)

    def _run(self, feed: dict[str, Array], begun: float) -> list[Array]:
        """Run the network on what was prepared since `begun`, and measure both."""
        ready = time.perf_counter()
        outputs = self.loaded.run(feed, self._outputs)
        self._seconds.preprocess += ready - begun
        self._seconds.inference += time.perf_counter() - ready
        check_finite(outputs, self._outputs)
        return outputs
