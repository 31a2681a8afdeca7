"""The viewer's page on the demo's photographs, in a browser, with a pointer that can be seen."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from picosam_ros.cameras.photo_walk import DWELL_NS, HEIGHT, WIDTH, visit_at
from picosam_ros.cameras.photos import open_photos
from picosam_ros.models import DEFAULT_MODEL

# What starts the page, and what is told of it.
# Drawing without a GPU takes most of the processor: half of the images leave it to the network.
COMMAND = ('picosam', 'view', '--camera', 'photos', '--rate', '15', '--model', DEFAULT_MODEL)
SIMULATION = ('picosam', 'view', '--simulate', '--rate', '15')
# Of the page; a machine that is busy may take long.
PATIENCE_MS = 60_000
FRAME_S = 1 / 7
# A screenshot has no pointer and no keys: the page gets an element for both.
POINTER = """
() => {
  const made = document.createElement('div');
  made.id = 'film-pointer';
  Object.assign(made.style, { position: 'fixed', zIndex: 99, pointerEvents: 'none' });
  made.style.left = '-99px';
  made.innerHTML = `<svg width="30" height="30" viewBox="0 0 20 20" style="display:block">
    <path d="M2 1 L2 16 L6 12.5 L8.6 18.4 L11 17.4 L8.5 11.6 L13.6 11.4 Z"
      fill="white" stroke="black" stroke-width="1.2" stroke-linejoin="round"/></svg>
    <span style="position:absolute;left:24px;top:24px;white-space:nowrap;font:600 17px system-ui,
      sans-serif;color:#fff;background:#14161ae6;border-radius:6px;padding:3px 9px"></span>`;
  document.body.append(made);
}
"""
# No prompt is on its way, and the list has these objects, all with a mask.
FOLLOWED = """
(objects) => {
  const rows = [...document.querySelectorAll('#objects li')];
  const tracked = rows.filter((row) => row.dataset.state === 'tracked');
  return rows.length === tracked.length
    && String(objects) === String(tracked.map((row) => row.dataset.object));
}
"""
MOVE_POINTER = """
([x, y, said]) => {
  const pointer = document.querySelector('#film-pointer');
  Object.assign(pointer.style, { left: `${x - 3}px`, top: `${y - 1.5}px` });
  const text = pointer.querySelector('span');
  text.textContent = said;
  text.hidden = !said;
}
"""


@dataclass
class Stage:
    """A page, and what was filmed of it.

    Attributes:
        page: Playwright's, which shows a photograph of the demo.
        photo: name of that photograph, without suffix.
        visit: number of its visit, see PhotoWalk.
        said: what is written beside the pointer.
        at: where the pointer is, in CSS pixels.
        frames: what was filmed, JPEG in base 64, each with its time in seconds.

    """

    page: Any
    photo: str
    visit: int
    said: str = ''
    at: tuple[float, float] = (900.0, 640.0)
    frames: list[tuple[str, float]] = field(default_factory=list)
    _frozen_ns: int = 0
    _end: Callable[[], Any] = tuple
    _walk: Any = field(default_factory=open_photos)

    def on_screen(self, x: float, y: float) -> tuple[float, float]:
        """Return where a place of the photograph, in its file's pixels, is on the page now."""
        view = self._walk.viewpoint(self._frozen_ns or time.time_ns(), self.visit)
        column, row = view.affine(x, y)
        box = self.page.locator('#image').bounding_box()
        return (
            box['x'] + (column + 0.5) * box['width'] / WIDTH,
            box['y'] + (row + 0.5) * box['height'] / HEIGHT,
        )

    def glide(self, x: float, y: float, seconds: float) -> None:
        """Move the pointer to a place of the photograph."""
        (x0, y0), begun = self.at, time.monotonic()
        while (passed := (time.monotonic() - begun) / seconds) < 1:
            eased = passed * passed * (3 - 2 * passed)
            x1, y1 = self.on_screen(x, y)
            self._point(x0 + (x1 - x0) * eased, y0 + (y1 - y0) * eased)
            self.stay(0.03)
        self._point(*self.on_screen(x, y))

    def stay(self, seconds: float) -> None:
        """Let the pointer rest."""
        self.page.wait_for_timeout(1e3 * seconds)

    def click(self, said: str, *keys: str) -> None:
        """Click where the pointer is, with keys held."""
        self.say(said)
        for key in keys:
            self.page.keyboard.down(key)
        self.page.mouse.click(*self.at)
        for key in keys:
            self.page.keyboard.up(key)

    def say(self, said: str) -> None:
        """Write beside the pointer what the hand does; nothing removes it."""
        self.said = said
        self._point(*self.at)

    def wait_for(self, *objects: int) -> None:
        """Wait until these objects, and no others, are followed with their newest prompts."""
        self.page.wait_for_function(FOLLOWED, arg=list(objects))

    def leave(self) -> None:
        """Move the pointer off the image."""
        self.page.mouse.move(2, 2)
        self.at = (2, 2)

    def freeze(self) -> None:
        """Freeze the page."""
        self._frozen_ns = time.time_ns()
        self.page.keyboard.press('Space')
        self.page.locator('#frozen').wait_for(state='visible')

    def picture(self) -> Image.Image:
        """Return what the page shows, without the drawn pointer."""
        self.page.evaluate(MOVE_POINTER, [-99, -99, ''])
        return Image.open(io.BytesIO(self.page.screenshot())).convert('RGB')

    def begin(self) -> None:
        """Film from now on whatever the page shows."""
        session = self.page.context.new_cdp_session(self.page)

        def keep(event: dict[str, Any]) -> None:
            at = event['metadata']['timestamp']
            if not self.frames or at - self.frames[-1][1] >= FRAME_S:
                self.frames.append((event['data'], at))
            session.send('Page.screencastFrameAck', {'sessionId': event['sessionId']})

        session.on('Page.screencastFrame', keep)
        options = {'format': 'jpeg', 'quality': 95, 'everyNthFrame': 2}
        session.send('Page.startScreencast', options)
        self._end = lambda: (
            session.remove_listener('Page.screencastFrame', keep),
            session.send('Page.stopScreencast'),
        )

    def pictures(self) -> list[tuple[Image.Image, float]]:
        """End the film; return its frames, each with its time in seconds."""
        self._end()
        return [
            (Image.open(io.BytesIO(base64.b64decode(data))).convert('RGB'), at)
            for data, at in self.frames
        ]

    def _point(self, x: float, y: float) -> None:
        self.at = (x, y)
        self.page.mouse.move(x, y)
        self.page.evaluate(MOVE_POINTER, [x, y, self.said])


@contextmanager
def viewer(*command_line: str) -> Iterator[str]:
    """Run `picosam view` by its command line; give its address."""
    words = (*command_line[1:], '--port', '0', '--json')
    command = [sys.executable, '-m', 'picosam_ros', *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())['url']
        finally:
            process.terminate()


@contextmanager
def stage(
    browser: Any, url: str, photo: str, width: int, height: int, *, visit: int = 0, **options: Any
) -> Iterator[Stage]:
    """Open the page and wait until it shows a photograph of the demo, from its first second on.

    Args:
        browser: Playwright's.
        url: of the page.
        photo: file name without suffix.
        width: of the screen, in CSS pixels.
        height: of it.
        visit: of the photograph, where the show has stopped with it.
        options: of the browser's context, such as `color_scheme`.

    """
    # The page allows no style of another origin: the pointer's is one.
    size = {'width': width, 'height': height}
    context = browser.new_context(bypass_csp=True, viewport=size, **options)
    try:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(url)
        page.locator('#empty').wait_for(state='hidden')
        page.evaluate(POINTER)
        yield Stage(page, photo, visit or _wait_for_visit(page, photo))
    finally:
        context.close()


def _wait_for_visit(page: Any, photo: str) -> int:
    """Wait until the show comes to a photograph; return the number of the visit."""
    names = [each.name for each in open_photos().photos]
    while True:
        now = time.time_ns()
        visit = visit_at(now)
        # What is seen is some images old.
        if names[visit % len(names)] == photo and 0.3e9 < now % DWELL_NS < 0.6e9:
            return visit
        page.wait_for_timeout(50)
