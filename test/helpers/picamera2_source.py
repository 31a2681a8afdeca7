"""Where picamera2's source is, for the tests that run it."""

import importlib.util
import os
from pathlib import Path

import pytest


def source_folder():
    """Return the folder that holds the package picamera2, or skip."""
    if 'PICAMERA2_SOURCE' in os.environ:
        return Path(os.environ['PICAMERA2_SOURCE'])
    spec = importlib.util.find_spec('picamera2')
    if spec is None or not spec.submodule_search_locations:
        pytest.skip('picamera2 is not installed, and PICAMERA2_SOURCE names no checkout of it')
    return Path(spec.submodule_search_locations[0]).parent
