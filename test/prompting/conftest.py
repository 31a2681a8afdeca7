"""A page of prompts, for each test."""

import pytest

pytest.importorskip('aiohttp', reason='the page needs aiohttp: pip install aiohttp')

from helpers.prompt_page import Prompted


@pytest.fixture
def serve(tmp_path, tiny_network):
    """Return a function that serves the page of recordings; all end with the test."""
    running = []

    def start(*names, **options):
        served = Prompted(
            tmp_path / 'prompts.yaml', tiny_network(), names or ('kitchen',), **options
        )
        running.append(served)
        return served

    yield start
    for served in running:
        served.review.close()


@pytest.fixture
def pages(browser):
    from helpers.chromium import Pages

    with Pages(browser) as pages:
        yield pages
