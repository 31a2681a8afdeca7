"""Film the viewer's page for README and docs: docs/images/demo.gif, and still pictures of it.

`make film` runs it, best on a machine without other work. Page, network and answers are real, and
nothing is cut; only the pointer and the words beside it are drawn, as a screenshot has none.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from picosam_ros.models import DEFAULT_MODEL, shipped_models
from scripts import picture_commands, picture_topics
from scripts.film_cameras import picture_cameras
from scripts.film_gif import write_gif
from scripts.film_stage import COMMAND, SIMULATION, Stage, stage, viewer

IMAGES = Path(__file__).parent.parent / 'docs' / 'images'
RECORD = IMAGES / 'demo.json'
# As root a browser runs in no sandbox; and it stays off the network.
FLAGS = ('--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking')
QUALITY = 85
PARTS = ('film', 'stills', 'cameras', 'commands', 'topics')
STILLS = ('viewer.jpg', 'viewer-dark.jpg', 'viewer-phone.jpg', 'viewer-frozen.jpg')
SIMULATED, CAMERAS = 'viewer-simulated.jpg', 'viewer-cameras.jpg'

# A photograph of the demo, and places in it, in its file's pixels.
PHOTO = 'astronaut'
NAME_TAG, HELMET, BADGE, STRAP = (299, 358), (395, 428), (168, 392), (258, 380)
COLLAR = (215, 300)


def film(scene: Stage) -> None:
    """Point as a person would: look, click, a second object, a third one, and look again."""
    scene.begin()
    scene.stay(0.2)
    scene.glide(*STRAP, 0.5)
    scene.stay(0.5)
    scene.glide(*NAME_TAG, 0.3)
    scene.click('click')
    scene.wait_for(1)
    scene.stay(0.6)
    scene.say('')
    scene.glide(*HELMET, 0.5)
    scene.click('click')
    scene.wait_for(1, 2)
    scene.stay(0.6)
    scene.say('')
    scene.glide(*BADGE, 0.6)
    scene.click('click')
    scene.wait_for(1, 2, 3)
    scene.stay(0.6)
    scene.say('')
    scene.glide(*COLLAR, 0.5)
    scene.say('hover')
    scene.stay(1.5)


def stills(browser: Any, url: str, folder: Path) -> None:
    """Take the page in light and dark, frozen and clicked, and on a phone."""
    with stage(browser, url, PHOTO, 1280, 800) as scene:
        for number, place in enumerate((NAME_TAG, HELMET, BADGE), start=1):
            scene.glide(*place, 0.2)
            scene.click('')
            scene.wait_for(*range(1, number + 1))
        scene.leave()
        # The counts of the first second are those of a page that begins.
        scene.stay(3)
        _save(scene, folder / 'viewer.jpg')
        scene.page.emulate_media(color_scheme='dark')
        _save(scene, folder / 'viewer-dark.jpg')
        with stage(
            browser, url, PHOTO, 390, 844, visit=scene.visit, has_touch=True, is_mobile=True
        ) as phone:
            phone.wait_for(1, 2, 3)
            phone.stay(3)
            _save(phone, folder / 'viewer-phone.jpg')
        scene.page.emulate_media(color_scheme='light')
        scene.freeze()
        scene.glide(*STRAP, 0.2)
        scene.click('')
        scene.wait_for(1, 2, 3, 4)
        scene.leave()
        _save(scene, folder / 'viewer-frozen.jpg')


def simulated_still(browser: Any, url: str, path: Path) -> None:
    """Take the page before the simulated sensor, with an object that it follows."""
    with stage(browser, url, PHOTO, 1280, 800) as scene:
        scene.glide(*BADGE, 0.2)
        scene.click('')
        scene.wait_for(1)
        scene.leave()
        scene.stay(3)
        _save(scene, path)


def _save(scene: Stage, path: Path) -> None:
    scene.picture().save(path, quality=QUALITY)


def record() -> dict[str, Any]:
    """Return what the pictures were made with."""
    return {
        'command': 'make film',
        'page': ' '.join(COMMAND),
        'model': DEFAULT_MODEL,
        'sha256': shipped_models()[DEFAULT_MODEL]['sha256'],
        'pictures': [
            'demo.gif',
            *STILLS,
            SIMULATED,
            CAMERAS,
            *picture_commands.PICTURES,
            picture_topics.PICTURE,
        ],
    }


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description='Film the page for README and docs.')
    parser.add_argument('--folder', type=Path, default=IMAGES, help='where to write')
    parser.add_argument('--only', choices=PARTS, help='default: all')
    arguments = parser.parse_args()
    folder, only = arguments.folder, arguments.only
    path = shutil.which('chromium') or shutil.which('chromium-browser')
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        if only in (None, 'film'):
            with viewer(*COMMAND) as url, stage(browser, url, PHOTO, 960, 600) as scene:
                film(scene)
                write_gif(folder / 'demo.gif', scene.pictures())
        if only in (None, 'stills'):
            with viewer(*COMMAND) as url:
                stills(browser, url, folder)
            with viewer(*SIMULATION) as url:
                simulated_still(browser, url, folder / SIMULATED)
        if only in (None, 'cameras'):
            picture_cameras(browser, DEFAULT_MODEL, folder / CAMERAS, QUALITY)
        browser.close()
    if only in (None, 'commands'):
        picture_commands.write_pictures(folder, DEFAULT_MODEL)
    if only in (None, 'topics'):
        picture_topics.write_picture(folder, DEFAULT_MODEL)
    if only is None:
        (folder / RECORD.name).write_text(json.dumps(record(), indent=1) + '\n')
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
