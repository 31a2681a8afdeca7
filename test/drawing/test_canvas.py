import numpy as np
import pytest

from picosam_ros.drawing.canvas import Canvas, ticks


@pytest.mark.parametrize(
    ('greatest', 'values'),
    [
        (10, [0, 2, 4, 6, 8, 10]),
        (0.9, [0, 0.2, 0.4, 0.6, 0.8]),
        (14, [0, 2.5, 5, 7.5, 10, 12.5]),
        (3, [0, 0.5, 1, 1.5, 2, 2.5, 3]),
        (0, [0]),
    ],
)
def test_ticks_are_round_and_reach_as_far_as_the_values(greatest, values):
    assert ticks(greatest) == pytest.approx(values)


def test_shapes_lie_where_their_coordinates_say():
    canvas = Canvas(60, 40)
    canvas.rectangle(10, 20, 30, 35, (200, 0, 0))
    canvas.dots(np.array([[50.0, 10.0]]), 4, (0, 0, 200))
    picture = canvas.image()
    assert picture.shape == (40, 60, 3)
    red = np.argwhere(picture[..., 1] < 128)
    assert tuple(picture[25, 20]) == (200, 0, 0)
    assert tuple(picture[10, 50]) == (0, 0, 200)
    assert tuple(picture[0, 0]) == (255, 255, 255)
    assert len(red) == pytest.approx(20 * 15 + np.pi * 16, rel=0.1)


@pytest.mark.parametrize(('align', 'middle'), [('left', 60), ('middle', 40), ('right', 20)])
def test_text_is_aligned_to_its_column_and_centred_on_its_row(align, middle):
    canvas = Canvas(80, 40)
    canvas.text(40, 20, '8888', (0, 0, 0), align=align)
    rows, columns = np.nonzero(canvas.image()[..., 0] < 128)
    assert rows.mean() == pytest.approx(20, abs=1)
    assert columns.mean() == pytest.approx(middle, abs=3)


def test_a_rectangle_of_no_width_is_nothing():
    canvas = Canvas(10, 10)
    canvas.rectangle(5, 0, 5, 9, (0, 0, 0))
    assert (canvas.image() == 255).all()
