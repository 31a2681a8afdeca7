"""Two camera nodes before photographs and one viewer, for the picture of the picker of cameras."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.rigs.node_process import NodeProcess
from benchmarks.rigs.stream import use_own_domain
from picosam_ros.cameras.photos import photo_files

# The photographs by namespace, without suffix.
PHOTOS = {'front': 'astronaut', 'rear': 'motorcycle_left'}
# Drawing without a GPU takes most of the processor.
_RATE = 10.0


def picture_cameras(browser: Any, model: str, path: Path, quality: int) -> None:
    """Save the page of the rear camera, with the front one to choose.

    Args:
        browser: Playwright's.
        model: that ships.
        path: of the JPEG.
        quality: of it.

    """
    use_own_domain()  # other nodes of this machine are none of the page's
    with _viewer(model) as url:
        page = browser.new_page(viewport={'width': 1280, 'height': 800}, color_scheme='light')
        page.goto(f'{url}?camera=/rear/camera')
        page.locator('#empty').wait_for(state='hidden')
        picker = page.locator('#cameras')
        picker.wait_for(state='visible')
        box = page.locator('#image').bounding_box()
        page.mouse.click(box['x'] + 0.5 * box['width'], box['y'] + 0.5 * box['height'])
        page.locator('#objects li[data-state="tracked"]').wait_for()
        picker.locator('select').focus()
        # The latency of the first images is that of a page that begins.
        page.mouse.move(2, 2)
        page.wait_for_timeout(4000)
        page.screenshot(path=path, type='jpeg', quality=quality)
        page.close()


@contextmanager
def _viewer(model: str) -> Iterator[str]:
    """Run the nodes; give the page's address."""
    photos = {path.stem: path for path in photo_files()}
    with ExitStack() as stack:

        def run(
            name: str, parameters: dict[str, object], remaps: dict[str, str] | None = None
        ) -> NodeProcess:
            process = stack.enter_context(NodeProcess(name, parameters, remaps))
            stack.callback(process.end)
            return process

        for namespace, photo in PHOTOS.items():
            parameters = {
                'camera': 'photos',
                'source': photos[photo],
                'rate': _RATE,
                'model': model,
            }
            run('camera', parameters, {'__ns': f'/{namespace}'})
        viewer = run('viewer', {'port': 0})
        # Which line it is depends on the format of the log.
        while not (found := re.search(r'open (http\S+)\n', viewer.output)):
            if viewer.wait(0.1) is not None:
                raise RuntimeError(f'the viewer ended; it printed:\n{viewer.output}')
        yield found[1]
