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


@pytest.mark.parametrize(
    ('align', 'edge'),
    [
        ('left', lambda x: x[0]),
        ('middle', lambda x: (x[0] + x[-1]) / 2),
        ('right', lambda x: x[-1]),
    ],
)
@pytest.mark.parametrize('bold', [False, True])
def test_text_is_aligned_to_its_column_and_centred_on_its_row(align, edge, bold):
    canvas = Canvas(80, 40)
    canvas.text(40, 20, '8888', (0, 0, 0), align=align, bold=bold)
    rows, columns = np.nonzero(canvas.image()[..., 0] < 128)
    assert (rows.min() + rows.max() + 1) / 2 == pytest.approx(20, abs=0.5)
    assert rows.max() + 1 - rows.min() == pytest.approx(10, abs=1)
    assert edge(np.unique(columns)) == pytest.approx(40, abs=2)


def test_text_beyond_a_border_is_cut():
    canvas = Canvas(20, 12)
    canvas.text(10, 0, '888888', (0, 0, 0), align='middle')
    canvas.text(300, 300, '8', (0, 0, 0))
    dark = np.nonzero(canvas.image()[..., 0] < 128)
    assert dark[0].min() == 0
    assert (dark[1].min(), dark[1].max()) == (0, 19)


def test_text_has_its_colour_and_leaves_the_rest_alone():
    canvas = Canvas(60, 30)
    canvas.rectangle(0, 0, 60, 30, (10, 20, 30))
    canvas.text(5, 15, 'III', (200, 100, 50), height=14, bold=True)
    image = canvas.image().reshape(-1, 3)
    assert (200, 100, 50) in map(tuple, image)
    assert np.median(image, axis=0).tolist() == [10, 20, 30]


def test_a_rectangle_of_no_width_is_nothing():
    canvas = Canvas(10, 10)
    canvas.rectangle(5, 0, 5, 9, (0, 0, 0))
    assert (canvas.image() == 255).all()
