from collections import Counter

import numpy as np
import pytest

from picosam_ros.cameras.picamera.captured_frame import CapturedFrame
from picosam_ros.cameras.picamera.tensors import (
    INFO_LENGTH,
    FrameCounter,
    Placement,
    RoiHistory,
    TensorReader,
    frame_count,
)
from picosam_ros.roi import Roi

PERIOD_NS = 33_333_333
PIXELS = np.zeros((2, 2, 3), np.uint8)


def info(count, length=INFO_LENGTH):
    """Bytes as libcamera's binding hands them out: a tuple of whole numbers."""
    return tuple(bytes(length - 4) + bytes([count % 256, 0, 0, 0]))


def behind(frames):
    """Run a counter over pairs of frame number and count; None is a frame without a tensor."""
    counter = FrameCounter()
    found = []
    for number, count in frames:
        metadata = {} if count is None else {'CnnOutputTensorInfo': info(count)}
        captured = CapturedFrame(PIXELS, metadata, 10**12 + number * PERIOD_NS)
        found.append(counter.behind(captured, PERIOD_NS))
    return found


@pytest.mark.parametrize('first', [0, 7, 250])
def test_a_tensor_of_each_frame_is_not_behind_also_where_the_count_begins_anew(first):
    assert behind((n, first + n) for n in range(600)) == [0] * 600


def test_frames_that_nobody_read_and_frames_without_a_tensor_are_counted():
    assert behind([(0, 5), (3, 8), (4, None), (5, None), (9, 14)]) == [0] * 5


def test_a_tensor_of_an_earlier_frame_is_behind():
    assert behind([(0, 5), (1, 6), (2, None), (3, 7), (4, 9), (5, 9)]) == [0, 0, 0, 1, 0, 1]


def test_the_first_may_be_late_itself():
    assert behind([(0, 3), (1, 6), (2, 6), (3, 8)]) == [0, 0, 1, 0]


def test_a_sensor_that_counts_anew_is_followed():
    assert behind([(0, 100), (1, 101), (2, 0), (3, 1), (4, 1)]) == [0, 0, 0, 0, 1]


def test_an_older_libcamera_exports_no_count():
    assert frame_count({}) is None
    assert frame_count({'CnnOutputTensorInfo': bytes(INFO_LENGTH - 4)}) is None
    assert frame_count({'CnnOutputTensorInfo': info(255)}) == 255


def test_a_late_tensor_without_a_gap_before_it_belongs_to_no_roi_that_it_may_not_have_seen():
    """Its count alone tells that it is late."""

    class Decoder:
        @staticmethod
        def get_outputs(metadata):
            return [np.ones((1, 4, 4), np.float32)]

        @staticmethod
        def get_kpi_info(metadata):
            return 1.0, 1.0

    history, without = RoiHistory(settle_frames=0), Counter()
    reader = TensorReader(Decoder, history, without)
    to_image = Roi(0, 0, 4056, 3040).affine_to(640, 480)
    history.add(Placement(Roi(0, 0, 100, 100), 1, 0))

    def read(number, count):
        metadata = {'CnnOutputTensorInfo': info(count), 'FrameDuration': 33_333}
        captured = CapturedFrame(PIXELS, metadata, 10**12 + number * PERIOD_NS)
        return reader.read(captured, to_image)

    assert read(0, 0).ticket == 1
    history.add(Placement(Roi(50, 50, 100, 100), 2, 10**12 + PERIOD_NS // 2))
    assert 'late tensor: up to 2 frames' in read(2, 0)
    assert read(3, 3).ticket == 2
    assert without == {'late tensor': 1}
