"""Pictures of what the commands of docs/tutorial.md make of a photograph, for that page."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from picosam_ros.cameras.photos import photo_folder

PHOTO = 'motorcycle_left.png'
# What is printed on the page, on this photograph: a point, its larger object, a correction, all.
OVERLAYS = {
    'segment.jpg': (
        ('--point', '435,200'),
        ('--point', '435,200', '--size-step', '1'),
        ('--point', '435,200', '--point', '379,216'),
    ),
    'everything.jpg': (('--everything', '--budget', '20'),),
}
WIDTH, GAP = 960, 6
# What is shown of the overlays of points, which would be small else.
PART = (310, 90, 720, 380)


def write_overlays(folder: Path, model: str) -> None:
    """Run `picosam segment` and put the overlays of a picture side by side.

    Args:
        folder: where to write.
        model: name of a network that ships.

    """
    for name, commands in OVERLAYS.items():
        pictures = [_overlay([*command, '--model', model]) for command in commands]
        if len(pictures) > 1:
            pictures = [picture.crop(PART) for picture in pictures]
        _side_by_side(pictures).save(folder / name, quality=85)


def _overlay(arguments: Sequence[str]) -> Image.Image:
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / 'overlay.png'
        subprocess.run(
            [
                *(sys.executable, '-m', 'picosam_ros', 'segment', photo_folder() / PHOTO),
                *arguments,
                *('--overlay', path),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return Image.open(path).convert('RGB')


def _side_by_side(pictures: Sequence[Image.Image]) -> Image.Image:
    width = (WIDTH - GAP * (len(pictures) - 1)) // len(pictures)
    height = round(pictures[0].height * width / pictures[0].width)
    sheet = Image.new('RGB', (WIDTH, height), 'white')
    for column, picture in enumerate(pictures):
        small = picture.resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (column * (width + GAP), 0))
    return sheet
