"""Finds the images of a recording by the names and ids that files of annotations have for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from pathlib import PurePosixPath

from picosam_ros.errors import PromptError

_EXAMPLES = 3


class ImageNames:
    """The names of a folder's images, or none: then numbers in the names of others are the images'.

    Args:
        names: in the order of the images.

    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._exact = {name: number for number, name in enumerate(names)}
        self._base = _unique(names, lambda name: PurePosixPath(name).name)
        self._stem = _unique(names, lambda name: PurePosixPath(name).stem)
        self._number = _unique(names, _last_number)

    @property
    def examples(self) -> str:
        """The first names, for errors."""
        more = ', …' if len(self._names) > _EXAMPLES else ''
        return ', '.join(self._names[:_EXAMPLES]) + more

    def of_file(self, name: str) -> int | None:
        """Return the number of the image with this name of a file; None if there is none.

        Folders before the name matter only where several images have it.

        Raises:
            PromptError: there are no names, and none of the images is meant by a number in it.

        """
        if not self._names:
            return _meant(name)
        return self._exact.get(name, self._base.get(PurePosixPath(name).name))

    def of_id(self, image: int | str) -> int | None:
        """Return the number of the image with this id; None if there is none.

        In a folder the id is the name without its ending, or the last number in it (000042.jpg is
        42), as evaluations of COCO have it.

        Raises:
            PromptError: as of_file.

        """
        if isinstance(image, str):
            found = self.of_file(image)
            return self._stem.get(image) if found is None else found
        if self._names:
            return self._number.get(image)
        if image < 0:
            raise PromptError(f'image {image} was given; the numbers of images begin with 0')
        return image


def _meant(name: str) -> int:
    number = _last_number(name)
    if number is None:
        raise PromptError(
            f'the image {name!r} has no number in its name; the images of a film or rosbag2 are '
            'meant by their numbers from 0 on, such as frame_000042.jpg'
        )
    return number


def _last_number(name: str) -> int | None:
    numbers = re.findall(r'[0-9]{1,18}', PurePosixPath(name).stem)
    return int(numbers[-1]) if numbers else None


def _unique(names: Sequence[str], key_of: Callable[[str], Hashable]) -> dict[Hashable, int]:
    """Return numbers by keys, but for keys that several names have."""
    found: dict[Hashable, int] = {}
    twice = set()
    for number, name in enumerate(names):
        key = key_of(name)
        if found.setdefault(key, number) != number:
            twice.add(key)
    return {key: number for key, number in found.items() if key not in twice}
