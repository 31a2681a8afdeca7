import numpy as np
import pytest

from picosam_ros.errors import ImageError
from picosam_ros.wire.value_range import ALL_VALUES, ValueRange, ValueScale, read_range, used_range


@pytest.fixture
def grey():
    """Give a picture of 8 bits that uses all of them."""
    rng = np.random.default_rng(5)
    ramp = np.linspace(0, 255, 120 * 160).reshape(120, 160)
    return np.clip(ramp + rng.normal(0, 3, ramp.shape), 0, 255).astype(np.uint8)


def thermal(grey, low=51241, span=940):
    return (low + grey / 255 * span).astype(np.uint16)


@pytest.mark.parametrize('bits', [8, 10, 12, 14, 16])
def test_the_picture_of_a_sensor_of_any_number_of_bits_is_that_of_its_upper_eight(grey, bits):
    assert np.array_equal(ValueScale()(grey.astype(np.uint16) << (bits - 8)), grey)
    noise = np.random.default_rng(1).integers(0, 1 << bits, (90, 70)).astype(np.uint16)
    assert np.array_equal(ValueScale()(noise), noise >> (bits - 8))


def test_values_in_a_small_part_of_the_range_are_stretched(grey):
    scale = ValueScale()
    stretched = scale(thermal(grey))
    assert (scale.range.low, scale.range.high) == pytest.approx((51241, 52181), abs=15)
    assert np.abs(stretched.astype(int) - grey).max() < 6


def test_dead_and_glaring_pixels_do_not_widen_the_range(grey):
    values = thermal(grey)
    whole = used_range(values)
    values[::50, ::50] = 0
    values[5, :7] = 65535
    assert used_range(values).low == pytest.approx(whole.low, abs=10)
    assert used_range(values).high == pytest.approx(whole.high, abs=10)


@pytest.mark.parametrize('value', [0, 77, 52000, 65535])
def test_an_image_of_one_value_is_not_stretched(value):
    values = np.full((40, 50), value, np.uint16)
    values[::2] = min(value + 7, 65535)  # noise
    assert used_range(values).low == 0
    assert used_range(values).high in (255, 65535)


def test_of_a_bayer_pattern_every_colour_counts():
    values = np.zeros((2000, 2000), np.uint16)
    values[1::2, 1::2] = 4000  # such a step as an even one would skip
    assert used_range(values) == ValueRange(0, 4095)


def test_an_object_keeps_its_grey_while_the_scene_changes(grey):
    scale = ValueScale()
    scale(thermal(grey))
    known = scale.range
    for shift in (-40, 30, 0, 50):
        scale(thermal(grey, low=51241 + shift, span=800))
        assert scale.range == known


def test_the_range_grows_at_once_and_shrinks_after_thirty_images(grey):
    scale = ValueScale()
    scale(thermal(grey, span=200))
    scale(thermal(grey, span=2000))
    wide = scale.range
    assert wide.span == pytest.approx(2000, abs=30)
    for _ in range(29):
        scale(thermal(grey, span=200))
    assert scale.range == wide
    scale(thermal(grey, span=2000))  # it is used again: the count begins anew
    for _ in range(29):
        scale(thermal(grey, span=200))
    assert scale.range == wide
    scale(thermal(grey, span=200))
    assert scale.range.span == pytest.approx(200, abs=15)


@pytest.mark.parametrize('drift', [-60, 10, 60])
def test_the_range_follows_values_that_drift_and_stays_narrow(grey, drift):
    scale = ValueScale()
    for number in range(300):
        values = (30_000 + drift * number + grey.astype(np.uint16) * 2).astype(np.uint16)
        used = used_range(values)
        scale(values)
        assert scale.range.with_slack(1 / 16).contains(used)
    assert scale.range.span < 3 * used.span + 40 * abs(drift)


def test_images_without_order_have_each_its_own_range(grey):
    scale = ValueScale(stream=False)
    assert np.array_equal(scale(grey.astype(np.uint16) * 257), grey)
    assert np.array_equal(scale(grey.astype(np.uint16) << 2), grey)


def test_a_set_range_holds_for_all_images(grey):
    scale = ValueScale('51241,52181')
    assert scale(np.array([[0, 51241, 52181, 65535]], np.uint16)).tolist() == [[0, 0, 255, 255]]
    scale(grey.astype(np.uint16))
    assert scale.range == ValueRange(51241, 52181)
    assert scale.description == '51241,52181 (set)'


def test_full_keeps_the_high_byte(grey):
    scale = ValueScale('full')
    assert np.array_equal(scale(thermal(grey)), thermal(grey) >> 8)
    assert scale.range == ALL_VALUES


def test_the_range_is_told_once_and_only_where_something_is_stretched(grey):
    told = []
    scale = ValueScale(told=told.append)
    assert scale.description == ''
    scale(grey.astype(np.uint16) * 257)
    assert told == []
    scale = ValueScale(told=told.append)
    for span in (200, 2000):
        scale(thermal(grey, span=span))
    assert len(told) == 1
    assert told[0].startswith('images of 16 bits use the values 51')
    assert scale.description == f'{scale.range} (automatic)'


@pytest.mark.parametrize(
    'text', ['', 'some', '5', '5,', '5,5', '9,5', '-1,5', '0,65536', '0,1,2', 'nan,5', '1.5,3']
)
def test_another_setting_is_refused_with_what_is_allowed(text):
    with pytest.raises(ImageError) as refusal:
        read_range(text)
    assert str(refusal.value).startswith(f'value range {text!r} was given; allowed are auto, full')


def test_a_setting_is_read():
    assert read_range('auto') is None
    assert read_range('full') == ALL_VALUES == read_range('0,65535')
    assert read_range('0, 4095') == ValueRange(0, 4095)
