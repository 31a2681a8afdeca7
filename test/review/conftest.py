"""A project on a page, for each test."""

import pytest

pytest.importorskip('aiohttp', reason='the page needs aiohttp: pip install aiohttp')

from helpers.review_project import DiscProject, Served


@pytest.fixture
def serve(tmp_path, tiny_network):
    """Return a function that serves a project of doubted images; all end with the test."""
    running = []

    def start(*queue, refused=(), **options):
        project = DiscProject(tmp_path, tiny_network(), queue, refused)
        running.append(Served(project, **options))
        return running[-1]

    yield start
    for served in running:
        served.review.close()


@pytest.fixture
def pages(browser):
    from helpers.chromium import Pages

    with Pages(browser) as pages:
        yield pages
