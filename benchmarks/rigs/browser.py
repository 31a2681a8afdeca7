"""Chromium, without a screen, as the sections about the viewer need it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# As root it runs in no sandbox; and it stays off the network.
FLAGS = ('--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking')
SIZE = {'width': 1280, 'height': 800}


@contextmanager
def chromium(timeout: float) -> Iterator[Callable[[], Any]]:
    """Give a function that starts a browser and returns its empty page.

    Args:
        timeout: seconds that a page waits for anything.

    Raises:
        ImportError: there is no Chromium, or no Playwright to drive it.

    """
    from playwright.sync_api import sync_playwright

    path = shutil.which('chromium') or shutil.which('chromium-browser')
    if path is None:
        raise ImportError('there is no Chromium; sudo apt install chromium')

    def start() -> Any:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(1e3 * timeout)
        return page

    with sync_playwright() as driver:
        yield start
