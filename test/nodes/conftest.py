"""Real nodes as processes of their own, on real Fast DDS."""

import pytest
from helpers import harness
from helpers.harness import Process
from helpers.rig import ROI_SIZE, Rig


@pytest.fixture(scope='session', autouse=True)
def ros():
    with harness.ros():
        yield


@pytest.fixture(scope='session')
def red_network(tiny_network):
    """Give the path of a network that finds what is red."""
    return tiny_network()


@pytest.fixture(scope='module')
def started(red_network):
    """Run one segmenter for a module; that it ends well is checked.

    Its squares lie around the clicks and nowhere else: it does not search for better ones.
    """
    parameters = {'model': red_network, 'threads': 1, 'track': False, 'roi_size': ROI_SIZE}
    with Process('segmenter', parameters) as process:
        rig = Rig(process)
        rig.connect()
        yield rig
        process.stop()
        rig.close()


@pytest.fixture
def rig(started):
    """Give the module's segmenter, with nothing left of the test before."""
    started.fresh()
    return started


@pytest.fixture
def searching_rig(rig):
    """Give the module's segmenter while it leaves the choice of the squares to the engine."""
    assert rig.set_parameters(roi_size=0) == ['']
    yield rig
    assert rig.set_parameters(roi_size=ROI_SIZE) == ['']
