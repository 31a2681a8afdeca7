"""`python -m benchmarks.choose_photos`: choose what the demo shows, for today's network.

Candidates are all objects of photo_outlines.py in views that are aimed at each of them, near and
far. In every view each object is clicked at some places of a grid; in the best view of a photo at
all of them, at several moments of the hand's motion. What counts is the worst click against the
outline.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from benchmarks.films.photo_files import photo_file
from benchmarks.films.photo_outlines import OUTLINES, OutlinedObject, outlined
from benchmarks.films.sequences import Inside
from benchmarks.sections.tracking import iou
from picosam_ros.cameras.photo_table import TABLE, demo_photos
from picosam_ros.cameras.photo_walk import HEIGHT, WIDTH, Aim, Photo, PhotoWalk, Viewpoint
from picosam_ros.engines import open_engine
from picosam_ros.engines.base import Engine
from picosam_ros.frame import Frame
from picosam_ros.models import DEFAULT_MODEL, find_model
from picosam_ros.prompt import Prompt

COMMAND = 'python -m benchmarks.choose_photos --write'
PAN = 0.04
ZOOMS = ((0.5, 0.6), (0.65, 0.75), (0.85, 0.95))
# Nanoseconds: the zoom and the pan differ as much as they do in one visit.
STAMPS = (0, 2_500_000_000, 5_000_000_000)
# At all of these an object must be in view: the motions have no common period.
SWEEP = range(0, 400_000_000_000, 3_700_000_000)
# Rows and columns of the clicks on an object, and how far from its border they stay, as a share of
# the depth of its innermost pixel.
GRID, LEAST_DEPTH = 3, 0.25
# Of the image: smaller objects are hard to hit, of larger ones the rest is not seen.
SHARES = (0.008, 0.4)
# Of the worst click; and what two objects of a view may share.
WANTED, OVERLAP = 0.8, 0.02
MAX_OBJECTS, MAX_PHOTOS = 4, 5


@dataclass(frozen=True)
class Candidate:
    """One object in one view, and the IoUs of the clicks on it.

    `central`: whether the middle of the image is on it at all moments.
    """

    known: OutlinedObject
    aim: Aim
    ious: tuple[float, ...]
    central: bool

    @property
    def worst(self) -> float:
        """The least IoU."""
        return min(self.ious)


def main(arguments: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog='choose_photos', description=__doc__)
    parser.add_argument('--write', action='store_true', help=f'write {TABLE.name}')
    parser.add_argument('--only', choices=tuple(OUTLINES), nargs='+', default=tuple(OUTLINES))
    parser.add_argument(
        '--again', action='store_true', help='only measure the views of the table anew'
    )
    options = parser.parse_args(arguments)
    chosen = []
    with open_engine('host', model=DEFAULT_MODEL) as engine:
        known = {photo.name: photo.aim for photo in demo_photos()} if options.again else {}
        for photo in known or options.only:
            aim = known[photo] if known else _best_aim(engine, photo)
            measured = list(_measured(engine, photo, aim, STAMPS))
            for candidate in sorted(measured, key=lambda each: -each.worst):
                print(_line(candidate), flush=True)
            chosen.append(_chosen(measured))
    chosen = sorted(filter(None, chosen), key=lambda view: -view[0].worst)[:MAX_PHOTOS]
    print('\nchosen:')
    for view in chosen:
        for candidate in view:
            print(_line(candidate))
    if options.write:
        TABLE.write_text(json.dumps(_table(chosen), indent=1) + '\n')
    return 0


def _best_aim(engine: Engine, photo: str) -> Aim:
    return max(_views(engine, photo), key=lambda view: _value(_chosen(view[1])))[0]


def _views(engine: Engine, photo: str) -> Iterator[tuple[Aim, list[Candidate]]]:
    read = Photo.read(photo_file(photo))
    for known, zoom in product(outlined(photo, read.width, read.height), ZOOMS):
        aim = Aim((float(known.places[0][0]), float(known.places[0][1])), PAN, zoom)
        yield aim, list(_measured(engine, photo, aim, STAMPS[:1], step=2))


def _measured(
    engine: Engine, photo: str, aim: Aim, stamps: Sequence[int], step: int = 1
) -> Iterator[Candidate]:
    walk = PhotoWalk([Photo.read(photo_file(photo), aim)])
    [shown], views = walk.photos, [walk.viewpoint(stamp, 0) for stamp in stamps]
    frames = [Frame.from_array(walk.render(view)) for view in views]
    for known in outlined(photo, shown.width, shown.height):
        outlines = [seen(known.inside, view) for view in views]
        swept = [seen(known.inside, walk.viewpoint(stamp, 0)) for stamp in SWEEP]
        if all(map(_fits, swept)):
            clicks = _clicks(engine, zip(frames, outlines, strict=True), step)
            central = all(outline[HEIGHT // 2, WIDTH // 2] for outline in swept)
            yield Candidate(known, aim, tuple(_until_wrong(clicks)), central)


def seen(inside: Inside, view: Viewpoint) -> Inside:
    """Return an outline, HEIGHT×WIDTH bool, where the camera sees it."""
    size, motion = (WIDTH, HEIGHT), view.affine.matrix
    warped = cv2.warpAffine(inside.astype(np.float32), motion, size, flags=cv2.INTER_LINEAR)
    return np.asarray(warped > 0.5, np.bool_)


def grid(outline: Inside) -> list[tuple[float, float]]:
    """Return x, y of the clicks on an object: a grid over it, without what is near its border."""
    depth = cv2.distanceTransform(np.pad(outline.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    rows, columns = np.nonzero(depth >= LEAST_DEPTH * depth.max())
    pixels = np.stack([columns, rows], 1)
    shares = (np.arange(GRID) + 0.5) / GRID
    low, high = pixels.min(0), pixels.max(0)
    wanted = [low + np.array(share) * (high - low) for share in product(shares, shares)]
    nearest = {tuple(pixels[((pixels - at) ** 2).sum(1).argmin()].tolist()) for at in wanted}
    return sorted(nearest)


def _fits(outline: Inside) -> bool:
    rim = (outline[0], outline[-1], outline[:, 0], outline[:, -1])
    whole = not any(line.any() for line in rim)
    return whole and SHARES[0] <= float(outline.mean()) <= SHARES[1]


def _clicks(engine: Engine, frames: Iterable[tuple[Frame, Inside]], step: int) -> Iterator[float]:
    for frame, outline in frames:
        for x, y in grid(outline)[::step]:
            [mask] = engine.segment(frame, [Prompt.from_point(x, y)])
            yield iou(mask.to_image(), outline)


def _until_wrong(ious: Iterable[float]) -> Iterator[float]:
    """Yield IoUs up to the first that is too low: the others would not save the object."""
    for value in ious:
        yield value
        if value < WANTED:
            return


def _chosen(view: list[Candidate]) -> list[Candidate]:
    """Return the good objects of a view, the best first, that do not lie on each other.

    None where the middle, which people click first, is on none of them.
    """
    chosen: list[Candidate] = []
    for candidate in sorted(view, key=lambda each: -each.worst):
        apart = all(iou(candidate.known.inside, one.known.inside) <= OVERLAP for one in chosen)
        if candidate.worst >= WANTED and apart and len(chosen) < MAX_OBJECTS:
            chosen.append(candidate)
    return chosen if any(each.central for each in chosen) else []


def _value(chosen: list[Candidate]) -> tuple[int, float]:
    return len(chosen), sum(each.worst for each in chosen)


def _table(chosen: list[list[Candidate]]) -> dict[str, object]:
    return {
        'command': COMMAND,
        'model': DEFAULT_MODEL,
        'sha256': find_model(DEFAULT_MODEL).digest,
        'photos': [
            {
                'file': photo_file(view[0].known.photo).name,
                'at': view[0].aim.at,
                'pan': view[0].aim.pan,
                'zoom': view[0].aim.zoom,
                'objects': [
                    {
                        'name': each.known.name,
                        'at': each.known.places[0],
                        'worst': round(each.worst, 3),
                        'mean': round(float(np.mean(each.ious)), 3),
                    }
                    for each in view
                ],
            }
            for view in chosen
        ],
    }


def _line(candidate: Candidate) -> str:
    known, aim = candidate.known, candidate.aim
    return (
        f'{candidate.worst:5.2f} worst {np.mean(candidate.ious):5.2f} mean of '
        f'{len(candidate.ious):2} clicks  {known.photo}: {known.name}, aimed at {aim.at}, '
        f'zoom {aim.zoom[0]:g} to {aim.zoom[1]:g}'
    )


if __name__ == '__main__':
    raise SystemExit(main())
