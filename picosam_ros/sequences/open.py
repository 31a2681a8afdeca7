"""Which kind of sequence a path is, decided by what is there."""

from __future__ import annotations

from pathlib import Path

from picosam_ros.cameras.sources import RECORDED, is_recording
from picosam_ros.errors import DatasetError
from picosam_ros.sequences.base import ImageSequence
from picosam_ros.wire.value_range import Scale

_WANTED = 'give a rosbag2 (its folder, or a .db3 or .mcap file), a film, or a folder of pictures'


def open_sequence(path: Path, topic: str = '', scale: Scale | None = None) -> ImageSequence:
    """Open a recording, a film or a folder of pictures; use it in the thread that opens it.

    Args:
        path: of the file or folder.
        topic: of the images, in a rosbag2 with several.
        scale: takes 16 bits a value to 8; None takes, in each pass, the range that the images use
            from its first one on.

    Raises:
        BagError, CameraError: the recording, or the film, cannot be read.
        DatasetError: there is nothing, one picture alone, or a topic is given for what has none.

    """
    if not path.exists():
        raise DatasetError(f'there is no {path}; {_WANTED}')
    if _is_bag(path):
        from picosam_ros.sequences.bag import BagSequence

        return BagSequence(path, topic, scale)
    if topic:
        raise DatasetError(
            f'the topic {topic!r} was given for {path}, which is no rosbag2; leave the topic out'
        )
    return _open_pictures(path, scale) if path.is_dir() else _open_film(path)


def _is_bag(path: Path) -> bool:
    if not path.is_dir():
        return path.name.lower().endswith(RECORDED)
    try:
        return is_recording(path)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise DatasetError(f'{path} cannot be read: {why}; {_WANTED}') from error


def _open_pictures(path: Path, scale: Scale | None) -> ImageSequence:
    from picosam_ros.sequences.folder import FolderSequence

    return FolderSequence(path, scale)


def _open_film(path: Path) -> ImageSequence:
    from picosam_ros.cameras.photos import SUFFIXES
    from picosam_ros.sequences.film import FilmSequence

    if path.suffix.lower() in SUFFIXES:
        raise DatasetError(f'{path} is one picture, and no sequence; {_WANTED}')
    return FilmSequence(path)
