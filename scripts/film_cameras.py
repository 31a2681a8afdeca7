"""Two camera nodes before photographs and one viewer, for the picture of the picker of cameras."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from picosam_ros.cameras.photos import photo_files
from picosam_ros.ros.process import package_prefix

# The photographs by namespace, without suffix.
PHOTOS = {'front': 'astronaut', 'rear': 'coffee'}
# In a domain of their own: other nodes of this machine are none of the page's.
_DOMAIN = '97'
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
        for namespace, photo in PHOTOS.items():
            parameters = {
                'camera': 'photos',
                'source': str(photos[photo]),
                'rate': _RATE,
                'model': model,
            }
            stack.enter_context(_node('camera', parameters, namespace))
        viewer = stack.enter_context(_node('viewer', {'port': 0}))
        assert viewer.stderr is not None
        # Which line it is depends on the format of the log.
        found = (re.search(r'open (http\S+)', line) for line in viewer.stderr)
        yield next(match[1] for match in found if match)


@contextmanager
def _node(
    name: str, parameters: dict[str, Any], namespace: str = ''
) -> Iterator[subprocess.Popen[str]]:
    command = [str(package_prefix('picosam_ros') / 'lib' / 'picosam_ros' / name), '--ros-args']
    command += ['-r', f'__ns:=/{namespace}', '-r', 'image:=image_raw']
    for key, value in parameters.items():
        command += ['-p', f'{key}:={value}']
    environment = os.environ | {
        'ROS_DOMAIN_ID': _DOMAIN,
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
    }
    # Only the viewer's log is read; a pipe that nobody reads would stop a camera.
    log = subprocess.PIPE if name == 'viewer' else subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stderr=log, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
