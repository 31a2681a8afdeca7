"""Recordings of scenes drawn by lot, whose masks are known: bags, films and folders of images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.films.lots import draw_scene
from benchmarks.films.scenes import Scene
from benchmarks.films.sequences import HEIGHT, WIDTH, Inside
from picosam_ros.bags.messages import COMPRESSED, typestore

COUNT, IMAGES, RATE, SEED = 20, 150, 15, 18
TOPIC = '/camera/image_raw/compressed'
# Clicks in the version with three of them: at these parts of the recording, or soon after.
THREE = (0.0, 1 / 3, 2 / 3)

_QUALITY = (cv2.IMWRITE_JPEG_QUALITY, 88)
_FIRST_NS = 1_700_000_000_000_000_000
# A click needs this part of what the object showed in image 0.
_SHOWN = 0.6


@dataclass(frozen=True)
class Click:
    """A click on the object, in pixels of an image."""

    image: int
    x: float
    y: float


@dataclass(frozen=True)
class Truth:
    """A recording and what is to be found in it.

    Attributes:
        path: of the bag's folder, the film's file or the folder of images.
        scene: that it shows.
        images: how many it has.
        one, three: clicks well inside of the object, in image 0 and in three images, or in fewer
            if it is not seen so well again.

    """

    path: Path
    scene: Scene
    images: int
    one: tuple[Click, ...]
    three: tuple[Click, ...]

    def inside(self, number: int) -> Inside:
        """Return the object's visible pixels in an image, HEIGHT×WIDTH; none if out of sight."""
        return self.scene.inside(number, self.images)


def make_recordings(
    folder: Path, count: int = COUNT, images: int = IMAGES, seed: int = SEED
) -> list[Truth]:
    """Write recordings, some 10 MB each, into a folder; the same arguments give the same bytes.

    Of ten of them seven are MCAP files, and one each is an SQLite file, a film and a folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_make(folder, draw_scene(seed, index), images) for index in range(count)]


def _make(folder: Path, scene: Scene, images: int) -> Truth:
    suffix, write = WRITERS.get(scene.index % 10, ('', partial(_write_bag, storage='MCAP')))
    path = folder / f'{scene.index:02d}_{scene.name.replace(" ", "_")}{suffix}'
    write(path, (scene.image(number, images) for number in range(images)))
    three = clicks_on(scene, images)
    return Truth(path, scene, images, three[:1], three)


def clicks_on(scene: Scene, images: int) -> tuple[Click, ...]:
    """Return the clicks in several images, no two of them in the same one."""
    return tuple(dict.fromkeys(_click(scene, round(part * images), images) for part in THREE))


def _click(scene: Scene, number: int, images: int) -> Click:
    """Click on the pixel that lies deepest in the object, in the next image that shows it well."""
    wanted = _SHOWN * np.count_nonzero(scene.inside(0, images))
    after, before = range(number, images), range(number - 1, 0, -1)
    for each in (*after, *before):
        inside = scene.inside(each, images)
        if np.count_nonzero(inside) >= wanted:
            return Click(each, *_deepest(inside))
    return Click(0, *_deepest(scene.inside(0, images)))


def _deepest(inside: Inside) -> tuple[float, float]:
    depth = cv2.distanceTransform(np.pad(inside.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    return float(column), float(row)


def _encoded(image: Any) -> bytes:
    _, data = cv2.imencode('.jpg', image[..., ::-1], _QUALITY)
    return data.tobytes()


def _write_bag(path: Path, images: Iterator[Any], *, storage: str) -> None:
    types = typestore()
    from rosbags.rosbag2 import StoragePlugin, Writer

    with Writer(path, version=8, storage_plugin=StoragePlugin[storage]) as writer:
        connection = writer.add_connection(TOPIC, COMPRESSED, typestore=types)
        for number, image in enumerate(images):
            at_ns = _FIRST_NS + number * 1_000_000_000 // RATE
            message = _message(types.types, at_ns, _encoded(image))
            writer.write(connection, at_ns, types.serialize_cdr(message, COMPRESSED))


def _message(types: dict[str, Any], at_ns: int, data: bytes) -> Any:
    seconds, nanoseconds = divmod(at_ns, 1_000_000_000)
    stamp = types['builtin_interfaces/msg/Time'](sec=seconds, nanosec=nanoseconds)
    header = types['std_msgs/msg/Header'](stamp=stamp, frame_id='camera')
    pixels = np.frombuffer(data, np.uint8)
    return types[COMPRESSED](header=header, format='rgb8; jpeg compressed bgr8', data=pixels)


def _write_film(path: Path, images: Iterator[Any]) -> None:
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), RATE, (WIDTH, HEIGHT))
    for image in images:
        film.write(np.ascontiguousarray(image[..., ::-1]))
    film.release()


def _write_folder(path: Path, images: Iterator[Any]) -> None:
    path.mkdir()
    for number, image in enumerate(images):
        (path / f'{number:06d}.jpg').write_bytes(_encoded(image))


# By the last digit of the recording's index; the others are MCAP files.
WRITERS: dict[int, tuple[str, Callable[[Path, Iterator[Any]], None]]] = {
    4: ('', partial(_write_bag, storage='SQLITE3')),
    7: ('.avi', _write_film),
    9: ('', _write_folder),
}
