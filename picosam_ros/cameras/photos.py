"""Photos, seen as by a handheld camera, and the objects in them to point at."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from picosam_ros.cameras.base import Alarm, stamp_of
from picosam_ros.cameras.photo_walk import ANYWHERE, HEIGHT, WIDTH, Aim, Photo, PhotoWalk, visit_at
from picosam_ros.cameras.show import SceneNumbers, Show
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame

# Of scikit-image's photos that lie inside its wheel, those that show objects. Each is aimed so that
# the middle of the image is always on one that a click there is answered with.
PHOTOS = {
    'astronaut.png': Aim(at=(302, 358), pan=0.04, zoom=(0.6, 0.75)),  # her name tag
    'coffee.png': Aim(at=(368, 284), pan=0.05, zoom=(0.5, 0.65)),  # the spoon
    'motorcycle_left.png': Aim(at=(538, 154), pan=0.04, zoom=(0.5, 0.6)),  # the headlamp
    'coins.png': Aim(at=(203, 131), pan=0.03, zoom=(0.75, 0.9)),  # a coin
}

SUFFIXES = ('.jpg', '.jpeg', '.png', '.webp', '.bmp', '.tif', '.tiff')


@dataclass(frozen=True)
class PhotoObject:
    """An object in a photo: a point on it, in the photo's pixels."""

    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Target:
    """An object in the image: where to point, in the image's pixels."""

    object_id: int
    name: str
    x: float
    y: float


# Chosen with `make bench ARGS='--only clicks'`: a click anywhere on one is answered with it.
PHOTO_OBJECTS: dict[str, tuple[PhotoObject, ...]] = {
    'astronaut': (
        PhotoObject('name tag', 299, 358),
        PhotoObject('helmet', 395, 428),
    ),
    'coffee': (PhotoObject('spoon', 368, 284),),
    'motorcycle_left': (
        PhotoObject('headlamp', 538, 149),
        PhotoObject('turn signal', 476, 188),
        PhotoObject('red box', 583, 210),
        PhotoObject('white box', 603, 155),
    ),
    'coins': (
        PhotoObject('profile coin', 102, 196),
        PhotoObject('face coin', 213, 193),
        PhotoObject('large coin', 347, 186),
    ),
}


def open_photos(source: str = '') -> PhotoWalk:
    """Decode the photos of a folder, by name; empty takes scikit-image's.

    Raises:
        CameraError: no such folder, no image in it, one that is damaged, or no scikit-image.

    """
    paths = _in_folder(Path(source).expanduser()) if source else photo_files()
    aims = {} if source else PHOTOS
    return PhotoWalk([Photo.read(path, aims.get(path.name, ANYWHERE)) for path in paths])


class PhotosCamera:
    """A handheld 640×480 camera in front of photos (see PhotoWalk).

    A frame is captured at every multiple of the period on the steady clock. As with a real camera
    that has one buffer, a reader that is late gets the newest one; those before it are lost.

    A photo stays as `show` chooses, while the hand moves on. Unless that has stopped, then comes
    the one that the walk shows at that time.

    Args:
        source: a folder of images; empty takes the photos of scikit-image.
        rate: frames per second, above 0.
        frame_id: of the frames.

    Attributes:
        show: of the photos.

    """

    name = 'photos'

    def __init__(self, *, source: str, rate: float, frame_id: str) -> None:
        self._source = source
        self._rate = rate
        self._frame_id = frame_id
        self._walk: PhotoWalk | None = None
        self.show = Show()
        self._visits: SceneNumbers | None = None
        self._alarm = Alarm()
        self._period_ns = 0
        self._tick = 0

    @property
    def description(self) -> dict[str, str]:
        return {
            'source': self._source or 'photos of scikit-image',
            'size': f'{WIDTH}x{HEIGHT}',
            'rate': f'{self._rate:g}',
            'images': 'photographs',
        }

    def open(self) -> None:
        if self._walk is not None and not self._alarm.ended:
            return
        if not 0 < self._rate <= 1000:
            raise CameraError(
                f'rate {self._rate:g} was given; photos are shown at above 0 and up to 1000 '
                'frames per second'
            )
        self._walk = open_photos(self._source)
        self._alarm = Alarm()
        self._period_ns = round(1e9 / self._rate)
        self._tick = time.monotonic_ns() // self._period_ns

    def read(self, timeout: float) -> Frame | None:
        """Wait for the next frame; `close` in another thread ends the wait, with None."""
        if self._walk is None:
            raise CameraError('the camera photos is not open; call open() first')
        tick = max(time.monotonic_ns() // self._period_ns, self._tick + 1)
        captured_ns = tick * self._period_ns
        if not self._alarm.wait_until(captured_ns, timeout):
            return None
        self._tick = tick
        stamp = stamp_of(captured_ns)
        pixels = self._walk.render(self._walk.viewpoint(stamp, self._visit_at(stamp)))
        return Frame(pixels, stamp, self._frame_id, received_ns=time.time_ns())

    def close(self) -> None:
        self._alarm.end()

    def _visit_at(self, stamp_ns: int) -> int:
        if self._visits is None:
            # Not before: the sensor that looks through this camera has a show of its own.
            self._visits = SceneNumbers(self.show, visit_at)
        return self._visits.at(stamp_ns)


class Pointer:
    """Knows where objects are in the frame that carries a stamp, unless a photo stays longer.

    Args:
        walk: the photos of the camera; None for a camera that looks at anything, where the
            only target is the middle of a 640×480 image.

    """

    def __init__(self, walk: PhotoWalk | None) -> None:
        self._walk = walk

    def targets(self, stamp_ns: int) -> tuple[str, tuple[Target, ...]]:
        """Return the name of the photo that is shown at a time, and the objects in view."""
        if self._walk is None:
            return 'camera', (Target(1, 'centre', WIDTH / 2, HEIGHT / 2),)
        view = self._walk.viewpoint(stamp_ns)
        targets = []
        for object_id, known in enumerate(PHOTO_OBJECTS.get(view.name, ()), start=1):
            x, y = view.affine(known.x, known.y)
            if 0 <= x <= WIDTH - 1 and 0 <= y <= HEIGHT - 1:
                targets.append(Target(object_id, known.name, x, y))
        return view.name, tuple(targets)


def photo_files() -> list[Path]:
    """Return the photos of scikit-image. Raises CameraError if they are not installed."""
    try:
        import skimage
    except ImportError as error:
        raise CameraError(
            'the camera photos shows the photos of scikit-image, which is not installed: '
            '`pip install scikit-image`, or give a folder of images as source'
        ) from error
    folder = Path(skimage.__file__).parent / 'data'
    paths = [folder / name for name in PHOTOS if (folder / name).is_file()]
    if not paths:
        raise CameraError(
            f'this scikit-image has none of {", ".join(PHOTOS)} in {folder}: '
            '`pip install --force-reinstall scikit-image`, or give a folder of images as source'
        )
    return paths


def _in_folder(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise CameraError(
            f'{folder} is not a folder; the camera photos needs a folder of images as source'
        )
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise CameraError(f'the folder {folder} cannot be read: {error.strerror}') from error
    if not paths:
        raise CameraError(
            f'{folder} has no image in it: looked for files that end in {", ".join(SUFFIXES)}'
        )
    return paths
