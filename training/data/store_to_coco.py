"""The photo store's held-out photos as one COCO JSON, which `picosam eval` reads.

`python -m training.data.store_to_coco --data DIR --out coco.json --sources coco_train coco_more`,
then `picosam eval --images DIR --annotations coco.json`.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from training.data import readers, split
from training.data.readers import Photo


def to_coco(photos: Iterable[Photo]) -> dict:
    """Instances of the photos in COCO's format; file names are relative to the store."""
    images, annotations = [], []
    for number, photo in enumerate(photos, 1):
        rles = [photo.run_lengths(index) for index in range(len(photo.masks))]
        height, width = rles[0]['size']
        file = str(photo.path.relative_to(photo.store))
        images.append({'id': number, 'file_name': file, 'width': width, 'height': height})
        for index, rle in enumerate(rles):
            annotations.append(
                {
                    'id': len(annotations) + 1,
                    'image_id': number,
                    'category_id': 1,
                    'iscrowd': 0,
                    # Of the photo as it is stored, which may be smaller than the original.
                    'area': int(photo.mask(index).sum()),
                    'segmentation': rle,
                }
            )
    categories = [{'id': 1, 'name': 'object'}]
    return {'images': images, 'annotations': annotations, 'categories': categories}


def main() -> None:
    """Write the held-out photos of some sources."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, required=True, help='folder with one folder a source')
    parser.add_argument('--out', type=Path, required=True, help='the JSON file to write')
    parser.add_argument('--sources', nargs='+', default=list(split.VALIDATION_SOURCES))
    parser.add_argument(
        '--split', type=Path, default=split.SPLIT_FILE, help="a list of 'source/file' names"
    )
    arguments = parser.parse_args()
    chosen = split.read(arguments.split)
    coco = to_coco(readers.validation_photos(arguments.data, chosen, arguments.sources))
    arguments.out.write_text(json.dumps(coco))
    print(
        f'{len(coco["annotations"])} masks of {len(coco["images"])} photos in {arguments.out}; '
        f'picosam eval --images {arguments.data} --annotations {arguments.out}'
    )


if __name__ == '__main__':
    main()
