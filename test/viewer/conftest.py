"""A server for each test, on a free port."""

import pytest

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')

from helpers.viewer_server import RunningServer

from picosam_ros.viewer import pending, site


@pytest.fixture
def serve(monkeypatch):
    """Return a function that starts a server with options; all of them end with the test."""
    # The backend is the test, which a busy machine lets answer when it comes to it.
    monkeypatch.setattr(pending, 'ANSWER_TIMEOUT_S', 3600.0)
    # So are those who answer the pings, or read nothing at all.
    monkeypatch.setattr(site, 'HEARTBEAT_S', 3600.0)
    running = []

    def start(**options):
        running.append(RunningServer(**options))
        return running[-1]

    yield start
    for served in running:
        served.server.stop()


@pytest.fixture
def served(serve):
    return serve()


@pytest.fixture
def pages(browser):
    from helpers.chromium import Pages

    with Pages(browser) as pages:
        yield pages


@pytest.fixture
def shown(served, pages):
    from helpers.shown import Shown

    return Shown(served, pages)
