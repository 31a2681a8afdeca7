"""Waits on conditions, with a bound for when they are never met."""

import time

import pytest

from picosam_ros.errors import CameraError

PATIENCE = 60.0


def until(condition):
    """Wait until it is met, and return what it gave."""
    deadline = time.monotonic() + PATIENCE
    while not (met := condition()):
        assert time.monotonic() < deadline
    return met


def read(camera):
    """Wait for a frame."""
    return until(lambda: camera.read(timeout=0.05))


def read_error(camera):
    """Read until it fails, and return the error."""
    with pytest.raises(CameraError) as caught:
        until(lambda: camera.read(timeout=0.05) and False)
    return caught.value
