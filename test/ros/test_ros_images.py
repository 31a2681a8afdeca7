import sys
from types import SimpleNamespace

import numpy as np
import pytest

from picosam_ros.errors import ImageError
from picosam_ros.ros.messages import _by_cv_bridge, to_frame, to_rgb
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


def test_an_unknown_encoding_is_named_with_the_known_ones_and_cv_bridge(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    with pytest.raises(ImageError) as refusal:
        to_rgb(RawImage(0, '', 2, 2, '32FC1', False, 8, np.zeros(16, np.uint8)))
    assert str(refusal.value).startswith("encoding '32FC1' was given; allowed are rgb8, bgr8")
    assert 'cv_bridge' in str(refusal.value)


class CvBridge:
    """Stands in for cv_bridge: it answers with what it was given."""

    def imgmsg_to_cv2(self, message, encoding):
        if message.encoding == 'nonsense':
            raise RuntimeError('Unrecognized image encoding')
        assert encoding == 'rgb8'
        return np.array([[[message.height, message.width, message.step]], [list(message.data)]])


def test_cv_bridge_gets_the_image_as_it_is(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', SimpleNamespace(CvBridge=CvBridge))
    rgb = to_rgb(RawImage(0, '', 4, 5, '16SC1', True, 24, np.array([7, 8, 9], np.uint8)))
    assert rgb.dtype == np.uint8
    assert rgb.tolist() == [[[4, 5, 24]], [[7, 8, 9]]]
    with pytest.raises(ImageError, match=r"'nonsense' .*convert: Unrecognized image encoding"):
        to_rgb(RawImage(0, '', 4, 5, 'nonsense', False, 24, np.zeros(3, np.uint8)))


def test_cv_bridge_converts_the_rest_where_it_is_installed():
    pytest.importorskip('cv_bridge', reason='cv_bridge is not on PyPI: apt brings it with ROS')
    data = np.arange(48, dtype=np.uint16).view(np.uint8)
    assert _by_cv_bridge(RawImage(0, '', 4, 4, 'rgb16', False, 24, data)).shape == (4, 4, 3)
    with pytest.raises(ImageError, match=r'nonsense.*cv_bridge cannot convert'):
        to_rgb(RawImage(0, '', 4, 4, 'nonsense', False, 24, data))
