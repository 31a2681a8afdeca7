"""Packages that are not everywhere."""

from importlib.util import find_spec

import pytest


def need(package: str) -> None:
    """Skip where it is not installed; it is not imported: OpenVINO would report that."""
    if find_spec(package) is None:
        pytest.skip(f'{package} is not installed')
