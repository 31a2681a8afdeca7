"""Which camera shows a source: decided by what the source is."""

from __future__ import annotations

import re
from pathlib import Path

from picosam_ros.errors import CameraError

# Streams of IP cameras, as FFmpeg takes them.
STREAM = re.compile(r'(rtsps?|rtmps?|https?|udp|tcp|srt)://', re.IGNORECASE)
# What `ros2 bag record` writes, compressed or not.
RECORDED = ('.mcap', '.db3', '.mcap.zstd', '.db3.zstd')
# A number, or part of the sensor's name in the device tree: an index or a place of a Pi camera.
CONNECTED = re.compile(r'\d+|/base/.*|[^/.]*@.*')


def camera_of(source: str) -> str:
    """Return the name of the camera that shows a source, see CAMERAS.

    A stream's address is for `stream`, a recording for `bag`, a device for `v4l2`, a folder or a
    picture for `photos`, any other file for `video`.

    Args:
        source: of a camera; a path may begin with ~.

    Returns:
        '' for what only the cameras that are connected can tell: no source, a number, a place in
        the device tree.

    Raises:
        CameraError: there is nothing of that name.

    """
    if not source or CONNECTED.fullmatch(source):
        return ''
    if STREAM.match(source):
        return 'stream'
    path = Path(source).expanduser()
    if path.is_char_device() or path.is_relative_to('/dev'):
        return 'v4l2'
    if path.is_dir():
        return 'bag' if is_recording(path) else 'photos'
    if path.is_file():
        return _camera_of_file(path)
    raise CameraError(
        f'source {source!r} was given, and there is no such file, folder or device; give a film, '
        'a picture, a folder of pictures, a bag, /dev/video0 or rtsp://ADDRESS'
    )


def _camera_of_file(path: Path) -> str:
    from picosam_ros.cameras.photos import SUFFIXES

    if path.name.lower().endswith(RECORDED):
        return 'bag'
    return 'photos' if path.suffix.lower() in SUFFIXES else 'video'


def is_recording(folder: Path) -> bool:
    """Whether a folder is a rosbag2, by the names of its files."""
    names = [path.name for path in folder.iterdir()]
    return 'metadata.yaml' in names or any(name.endswith(RECORDED) for name in names)
