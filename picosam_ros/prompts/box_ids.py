"""Object ids for the boxes of a detector, whose names for them may be anything or nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from picosam_ros.prompt import FIRST_ID, LAST_ID, Box

# Boxes of two images that share less are two objects.
_SAME_OBJECT_IOU = 0.3

_ALL = range(FIRST_ID, LAST_ID + 1)


class BoxIds:
    """Gives each box of an array an id, the same as in earlier arrays where it is the same object.

    A name that is a number from 1 to 254 is the id. Another name keeps the id that it was given
    first, as long as there are enough. A box without a name takes the id of the nameless box of
    the last array that it overlaps most.
    """

    def __init__(self) -> None:
        self._named: dict[str, int] = {}
        self._nameless: list[tuple[int, Box]] = []

    def assign(
        self, names: Sequence[str], boxes: Sequence[Box], taken: Collection[int]
    ) -> tuple[int, ...]:
        """Return the ids of an array's boxes, in their order; 0 where none is free.

        Args:
            names: of the boxes, in the detector's words; may be empty.
            boxes: in pixels.
            taken: ids that others use.

        """
        ids = [id_of(name) for name in names]
        used = {*taken, *ids}
        for index, name in enumerate(names):
            if not ids[index] and name:
                ids[index] = self._of_name(name, used, names)
                used.add(ids[index])
        nameless = {index: boxes[index] for index, name in enumerate(names) if not name}
        last = [(old, box) for old, box in self._nameless if old and old not in used]
        for index, old in continued(nameless, last).items():
            ids[index] = old
            used.add(old)
        for index, name in enumerate(names):
            if not ids[index] and not name:
                ids[index] = lowest_id(used | set(self._named.values())) or lowest_id(used)
                used.add(ids[index])
        self._nameless = [
            (ids[index], boxes[index]) for index, name in enumerate(names) if not name
        ]
        return tuple(ids)

    def _of_name(self, name: str, used: Collection[int], present: Collection[str]) -> int:
        known = self._named.get(name, 0)
        if known and known not in used:
            return known
        reserved = {*used, *self._named.values(), *(old for old, _ in self._nameless)}
        found = lowest_id(reserved)
        while not found and (gone := next((n for n in self._named if n not in present), None)):
            # Names of objects that are not there any more give their ids back, oldest first.
            reserved.discard(self._named.pop(gone))
            found = lowest_id(reserved | set(used))
        if found:
            self._named[name] = found
        return found


def continued(boxes: Mapping[int, Box], known: Collection[tuple[int, Box]]) -> dict[int, int]:
    """Return which boxes go on, best overlap first: their keys, and the ids of the known ones."""
    pairs = sorted(
        ((_iou(box, old_box), key, old) for key, box in boxes.items() for old, old_box in known),
        key=lambda pair: -pair[0],
    )
    found: dict[int, int] = {}
    for iou, key, old in pairs:
        if iou >= _SAME_OBJECT_IOU and key not in found and old not in found.values():
            found[key] = old
    return found


def id_of(name: str) -> int:
    """Return the id that a name is, or 0."""
    if not (name.isascii() and name.isdigit() and len(name) <= 9):
        return 0
    return int(name) if FIRST_ID <= int(name) <= LAST_ID else 0


def lowest_id(used: Collection[int]) -> int:
    """Return the lowest id that is not used; 0 if all are."""
    return next((free for free in _ALL if free not in used), 0)


def _iou(a: Box, b: Box) -> float:
    width = min(a.x1, b.x1) - max(a.x0, b.x0) + 1
    height = min(a.y1, b.y1) - max(a.y0, b.y0) + 1
    if not (width > 0 and height > 0):  # NaN, too
        return 0.0
    both = width * height
    return both / (_area(a) + _area(b) - both)


def _area(box: Box) -> float:
    return (box.x1 - box.x0 + 1) * (box.y1 - box.y0 + 1)
