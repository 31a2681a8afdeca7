"""Real photographs, seen as by a camera in the hand: a demo and a test without a camera."""

from __future__ import annotations

import time
from pathlib import Path

from picosam_ros.cameras.clock import Alarm, stamp_of
from picosam_ros.cameras.photo_walk import HEIGHT, WIDTH, Photo, PhotoWalk, View
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame

__all__ = ['Photo', 'PhotoWalk', 'PhotosCamera', 'View', 'open_photos']

# Those photographs of scikit-image that lie inside its wheel, in colour, and of things.
PHOTOS = ('astronaut.png', 'coffee.png', 'motorcycle_left.png', 'chelsea.png', 'rocket.jpg')

SUFFIXES = ('.jpg', '.jpeg', '.png', '.webp', '.bmp', '.tif', '.tiff')


def open_photos(source: str = '') -> PhotoWalk:
    """Decode the photographs of a folder, by name; empty takes scikit-image's.

    Raises:
        CameraError: no such folder, no picture in it, one that is damaged, or no scikit-image.

    """
    paths = _in_folder(Path(source).expanduser()) if source else _of_skimage()
    return PhotoWalk([Photo.read(path) for path in paths])


class PhotosCamera:
    """A 640×480 camera that a hand holds in front of photographs (see PhotoWalk).

    A frame is captured at every multiple of the period on the steady clock. As with a real camera
    that has one buffer, a reader that is late gets the newest one; those before it are lost.

    Args:
        source: a folder of pictures; empty takes the photographs of scikit-image.
        rate: frames per second, above 0.
        frame_id: of the frames.

    """

    name = 'photos'

    def __init__(self, *, source: str, rate: float, frame_id: str) -> None:
        self._source = source
        self._rate = rate
        self._frame_id = frame_id
        self._walk: PhotoWalk | None = None
        self._alarm = Alarm()
        self._period_ns = 0
        self._tick = 0

    @property
    def description(self) -> dict[str, str]:
        return {
            'source': self._source or 'photographs of scikit-image',
            'size': f'{WIDTH}x{HEIGHT}',
            'rate': f'{self._rate:g}',
        }

    def open(self) -> None:
        if self._walk is not None and not self._alarm.ended:
            return
        if not 0 < self._rate <= 1000:
            raise CameraError(
                f'rate {self._rate:g} was given; photographs are shown at above 0 and up to 1000 '
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
        pixels = self._walk.render(self._walk.view(stamp))
        return Frame(pixels, stamp, self._frame_id, received_ns=time.time_ns())

    def close(self) -> None:
        self._alarm.end()


def _of_skimage() -> list[Path]:
    try:
        import skimage
    except ImportError as error:
        raise CameraError(
            'the camera photos shows the photographs of scikit-image, which is not installed: '
            '`pip install scikit-image`, or give a folder of pictures as source'
        ) from error
    folder = Path(skimage.__file__).parent / 'data'
    paths = [folder / name for name in PHOTOS if (folder / name).is_file()]
    if not paths:
        raise CameraError(
            f'this scikit-image has none of {", ".join(PHOTOS)} in {folder}: '
            '`pip install --force-reinstall scikit-image`, or give a folder of pictures as source'
        )
    return paths


def _in_folder(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise CameraError(
            f'{folder} is not a folder; the camera photos needs a folder of pictures as source'
        )
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise CameraError(
            f'{folder} has no picture in it: looked for files that end in {", ".join(SUFFIXES)}'
        )
    return paths
