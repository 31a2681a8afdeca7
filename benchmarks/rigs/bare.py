"""The runs of a network alone: what an engine's answer cannot be faster than."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.rigs import scene
from picosam_ros.engines.host import HostEngine
from picosam_ros.engines.runtimes import Array, LoadedNetwork
from picosam_ros.frame import Frame
from picosam_ros.prompt import Prompt

Feed = dict[str, Array]


@dataclass
class _Recorded:
    """A network that keeps what it is run on."""

    network: LoadedNetwork
    feeds: list[Feed] = field(default_factory=list)

    def run(self, feed: Mapping[str, Array], wanted: Sequence[str]) -> list[Array]:
        self.feeds.append({name: value.copy() for name, value in feed.items()})
        return self.network.run(feed, wanted)


def feeds_of(engine: HostEngine, frame: Frame, prompts: Sequence[Prompt]) -> list[Feed]:
    """Return what the network of an open engine is run on for an answer, run by run."""
    network: Any = engine._network  # noqa: SLF001
    recorded = _Recorded(network.loaded)
    network.loaded = recorded
    try:
        engine.segment(frame, prompts)
    finally:
        network.loaded = recorded.network
    return recorded.feeds


def runs(engine: HostEngine, feeds: Sequence[Feed]) -> Callable[[], object]:
    """Return a call that runs the network alone, with the engine's own options."""
    network: Any = engine._network  # noqa: SLF001
    loaded: LoadedNetwork = network.loaded
    wanted = [port.name for port in loaded.outputs]
    return lambda: [loaded.run(feed, wanted) for feed in feeds]


def one_run(engine: HostEngine) -> Callable[[], object]:
    """Return a call that runs the network once, as for an object that is followed."""
    prompts = scene.prompts(1, roi_size=192)
    return runs(engine, feeds_of(engine, scene.frame(), prompts))
