import sys

import numpy as np
import pytest

from picosam_ros.errors import ImageError
from picosam_ros.ros.messages import to_frame, to_rgb
from picosam_ros.wire.images import RawImage


def test_what_the_core_knows_needs_no_cv_bridge(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    image = RawImage(7, 'lens', 1, 2, 'bgr8', False, 6, np.arange(6, dtype=np.uint8))
    frame = to_frame(image, 9)
    assert frame.pixels.tolist() == [[[2, 1, 0], [5, 4, 3]]]
    assert (frame.stamp_ns, frame.frame_id, frame.received_ns) == (7, 'lens', 9)


def test_an_image_without_pixels_is_none_for_cv_bridge():
    with pytest.raises(ImageError, match='it is empty'):
        to_rgb(RawImage(0, '', 0, 0, '16SC1', False, 0, np.zeros(0, np.uint8)))
