"""What runs in the simulated sensor: the package's network, a function, or recorded tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Protocol

from picosam_ros.engines.host import HostEngine
from picosam_ros.frame import Frame, Logits, Pixels
from picosam_ros.prompt import Prompt
from picosam_ros.simulation.settings import NetworkFunction, Settings


class SensorNetwork(Protocol):
    """Computes logits from the pixels of the ROI."""

    def open(self) -> None:
        """Load it. Raises ModelError or EngineError; a second call does nothing."""

    def infer(self, sample: Callable[[], Pixels]) -> Logits:
        """Return h×w float32 logits of the pixels that `sample` returns: h×w×3 uint8 RGB."""


class FunctionNetwork:
    """A function in the network's place."""

    def __init__(self, function: NetworkFunction) -> None:
        self._function = function

    def open(self) -> None:
        """Return at once: there is nothing to load."""

    def infer(self, sample: Callable[[], Pixels]) -> Logits:
        return self._function(sample())


class RecordedNetwork:
    """Recorded logits, one after another; no pixels are sampled, and nothing is computed."""

    def __init__(self, recorded: Sequence[Logits]) -> None:
        self._next = cycle(recorded)

    def open(self) -> None:
        """Return at once: there is nothing to load."""

    def infer(self, sample: Callable[[], Pixels]) -> Logits:
        del sample
        return next(self._next)


class EngineNetwork:
    """The package's ONNX network: the engine gets the pixels of the ROI as a whole image."""

    def __init__(self, model: str, threads: int) -> None:
        self._engine = HostEngine(model=model, threads=threads)
        self._whole: Prompt | None = None

    def open(self) -> None:
        self._engine.open()

    def infer(self, sample: Callable[[], Pixels]) -> Logits:
        frame = Frame(sample())
        if self._whole is None:
            centre = (frame.width - 1) / 2, (frame.height - 1) / 2
            self._whole = Prompt.from_point(*centre, roi_size=frame.width)
        [mask] = self._engine.segment(frame, [self._whole])
        return mask.logits


def make_network(settings: Settings, model: str) -> SensorNetwork:
    """Make what the settings ask for, without loading it; else the model."""
    if settings.replay:
        return RecordedNetwork(settings.replay)
    if settings.network is not None:
        return FunctionNetwork(settings.network)
    return EngineNetwork(model, settings.threads)
