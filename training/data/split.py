"""Validation split: every tenth photo of some sources, by the hash of its name.

`python -m training.data.split --data DIR` writes `val_split.txt` next to this file; training and
evaluation read the committed list, so that a figure always belongs to the same photos.
"""

import argparse
import hashlib
from pathlib import Path

VALIDATION_SOURCES = ('coco_train', 'coco_more', 'coco_tiny100', 'ecssd')
SPLIT_FILE = Path(__file__).parents[1] / 'val_split.txt'


def is_validation(name: str) -> bool:
    """Whether a photo named 'source/file' is held out: its SHA-1 is a multiple of ten."""
    return int(hashlib.sha1(name.encode()).hexdigest(), 16) % 10 == 0


def choose(data: Path, sources: tuple[str, ...] = VALIDATION_SOURCES) -> list[str]:
    """Sorted 'source/file' names of the held-out photos of a store."""
    names = [
        f'{source}/{photo.name}'
        for source in sources
        for photo in (data / source / 'img').iterdir()
    ]
    return sorted(name for name in names if is_validation(name))


def read(path: Path = SPLIT_FILE) -> set[str]:
    """'source/file' names of the committed list."""
    return set(path.read_text().split())


def main() -> None:
    """Write the list."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, required=True, help='folder with one folder a source')
    parser.add_argument('--out', type=Path, default=SPLIT_FILE)
    arguments = parser.parse_args()
    names = choose(arguments.data)
    arguments.out.write_text('\n'.join(names) + '\n')
    print(f'{len(names)} photos held out, listed in {arguments.out}')


if __name__ == '__main__':
    main()
