import cv2
import numpy as np
import pytest

from picosam_ros.errors import ImageError
from picosam_ros.resample import PADDING, crop
from picosam_ros.roi import Roi
from picosam_ros.wire.images import (
    ENCODINGS,
    CompressedImage,
    RawImage,
    decode,
    to_frame,
    to_rgb,
)
from picosam_ros.wire.value_range import ValueScale

HEIGHT, WIDTH = 12, 16
COLOURS = {'red': (255, 0, 0), 'green': (0, 255, 0), 'blue': (0, 0, 255), 'grey': (128, 128, 128)}
YUV = [name for name in ENCODINGS if name.startswith(('yu', 'uyvy', 'nv'))]
BAYER = [name for name in ENCODINGS if name.startswith('bayer')]
GREY = ['mono8', '8UC1', 'mono16', '16UC1']
COLOUR = ['rgb8', 'bgr8', 'rgba8', 'bgra8', '8UC3', '8UC4']
COLOUR += ['rgb16', 'bgr16', 'rgba16', 'bgra16', '16UC3', '16UC4']


def described(rows, encoding, *, width=WIDTH, height=HEIGHT, big=False):
    """Give the RawImage of rows × bytes, which may lie further apart than they are long."""
    step = rows.strides[0]
    spread = np.lib.stride_tricks.as_strided(rows, (rows.shape[0], step), (step, 1))
    return RawImage(5, 'lens', height, width, encoding, big, step, spread.reshape(-1))


def padded(rows):
    """Put 13 bytes that belong to no pixel behind each row."""
    wide = np.full((rows.shape[0], rows.shape[1] + 13), 0xAB, np.uint8)
    wide[:, : rows.shape[1]] = rows
    return wide[:, : rows.shape[1]]


def stored_colour(rgb, encoding):
    """Store H×W×3 as the name of the encoding tells: one letter for one byte."""
    letters = 'bgra'[: int(encoding[-1])] if 'UC' in encoding else encoding.rstrip('816')
    rgba = np.dstack([rgb, np.full_like(rgb[..., 0], 9)])
    order = ['rgba'.index(letter) for letter in letters]
    stored = rgba[..., order].reshape(rgb.shape[0], -1)
    return (stored.astype('<u2') * 257).view(np.uint8) if '16' in encoding else stored


def mosaic(rgb, pattern):
    """Keep of each pixel the one channel that `pattern` has there: rows of two, `rggb`."""
    channel = np.array(['rgb'.index(letter) for letter in pattern]).reshape(2, 2)
    sites = np.tile(channel, (rgb.shape[0] // 2, rgb.shape[1] // 2))
    return np.take_along_axis(rgb, sites[..., None], 2)[..., 0], sites


def stored_bayer(values, encoding, *, big=False):
    if encoding.endswith('16'):
        return (values.astype('>u2' if big else '<u2') * 257).view(np.uint8)
    return values


def stored_yuv(y, u, v, encoding):
    """Store Y (H×W) and U, V at half resolution in the order that the encoding has."""
    if encoding.startswith('nv'):
        first, second = (u, v) if encoding == 'nv12' else (v, u)
        return np.vstack([y, np.stack([first, second], -1).reshape(len(first), -1)])
    stored = np.empty((HEIGHT, WIDTH // 2, 4), np.uint8)
    luma, chroma = ((1, 3), (0, 2)) if encoding in ('yuv422', 'uyvy') else ((0, 2), (1, 3))
    stored[..., luma[0]], stored[..., luma[1]] = y[:, ::2], y[:, 1::2]
    stored[..., chroma[0]], stored[..., chroma[1]] = u, v
    return stored.reshape(HEIGHT, -1)


def rgb_of(y, u, v):
    """ITU-R BT.601, video range, in floating point."""
    luma, u, v = 1.164383 * (y - 16.0), u - 128.0, v - 128.0
    planes = luma + 1.596027 * v, luma - 0.391762 * u - 0.812968 * v, luma + 2.017232 * u
    return np.clip(np.stack(planes, -1), 0, 255)


def yuv_planes(encoding, rng):
    rows = HEIGHT // 2 if encoding.startswith('nv') else HEIGHT
    y = rng.integers(16, 236, (HEIGHT, WIDTH), np.uint8)
    u, v = rng.integers(16, 241, (2, rows, WIDTH // 2), np.uint8)
    return y, u, v


def any_image(encoding, rng, height=HEIGHT, width=WIDTH):
    """Give an image of noise, rows padded."""
    entry = ENCODINGS[encoding]
    shape = (height * entry.rows // 2, width * entry.channels * entry.depth)
    rows = padded(rng.integers(0, 256, shape, np.uint8))
    return described(rows, encoding, width=width, height=height)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def picture(rng):
    return rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


@pytest.mark.parametrize('encoding', COLOUR)
def test_channels_are_found_by_their_letters_behind_padded_rows(encoding, picture):
    rows = stored_colour(picture, encoding)
    for stored in (rows, padded(rows)):
        assert np.array_equal(to_rgb(described(stored, encoding)), picture)


@pytest.mark.parametrize('encoding', ['mono8', '8UC1'])
def test_a_grey_byte_is_all_three_channels(encoding, rng):
    grey = rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    rgb = to_rgb(described(padded(grey), encoding))
    assert np.array_equal(rgb, np.dstack([grey, grey, grey]))


@pytest.mark.parametrize('encoding', ['mono16', '16UC1'])
@pytest.mark.parametrize('big', [False, True])
def test_of_sixteen_bits_that_are_all_used_the_high_byte_counts(encoding, big, rng):
    grey = rng.integers(0, 65536, (HEIGHT, WIDTH)).astype('>u2' if big else '<u2')
    rgb = to_rgb(described(padded(grey.view(np.uint8)), encoding, big=big))
    assert np.array_equal(rgb[..., 1], grey.astype(int) // 256)
    assert rgb.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize('encoding', [name for name in ENCODINGS if '16' in name])
@pytest.mark.parametrize('big', [False, True])
def test_the_twelve_bits_of_a_sensor_give_the_picture_of_their_upper_eight(encoding, big, rng):
    channels = ENCODINGS[encoding].channels
    values = rng.integers(0, 4096, (HEIGHT, WIDTH * channels)).astype('>u2' if big else '<u2')
    whole = values.astype(int) * 16 + values.astype(int) // 256
    twelve, sixteen = (
        described(padded(v.astype(values.dtype).view(np.uint8)), encoding, big=big)
        for v in (values, whole)
    )
    assert np.array_equal(to_rgb(twelve), to_rgb(sixteen))
    assert not to_rgb(twelve, ValueScale('5000,9000')).any()


@pytest.mark.parametrize('kind', ['.png', '.tiff'])
def test_a_compressed_image_of_sixteen_bits_is_scaled_too(kind, rng):
    grey = rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    for shift in (2, 8):
        _, encoded = cv2.imencode(kind, grey.astype(np.uint16) << shift)
        image = CompressedImage(5, 'lens', f'mono16; {kind} compressed', encoded.ravel())
        assert np.array_equal(decode(image)[..., 0], grey)
        if shift == 8:  # as OpenCV itself does it
            assert np.array_equal(decode(image), cv2.imdecode(encoded, cv2.IMREAD_COLOR))
        assert not decode(image, ValueScale('65400,65535')).any()


@pytest.mark.parametrize('encoding', YUV)
def test_yuv_follows_bt_601(encoding, rng):
    y, u, v = yuv_planes(encoding, rng)
    height = HEIGHT // len(u)
    expected = rgb_of(y, *(plane.repeat(height, 0).repeat(2, 1) for plane in (u, v)))
    rgb = to_rgb(described(padded(stored_yuv(y, u, v, encoding)), encoding))
    assert np.abs(rgb - expected).max() <= 2


@pytest.mark.parametrize('encoding', BAYER)
@pytest.mark.parametrize('colour', COLOURS.values(), ids=COLOURS)
def test_a_mosaic_of_one_colour_gives_that_colour_everywhere(encoding, colour):
    picture = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
    values, _ = mosaic(picture, encoding[6:10])
    rgb = to_rgb(described(padded(stored_bayer(values, encoding)), encoding))
    assert np.array_equal(rgb, picture)


@pytest.mark.parametrize('encoding', BAYER)
@pytest.mark.parametrize('big', [False, True])
def test_a_mosaic_keeps_what_was_measured_at_each_site_and_its_edges(encoding, big):
    picture = np.full((HEIGHT, WIDTH, 3), (200, 30, 90), np.uint8)
    picture[:, WIDTH // 2 :] = (10, 240, 60)
    values, sites = mosaic(picture, encoding[6:10])
    rgb = to_rgb(described(stored_bayer(values, encoding, big=big), encoding, big=big))
    inner = np.s_[1:-1, 1:-1]
    measured = np.take_along_axis(rgb, sites[..., None], 2)[..., 0]
    assert np.array_equal(measured[inner], values[inner])
    wrong = np.abs(rgb.astype(int) - picture).max(2)
    assert not wrong[:, : WIDTH // 2 - 1].any()
    assert not wrong[:, WIDTH // 2 + 1 :].any()


@pytest.mark.parametrize('name', COLOURS)
def test_a_colour_is_that_colour_in_every_encoding_that_has_colours(name):
    picture = np.full((HEIGHT, WIDTH, 3), COLOURS[name], np.uint8)
    y, u, v = {
        'red': (82, 90, 240),
        'green': (145, 54, 34),
        'blue': (41, 240, 110),
        'grey': (126, 128, 128),
    }[name]
    images = [described(stored_colour(picture, encoding), encoding) for encoding in COLOUR]
    for encoding in YUV:
        rows = HEIGHT // 2 if encoding.startswith('nv') else HEIGHT
        planes = (
            np.full((HEIGHT, WIDTH), y, np.uint8),
            np.full((rows, WIDTH // 2), u, np.uint8),
            np.full((rows, WIDTH // 2), v, np.uint8),
        )
        images.append(described(stored_yuv(*planes, encoding), encoding))
    for image in images:
        assert np.abs(to_rgb(image).astype(int) - picture).max() <= 2, image.encoding


def test_every_encoding_of_the_table_is_covered_here():
    assert set(ENCODINGS) == {*COLOUR, *GREY, *YUV, *BAYER}


@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8', 'rgba8', 'bgra8', '8UC3', 'mono8', '8UC1'])
def test_bytes_that_need_no_conversion_are_viewed_not_copied(encoding, rng):
    image = any_image(encoding, rng)
    assert np.shares_memory(to_rgb(image), image.data)


def test_a_frame_has_the_header_of_its_image(picture):
    frame = to_frame(described(stored_colour(picture, 'rgb8'), 'rgb8'), received_ns=77)
    assert (frame.stamp_ns, frame.frame_id, frame.received_ns) == (5, 'lens', 77)
    assert (frame.width, frame.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize('side', [96, 10], ids=['its own size', 'resized'])
@pytest.mark.parametrize('corner', [(8, 4), (-20, -17)], ids=['inside', 'over the border'])
@pytest.mark.parametrize('encoding', ENCODINGS)
def test_whatever_an_encoding_returns_can_be_cropped(encoding, corner, side, rng):
    pixels = to_rgb(any_image(encoding, rng, 100, 120))
    roi = Roi(*corner, 96, 96)
    got, expected = np.zeros((2, side, side, 3), np.uint8)
    crop(pixels, roi, got)
    crop(np.ascontiguousarray(pixels), roi, expected)
    assert np.array_equal(got, expected)
    if corner[0] < 0:
        assert tuple(got[0, 0]) == PADDING


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_a_step_that_is_too_small_is_told_with_the_least_that_works(encoding, rng):
    image = any_image(encoding, rng)
    needed = WIDTH * ENCODINGS[encoding].channels * ENCODINGS[encoding].depth
    short = RawImage(0, '', HEIGHT, WIDTH, encoding, False, needed - 1, image.data)
    with pytest.raises(ImageError, match=rf'step {needed - 1} .*at least {needed} bytes'):
        to_rgb(short)


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_data_that_is_too_short_is_told_with_what_is_needed(encoding, rng):
    image = any_image(encoding, rng)
    short = RawImage(0, '', HEIGHT, WIDTH, encoding, False, image.step, image.data[:-1])
    with pytest.raises(ImageError, match=rf'{image.data.size - 1} bytes .*{image.data.size} are'):
        to_rgb(short)


@pytest.mark.parametrize('size', [(0, 0), (0, WIDTH), (HEIGHT, 0)])
def test_an_image_without_pixels_is_refused(size):
    empty = RawImage(0, '', *size, 'rgb8', False, 3 * WIDTH, np.zeros(999, np.uint8))
    with pytest.raises(ImageError, match=rf'{size[1]}×{size[0]} pixels was given: it is empty'):
        to_rgb(empty)


@pytest.mark.parametrize(
    ('encoding', 'height', 'width'),
    [(name, HEIGHT, WIDTH - 1) for name in YUV]
    + [(name, HEIGHT - 1, WIDTH) for name in ('nv12', 'nv21')],
)
def test_half_a_block_of_chroma_is_refused(encoding, height, width):
    odd = RawImage(0, '', height, width, encoding, False, 99, np.zeros(9999, np.uint8))
    with pytest.raises(ImageError, match=rf'{width}×{height} pixels .*share a colour'):
        to_rgb(odd)


@pytest.mark.parametrize('encoding', BAYER + COLOUR + GREY)
@pytest.mark.parametrize('size', [(1, 1), (1, 2), (2, 1), (3, 3)])
def test_tiny_images_have_pixels_too(encoding, size):
    image = RawImage(0, '', *size, encoding, False, 99, np.zeros(999, np.uint8))
    assert to_rgb(image).shape == (*size, 3)


def test_an_unknown_encoding_is_named_with_the_known_ones():
    with pytest.raises(ImageError, match="encoding '32FC1' was given; allowed are rgb8, bgr8"):
        to_rgb(RawImage(0, '', 2, 2, '32FC1', False, 8, np.zeros(16, np.uint8)))
