import time
from types import SimpleNamespace

import pytest
from helpers.square_video import write_video

from picosam_ros.cameras import photos, v4l2
from picosam_ros.cameras import video as video_camera


@pytest.fixture
def video(tmp_path):
    """Twelve frames at 100 per second, 160×48, as in square_video.py."""
    return write_video(tmp_path / 'square.avi')


@pytest.fixture
def one_clock(monkeypatch):
    """Let stamps be moments of the steady clock: two clocks, read in turn, differ by any delay."""
    clock = SimpleNamespace(monotonic_ns=time.monotonic_ns, time_ns=time.monotonic_ns)
    for module in (photos, v4l2, video_camera):
        monkeypatch.setattr(module, 'time', clock)
        monkeypatch.setattr(module, 'stamp_of', lambda steady_ns: steady_ns)
