"""Where scikit-image's photos are, also those that the demo does not show."""

from __future__ import annotations

from pathlib import Path

from picosam_ros.cameras import photos


def photo_file(name: str) -> Path:
    """Return the file of a photo, by its name without the suffix."""
    [file] = photos.photo_folder().glob(f'{name}.*')
    return file
