"""The page in a real browser."""

import contextlib
import shutil

import pytest
from helpers.harness import PATIENCE

playwright = pytest.importorskip(
    'playwright.sync_api', reason='a browser is driven by Playwright: pip install playwright'
)
expect = playwright.expect
BrowserTimeout = playwright.TimeoutError

CHROMIUM = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser'))), None)
CHROMIUM_IS_HERE = pytest.mark.skipif(
    CHROMIUM is None, reason='there is no Chromium: sudo apt install chromium'
)
# As root it runs in no sandbox; and it stays off the network.
FLAGS = [
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
]


@contextlib.contextmanager
def chromium():
    """Run a browser."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, timeout=1e3 * 4 * PATIENCE
        )
        expect.set_options(timeout=1e3 * PATIENCE)
        yield browser
        browser.close()


class Pages:
    """Pages of a test, which are closed with it; errors in their consoles fail it."""

    def __init__(self, browser):
        self._browser = browser
        self._contexts = []
        self._errors = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for context in self._contexts:
            context.close()
        assert self._errors == []

    def open(self, url, *, width=1280, height=800, quiet=True, touch=False, image=True, script=''):
        """Open a page and wait for its first image, unless there will be none.

        The script runs before those of the page.
        """
        size = {'width': width, 'height': height}
        context = self._browser.new_context(viewport=size, has_touch=touch)
        context.set_default_timeout(1e3 * PATIENCE)
        self._contexts.append(context)
        page = context.new_page()
        if quiet:
            page.on('console', self._note)
        page.on('pageerror', lambda error: self._errors.append(str(error)))
        page.add_init_script(script)
        page.goto(url)
        if image:
            expect(page.locator('#empty')).to_be_hidden()
        return page

    def _note(self, message):
        if message.type != 'log':
            self._errors.append(message.text)
