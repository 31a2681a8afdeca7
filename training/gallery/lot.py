"""Which masks the page shows: drawn by lot, so that nobody chose them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.readers import Photo

COUNT = 24
SEED = 24


@dataclass(frozen=True)
class Drawn:
    """One mask that was drawn.

    Attributes:
        photo: which has it.
        index: of the mask among the photo's.
        category: of the object, as its source names it.
        origin: the photo's path where it was taken from.
        licence: as its source states it.

    """

    photo: Photo
    index: int
    category: str
    origin: str
    licence: str


def draw_lots(photos: Sequence[Photo], count: int = COUNT, seed: int = SEED) -> list[Drawn]:
    """Draw masks in random order, each with the same chance, but only one of a photo.

    Args:
        photos: of a photo store.
        count: of masks, fewer where there are not so many photos.
        seed: the same one draws the same masks.

    """
    masks = [(photo, index) for photo in photos for index in range(len(photo.masks))]
    drawn: dict[str, Drawn] = {}
    for number in np.random.default_rng(seed).permutation(len(masks)):
        photo, index = masks[number]
        if len(drawn) < count and photo.name not in drawn:
            drawn[photo.name] = _told(photo, index)
    return list(drawn.values())


def _told(photo: Photo, index: int) -> Drawn:
    folder = photo.path.parents[1]
    entry = _entry(folder, photo)
    # The same masks as `readers` keeps.
    category = [mask.get('cat', '') for mask in entry['masks'] if mask['area'] > 0][index]
    source = folder / 'source.json'
    about = json.loads(source.read_text()) if source.is_file() else {}
    return Drawn(
        photo,
        index,
        category or 'object',
        entry['src_path'].split(':')[-1],
        about.get('licence', 'see the source'),
    )


def _entry(folder: Path, photo: Photo) -> dict:
    lines = map(json.loads, (folder / 'masks.jsonl').read_text().splitlines())
    return next(entry for entry in lines if Path(entry['file']).name == photo.file)
