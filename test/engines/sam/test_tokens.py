import numpy as np

from picosam_ros.engines.sam.square import Square
from picosam_ros.engines.sam.tokens import tokens
from picosam_ros.prompt import Box, Point, Prompt

VGA = Square(640, 480, 1024)


def test_points_have_their_labels_and_a_point_of_padding_stands_for_the_missing_box():
    points, labels = tokens(Prompt((Point(10, 20), Point(30, 40, positive=False))), VGA)
    assert points.tolist() == [[[16, 32], [48, 64], [0, 0]]]
    assert labels.tolist() == [[1, 0, -1]]


def test_a_box_is_its_two_corners_and_needs_no_padding():
    points, labels = tokens(Prompt.from_box(Box(10, 20, 100, 200)), VGA)
    assert points.tolist() == [[[16, 32], [160, 320]]]
    assert labels.tolist() == [[2, 3]]


def test_a_box_comes_after_its_points():
    prompt = Prompt((Point(5, 5), Point(50, 50, positive=False)), Box(0, 0, 100, 100))
    points, labels = tokens(prompt, VGA)
    assert points.tolist() == [[[8, 8], [80, 80], [0, 0], [160, 160]]]
    assert labels.tolist() == [[1, 0, 2, 3]]


def test_both_are_float32_as_the_exports_declare_them():
    for array in tokens(Prompt.from_point(1, 2), VGA):
        assert array.dtype == np.float32
