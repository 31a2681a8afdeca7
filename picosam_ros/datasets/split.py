"""Recordings are divided into train and val as wholes: their images are too alike to be both."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from picosam_ros.datasets.base import TRAIN, VALIDATION


def split_of(recordings: Sequence[str], share: float) -> dict[str, str]:
    """Return TRAIN or VALIDATION for each recording, by its name alone, in whatever order.

    Args:
        recordings: their names.
        share: of the recordings that validate, 0 to 1. Where there are several, at least one
            trains, and at least one validates unless it is 0.

    """
    validating = sorted(recordings, key=_shuffled)[: _validating(len(recordings), share)]
    return {name: VALIDATION if name in validating else TRAIN for name in recordings}


def note_on_split(recordings: Sequence[str], share: float) -> str:
    """Return a sentence if none of the recordings validates though a share should; else ''."""
    if share <= 0 or len(recordings) != 1:
        return ''
    return (
        f'all images of {recordings[0]} are in {TRAIN}: it is the only recording, and images of '
        'one recording are too alike to validate each other; give another one'
    )


def _validating(count: int, share: float) -> int:
    if share <= 0 or count < 2:
        return 0
    return min(max(round(share * count), 1), count - 1)


def _shuffled(name: str) -> tuple[bytes, str]:
    """Return what orders names: not by the date or place with which they often begin."""
    return sha256(name.encode('utf-8', 'surrogateescape')).digest(), name
