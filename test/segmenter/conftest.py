import pytest
from helpers.square_engine import SquareEngine, picture

from picosam_ros.segmenter import Segmenter


@pytest.fixture
def engine():
    return SquareEngine()


@pytest.fixture
def segmenter(engine):
    """Return a segmenter that has seen a 640×480 image."""
    segmenter = Segmenter(engine)
    segmenter.step(picture())
    return segmenter
