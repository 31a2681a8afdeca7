"""Pictures for the docs: what the commands `segment`, `track` and `eval` make of photographs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.films.photo_files import photo_file
from benchmarks.films.photo_outlines import OUTLINES
from picosam_ros.cameras import photo_walk
from picosam_ros.cameras.photos import open_photos, photo_folder

PHOTO = 'astronaut.png'
# What is printed on the page, on this photograph: a point, its larger object, a correction, all.
OVERLAYS = {
    'segment.jpg': (
        ('--point', '220,110'),
        ('--point', '220,110', '--size-step', '1'),
        ('--point', '220,110', '--point', '200,420'),
    ),
    'everything.jpg': (('--everything', '--budget', '20'),),
}
# Of the Middlebury stereo data set, whose pictures are not to be shown elsewhere without asking.
UNLICENSED = ('motorcycle_left',)
WIDTH, GAP = 960, 6


# A film of the demo's camera before that photograph, and what is shown of it, in seconds.
RATE, SHOWN = 15, (0.0, 2.0, 4.0)
ON_HELMET = '491,364'
PICTURES = (*OVERLAYS, 'track.jpg', 'eval.jpg')


def write_pictures(folder: Path, model: str) -> None:
    """Write all of them.

    Args:
        folder: where to write.
        model: name of a network that ships.

    """
    write_overlays(folder, model)
    write_track(folder / 'track.jpg', model)
    write_sheet(folder / 'eval.jpg', model)


def write_track(path: Path, model: str) -> None:
    """Run `picosam track` on a film that pans, and put some images of the result side by side."""
    with tempfile.TemporaryDirectory() as made:
        film, out = Path(made) / 'video.avi', Path(made) / 'out.mp4'
        size = (photo_walk.WIDTH, photo_walk.HEIGHT)
        writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*'MJPG'), RATE, size)
        for pixels in _walk(max(SHOWN)):
            writer.write(pixels[..., ::-1])
        writer.release()
        _picosam('track', film, '--point', ON_HELMET, '--model', model, '-o', out)
        video = cv2.VideoCapture(str(out))
        images = []
        while (bgr := video.read()[1]) is not None:
            images.append(Image.fromarray(bgr[..., ::-1].copy()))
    # A second of a film has its rate's images, whatever its last one is.
    side_by_side([images[min(round(at * RATE), len(images) - 1)] for at in SHOWN]).save(
        path, quality=85
    )


def _walk(seconds: float) -> Iterator[np.ndarray]:
    walk = open_photos()
    index = [photo.name for photo in walk.photos].index(Path(PHOTO).stem)
    for number in range(round(seconds * RATE) + 1):
        # The time of the words that are printed beside: of the photograph's 1000th visit.
        stamp = 1000 * photo_walk.DWELL_NS + 2_000_000_000 + round(number / RATE * 1e9)
        yield walk.render(walk.viewpoint(stamp, index))


def write_sheet(path: Path, model: str) -> None:
    """Run `picosam eval` on the photographs that were outlined by hand; keep its contact sheet."""
    images, annotations = [], []
    shown = {photo: objects for photo, objects in OUTLINES.items() if photo not in UNLICENSED}
    for number, (photo, objects) in enumerate(shown.items(), start=1):
        with Image.open(photo_file(photo)) as picture:
            width, height = picture.size
        name = photo_file(photo).name
        images.append({'id': number, 'file_name': name, 'width': width, 'height': height})
        for corners in objects.values():
            outline = np.array(corners, np.int32)
            left, top, wide, high = cv2.boundingRect(outline)
            annotations.append(
                {
                    'id': len(annotations) + 1,
                    'image_id': number,
                    'category_id': 1,
                    'iscrowd': 0,
                    'area': float(cv2.contourArea(outline)),
                    'bbox': [left, top, wide, high],
                    'segmentation': [outline.reshape(-1).tolist()],
                }
            )
    content = {
        'images': images,
        'annotations': annotations,
        'categories': [{'id': 1, 'name': 'object'}],
    }
    with tempfile.TemporaryDirectory() as made:
        labels, sheet = Path(made) / 'outlines.json', Path(made) / 'sheet.png'
        labels.write_text(json.dumps(content))
        files = ('--images', photo_folder(), '--annotations', labels)
        _picosam('eval', *files, '--model', model, '--sheet', sheet)
        Image.open(sheet).convert('RGB').save(path, quality=85)


def write_overlays(folder: Path, model: str) -> None:
    """Run `picosam segment` and put the overlays of a picture side by side.

    Args:
        folder: where to write.
        model: name of a network that ships.

    """
    for name, commands in OVERLAYS.items():
        pictures = [_overlay([*command, '--model', model]) for command in commands]
        side_by_side(pictures).save(folder / name, quality=85)


def _overlay(arguments: Sequence[str]) -> Image.Image:
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / 'overlay.png'
        _picosam('segment', photo_folder() / PHOTO, *arguments, '--overlay', path)
        return Image.open(path).convert('RGB')


def side_by_side(pictures: Sequence[Image.Image]) -> Image.Image:
    """Return pictures of one size in a row, with a gap between them."""
    width = (WIDTH - GAP * (len(pictures) - 1)) // len(pictures)
    height = round(pictures[0].height * width / pictures[0].width)
    sheet = Image.new('RGB', (WIDTH, height), 'white')
    for column, picture in enumerate(pictures):
        small = picture.resize((width, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (column * (width + GAP), 0))
    return sheet


def _picosam(*arguments: str | Path) -> None:
    command = [sys.executable, '-m', 'picosam_ros', *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
