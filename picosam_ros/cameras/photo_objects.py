"""What there is to point at in the photographs of the `photos` camera."""

from __future__ import annotations

from dataclasses import dataclass

from picosam_ros.cameras.photo_walk import HEIGHT, WIDTH, PhotoWalk

# The network sees a square that is this much larger than the object.
AIR = 1.4


@dataclass(frozen=True)
class Sight:
    """A thing in a photograph: a point on it and its long side, in the photograph's pixels."""

    name: str
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Target:
    """A thing in the image: where to point, in the image's pixels."""

    object_id: int
    name: str
    x: float
    y: float
    roi_size: int


SIGHTS: dict[str, tuple[Sight, ...]] = {
    'astronaut': (
        Sight('face', 222, 115, 170),
        Sight('patch', 171, 385, 80),
        Sight('name tag', 303, 360, 52),
    ),
    'coffee': (
        Sight('cup', 285, 150, 270),
        Sight('spoon', 365, 282, 95),
        Sight('handle', 222, 262, 80),
    ),
    'motorcycle_left': (
        Sight('tank', 400, 222, 165),
        Sight('headlamp', 537, 152, 75),
        Sight('engine', 368, 332, 72),
        Sight('box', 580, 215, 100),
    ),
    'chelsea': (
        Sight('left eye', 176, 117, 75),
        Sight('right eye', 322, 135, 56),
        Sight('nose', 266, 238, 66),
    ),
    # The network sees the rocket's middle: a thing so thin is lost in a square around all of it.
    'rocket': (Sight('rocket', 322, 250, 150),),
}


class Pointer:
    """Knows where things are in the frame that carries a stamp.

    Args:
        walk: the photographs of the camera; None for a camera that looks at anything, where the
            only target is the middle of a 640×480 image.

    """

    def __init__(self, walk: PhotoWalk | None) -> None:
        self._walk = walk

    def targets(self, stamp_ns: int) -> tuple[str, tuple[Target, ...]]:
        """Name what is shown at a time, and give what can be pointed at in it."""
        if self._walk is None:
            return 'camera', (Target(1, 'centre', WIDTH / 2, HEIGHT / 2, 0),)
        view = self._walk.view(stamp_ns)
        targets = []
        for object_id, sight in enumerate(SIGHTS.get(view.name, ()), start=1):
            x, y = view.affine(sight.x, sight.y)
            if 0 <= x <= WIDTH - 1 and 0 <= y <= HEIGHT - 1:
                side = round(AIR * sight.size * view.affine.scale_x)
                targets.append(Target(object_id, sight.name, x, y, side))
        return view.name, tuple(targets)
