"""Photos, seen as by a handheld camera, and the objects in them to point at."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from picosam_ros.cameras.base import Alarm, stamp_of
from picosam_ros.cameras.photo_table import demo_photos
from picosam_ros.cameras.photo_walk import ANYWHERE, HEIGHT, WIDTH, Photo, PhotoWalk, visit_at
from picosam_ros.cameras.show import SceneNumbers, Show
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame

SUFFIXES = ('.jpg', '.jpeg', '.png', '.webp', '.bmp', '.tif', '.tiff')


@dataclass(frozen=True)
class Target:
    """An object in the image: where to point, in the image's pixels."""

    object_id: int
    name: str
    x: float
    y: float


def open_photos(source: str = '') -> PhotoWalk:
    """Decode a photo, or those of a folder, by name; empty takes scikit-image's.

    Raises:
        CameraError: no such folder, no image in it, one that is damaged, or no scikit-image.

    """
    paths = _in_folder(Path(source).expanduser()) if source else photo_files()
    aims = {} if source else {photo.file: photo.aim for photo in demo_photos()}
    return PhotoWalk([Photo.read(path, aims.get(path.name, ANYWHERE)) for path in paths])


class PhotosCamera:
    """A handheld 640×480 camera in front of photos (see PhotoWalk).

    A frame is captured at every multiple of the period on the steady clock. As with a real camera
    that has one buffer, a reader that is late gets the newest one; those before it are lost.

    A photo stays as `show` chooses, while the hand moves on. Unless that has stopped, then comes
    the one that the walk shows at that time.

    Args:
        source: an image, or a folder of them; empty takes the photos of scikit-image.
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
        known_objects = {photo.name: photo.objects for photo in demo_photos()}
        targets = []
        for object_id, known in enumerate(known_objects.get(view.name, ()), start=1):
            x, y = view.affine(known.x, known.y)
            if 0 <= x <= WIDTH - 1 and 0 <= y <= HEIGHT - 1:
                targets.append(Target(object_id, known.name, x, y))
        return view.name, tuple(targets)


def photo_folder() -> Path:
    """Return the folder of scikit-image's photos. Raises CameraError if it is not installed."""
    # Found, not imported: its photos need none of the packages that it imports.
    found = find_spec('skimage')
    if found is None or found.origin is None:
        raise CameraError(
            'the camera photos shows the photos of scikit-image, which is not installed: '
            '`pip install scikit-image`, or give a folder of images as source'
        )
    return Path(found.origin).parent / 'data'


def photo_files() -> list[Path]:
    """Return the photos of the demo. Raises CameraError if they are not installed."""
    folder = photo_folder()
    names = [photo.file for photo in demo_photos()]
    paths = [folder / name for name in names if (folder / name).is_file()]
    if not paths:
        raise CameraError(
            f'this scikit-image has none of {", ".join(names)} in {folder}: '
            '`pip install --force-reinstall scikit-image`, or give a folder of images as source'
        )
    return paths


def _in_folder(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
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
