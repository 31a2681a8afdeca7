"""Packed photos of discs on the CPU."""

from pathlib import Path

import pytest
from helpers.click_photos import write_pieces


@pytest.fixture(scope='session')
def discs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pieces."""
    return write_pieces(tmp_path_factory.mktemp('discs'))


@pytest.fixture(scope='session')
def disc_photos(discs):
    """The photos to train on."""
    torch = pytest.importorskip('torch')
    from training.click.photos import Photos

    return Photos(discs, torch.device('cpu'), {'discs': 1.0})
