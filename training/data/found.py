"""Objects that nobody labelled, as a further source of photos.

`python -m training.data.found --data DIR --source coco_person` asks the network that takes clicks
for everything in the photos of a source, and writes what has no label as `DIR/SOURCE_found`,
for the `weights` of a configuration. The photos stay where they are.
"""

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from picosam_ros.engines import Engine, open_engine
from picosam_ros.engines.everything import everything
from picosam_ros.mask import Mask
from picosam_ros.models import DEFAULT_MODEL
from training.data import readers, split
from training.data.readers import Photo

# Rating below which a mask is not believed.
LEAST_SCORE = 0.65
# Pixels: smaller ones are specks.
SMALLEST = 80
# Share of the photo: what is larger is a wall, a lawn or the sky as often as an object.
LARGEST = 0.08
# IoU from which on it is an object that is labelled.
SAME = 0.5


def find(engine: Engine, photo: Photo, budget: float) -> list[dict]:
    """Masks of unlabelled objects, as entries of `masks.jsonl`.

    Args:
        engine: with a network that takes clicks.
        photo: of any source.
        budget: seconds of the processor.

    """
    labelled = [photo.mask(index) > 0 for index in range(len(photo.masks))]
    masks = everything(engine, photo.pixels(), budget_s=budget, clock=time.process_time).masks
    return [
        {'rle': mask.to_rle(), 'area': mask.area, 'score': round(float(mask.score), 3)}
        for mask in masks
        if mask.score >= LEAST_SCORE and _is_new(mask, labelled)
    ]


def _is_new(mask: Mask, labelled: Iterable[np.ndarray]) -> bool:
    inside = mask.to_image()
    if not SMALLEST <= mask.area <= LARGEST * inside.size:
        return False
    # Cut at the border of the photo it is a piece of the background more often than not.
    if inside[[0, -1]].any() or inside[:, [0, -1]].any():
        return False
    return all((inside & other).sum() <= SAME * (inside | other).sum() for other in labelled)


def line(photo: Photo, masks: list[dict]) -> str:
    """One line of `masks.jsonl` for a photo that lies elsewhere."""
    about = {'file': str(photo.path.resolve()), 'src_path': photo.original}
    return json.dumps({**about, 'masks': masks})


def main() -> None:
    """Write the source."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, required=True, help='folder with one folder a source')
    parser.add_argument('--source', required=True, help='whose photos are looked through')
    parser.add_argument('--out', type=Path, help='folder of the new source; DIR/SOURCE_found')
    parser.add_argument('--seconds', type=float, default=0.7, help='of the processor, a photo')
    parser.add_argument('--photos', type=int, help='so many, drawn at random; else all')
    parser.add_argument('--threads', type=int, default=1)
    arguments = parser.parse_args()
    out = arguments.out or arguments.data / f'{arguments.source}_found'
    photos = readers.training_photos(arguments.data, split.read(), [arguments.source])
    order = np.random.default_rng(0).permutation(len(photos))[: arguments.photos]
    out.mkdir(parents=True, exist_ok=True)
    with (
        open_engine('host', model=DEFAULT_MODEL, threads=arguments.threads) as engine,
        (out / 'masks.jsonl').open('w') as file,
    ):
        for index in tqdm(order, unit=' photos'):
            if masks := find(engine, photos[index], arguments.seconds):
                file.write(line(photos[index], masks) + '\n')


if __name__ == '__main__':
    main()
