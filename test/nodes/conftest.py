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


# Pages in a browser before a camera and a viewer of the module.


@pytest.fixture
def open_page(browser):
    """Return a function that opens a page; errors in its console fail the test."""
    from helpers.chromium import Pages

    with Pages(browser) as pages:
        yield pages.open


@pytest.fixture(scope='module')
def camera(tmp_path_factory, red_network):
    """Run a camera that looks at three red discs."""
    from helpers.page import disc_camera

    with disc_camera(tmp_path_factory.mktemp('discs'), red_network) as process:
        yield process


@pytest.fixture(scope='module')
def url(camera):
    """Give the URL of a viewer of that camera."""
    from helpers.page import viewed

    with viewed(camera) as url:
        yield url


@pytest.fixture
def page(open_page, url):
    """Open the page of that viewer, with no object from the test before."""
    from helpers.page import remove_all

    page = open_page(url)
    remove_all(page)
    return page


@pytest.fixture(scope='module')
def photo(tmp_path_factory):
    """Run a camera that looks at a photo of a cup, with the network that ships, and a viewer."""
    from helpers.page import cup_camera, viewed

    with cup_camera(tmp_path_factory.mktemp('photo')) as process, viewed(process) as url:
        process.url = url
        yield process
