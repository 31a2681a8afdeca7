"""The network that takes clicks, and what it is run on."""

from dataclasses import dataclass

import numpy as np
import pytest

from picosam_ros.engines.host import HostEngine
from picosam_ros.engines.runtimes import OnnxRuntimeNetwork
from picosam_ros.models import DEFAULT_MODEL


@pytest.fixture(scope='module')
def engine():
    with HostEngine(model=DEFAULT_MODEL, threads=1) as engine:
        yield engine


@dataclass
class Run:
    """What one run of the network was given: the side of its input, and the four maps."""

    side: int
    maps: np.ndarray


@pytest.fixture
def runs(engine, monkeypatch):
    """Record the runs of the network."""
    recorded, run = [], OnnxRuntimeNetwork.run

    def record(network, feed, wanted):
        recorded.append(Run(feed['image'].shape[1], feed['prompt'][0].copy()))
        return run(network, feed, wanted)

    monkeypatch.setattr(OnnxRuntimeNetwork, 'run', record)
    return recorded
