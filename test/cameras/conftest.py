import pytest
from helpers.square_video import write_video


@pytest.fixture
def video(tmp_path):
    """Twelve frames at 100 per second, 160×48, as in square_video.py."""
    return write_video(tmp_path / 'square.avi')
