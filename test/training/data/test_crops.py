"""The square that the network sees, in the middle of a photo and at its border."""

import numpy as np
import pytest

from training.data.crops import (
    PADDING,
    SIZE,
    Window,
    centred,
    crop,
    cut_at_border,
    protocol_point,
    shifted_inside,
    take,
)

SHAPE = (120, 160)


def _photo_with_dot(x: int, y: int) -> tuple[np.ndarray, np.ndarray]:
    pixels, mask = np.full((*SHAPE, 3), 50, np.uint8), np.zeros(SHAPE, np.uint8)
    pixels[y - 1 : y + 2, x - 1 : x + 2] = 255
    mask[y - 1 : y + 2, x - 1 : x + 2] = 1
    return pixels, mask


@pytest.mark.parametrize('point', [(1, 1), (158, 118), (80, 60), (1, 60), (158, 1)])
@pytest.mark.parametrize('side', [24, 48, 96, 150])
def test_padding_keeps_the_prompt_at_the_centre_of_the_crop(point, side) -> None:
    pixels, mask = _photo_with_dot(*point)
    image, target = crop(pixels, mask, centred(point, side))
    ys, xs = np.nonzero(target)
    # The centre of the pixel lies half a photo pixel from the centre of an even window.
    expected = SIZE / 2 - 0.5 + 0.5 * SIZE / side
    assert ys.mean() == pytest.approx(expected, abs=0.51)
    assert xs.mean() == pytest.approx(expected, abs=0.51)
    assert image[SIZE // 2, SIZE // 2].min() > 150


def test_padding_has_the_mean_colour_and_no_object() -> None:
    pixels, mask = np.zeros((*SHAPE, 3), np.uint8), np.ones(SHAPE, np.uint8)
    image, target = crop(pixels, mask, centred((0, 0), SIZE))
    assert (image[:48, :48] == PADDING).all()
    assert target[:48].sum() == 0
    assert target[:, :48].sum() == 0
    assert target[48:, 48:].all()


def test_a_native_window_inside_the_photo_is_copied_exactly() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*SHAPE, 3)).astype(np.uint8)
    window = centred((80, 60), SIZE)
    image, _ = crop(pixels, np.ones(SHAPE, np.uint8), window)
    assert window == Window(32, 12, SIZE, SIZE)
    assert (image == pixels[12:108, 32:128]).all()


def test_the_protocol_moves_the_crop_at_the_first_border_and_cuts_it_at_the_last() -> None:
    assert cut_at_border(centred((10, 5), SIZE), SHAPE) == Window(0, 0, SIZE, SIZE)
    assert cut_at_border(centred((150, 110), SIZE), SHAPE) == Window(102, 62, 58, 58)
    assert cut_at_border(centred((80, 110), SIZE), SHAPE) == Window(32, 62, SIZE, 58)


def test_a_cut_crop_is_stretched_back_to_the_full_size() -> None:
    pixels, mask = np.zeros((*SHAPE, 3), np.uint8), np.ones(SHAPE, np.uint8)
    image, target = crop(pixels, mask, Window(102, 62, 58, 58))
    assert image.shape == (SIZE, SIZE, 3)
    assert image.max() == 0
    assert target.all()


def test_the_sensor_shifts_the_square_inside_and_shrinks_what_is_too_large() -> None:
    assert shifted_inside(centred((0, 119), 60), SHAPE) == Window(0, 60, 60, 60)
    assert shifted_inside(centred((80, 60), 200), SHAPE) == Window(20, 0, 120, 120)


def test_a_window_that_reaches_over_every_border_keeps_the_photo_in_place() -> None:
    picture = np.ones(SHAPE, np.uint8)
    taken = take(picture, centred((80, 60), 300), 0)
    assert taken.shape == (300, 300)
    assert taken.sum() == picture.sum()
    assert taken[90:210, 70:230].all()


def test_the_prompt_of_the_protocol_is_the_box_centre_where_the_object_covers_it() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    mask[20:41, 30:71] = 1
    assert protocol_point(mask) == (50, 30)


def test_the_prompt_of_the_protocol_is_on_the_object_where_its_centre_is_empty() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    mask[20:61, 30:71] = 1
    mask[25:61, 35:66] = 0
    x, y = protocol_point(mask)
    assert mask[y, x]
    assert (x - 50) ** 2 + (y - 40) ** 2 == 16**2
