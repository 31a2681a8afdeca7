"""Pack the photos of a configuration, once.

`python -m training.photos --data DIR --config training/configs/click.yaml --out pieces` reads
sources as `training.data.readers` does: folders of a store, COCO, LVIS. Photos of the split's list
are marked as held out; copies of them under other names are left out.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from training import configuration
from training.data import readers, split
from training.data.readers import Photo
from training.photos.pieces import PackedPhoto, pack, write


def packed_photos(data: Path, config: dict) -> Iterator[PackedPhoto]:
    """Photos of the configuration's sources, then those of them that are held out."""
    trained = readers.configured_photos(data, config)
    held = readers.validation_photos(data, split.read(), config['weights'])
    photos = [(photo, False) for photo in trained] + [(photo, True) for photo in held]
    for photo, is_held in tqdm(photos, unit=' photos', mininterval=5):
        packed = _packed(photo, is_held)
        if packed is not None:
            yield packed


def _packed(photo: Photo, held: bool) -> PackedPhoto | None:
    pixels = photo.pixels()
    masks = (photo.mask(index) for index in range(len(photo.masks)))
    fitting = (mask for mask in masks if mask.shape == pixels.shape[:2])
    return pack(photo.source, held, pixels, fitting, photo.path.read_bytes())


def main() -> None:
    """Pack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, required=True, help='see training/README.md')
    configuration.add_option(parser)
    parser.add_argument('--out', type=Path, required=True, help='a folder without pieces')
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    config = configuration.read(arguments.config)
    paths = write(packed_photos(arguments.data, config), arguments.out)
    size = sum(path.stat().st_size for path in paths) / 2**20
    print(f'{len(paths)} pieces, {size:.1f} MiB, in {arguments.out}')


if __name__ == '__main__':
    main()
