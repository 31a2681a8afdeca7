"""Frames as bytes."""

import asyncio
import itertools

import cv2
import numpy as np
import pytest
from helpers.viewer_server import HEIGHT, WIDTH, disc_mask, make_frame, on_a_loop, unpack

from picosam_ros.viewer.frames import (
    LEVELS,
    JpegEncoder,
    Level,
    to_jpeg,
)


def decoded(jpeg):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), 4)


def test_levels_grow_in_size_and_quality():
    for smaller, larger in itertools.pairwise(LEVELS):
        assert smaller.side < larger.side
        assert smaller.quality <= larger.quality


def test_colours_stay_in_their_order():
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[...] = (250, 120, 10)
    assert np.abs(decoded(to_jpeg(pixels, LEVELS[-1])).astype(int) - (250, 120, 10)).max() < 6


@pytest.mark.parametrize(
    ('size', 'side', 'expected'),
    [
        ((480, 640), 320, (240, 320)),
        ((640, 480), 320, (320, 240)),
        ((100, 60), 320, (100, 60)),
        ((2, 4000), 320, (1, 320)),
    ],
)
def test_an_image_is_shrunk_to_the_level_and_never_enlarged(size, side, expected):
    assert decoded(to_jpeg(np.zeros((*size, 3), np.uint8), Level(side, 70))).shape[:2] == expected


@on_a_loop
async def test_for_all_clients_an_image_is_encoded_once_per_level():
    encoder = JpegEncoder(pytest.fail)
    frame = make_frame()
    messages = await asyncio.gather(*(encoder.encode(frame, LEVELS[2]) for _ in range(10)))
    assert encoder.encoded == 1
    assert len(set(messages)) == 1
    # It is smaller than both levels: only the quality differs.
    await encoder.encode(frame, Level(LEVELS[2].side * 2, LEVELS[2].quality))
    assert encoder.encoded == 1
    await encoder.encode(frame, LEVELS[0])
    assert encoder.encoded == 2
    encoder.close()


@on_a_loop
async def test_a_client_that_leaves_during_encoding_does_not_cancel_it_for_others():
    encoder = JpegEncoder(pytest.fail)
    frame = make_frame()
    leaving = asyncio.ensure_future(encoder.encode(frame, LEVELS[2]))
    staying = asyncio.ensure_future(encoder.encode(frame, LEVELS[2]))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying
    assert encoder.encoded == 1
    encoder.close()


@on_a_loop
async def test_frames_of_two_cameras_are_told_apart_though_their_numbers_are_the_same():
    encoder = JpegEncoder(pytest.fail)
    one, other = (
        make_frame(1, pixels=lambda grey=grey: np.full((9, 9, 3), grey, np.uint8))
        for grey in (0, 200)
    )
    images = [decoded(unpack(await encoder.encode(frame, LEVELS[2]))[1]) for frame in (one, other)]
    assert [image.mean() for image in images] == [0, 200]
    encoder.close()


@on_a_loop
async def test_old_images_are_dropped():
    encoder = JpegEncoder(pytest.fail)
    for number in range(1, 20):
        await encoder.encode(make_frame(number), LEVELS[2])
    assert len(encoder._cache) <= 2
    encoder.close()


@on_a_loop
async def test_a_message_is_header_and_image():
    encoder = JpegEncoder(pytest.fail)
    frame = make_frame(5, masks=(disc_mask(7),), unanswered=((9, 'hidden'),), segmented=True)
    header, jpeg = unpack(await encoder.encode(frame, LEVELS[2]))
    assert decoded(jpeg).shape == (HEIGHT, WIDTH, 3)
    assert (header['number'], header['stamp'], header['segmented']) == (5, '1005', True)
    assert (header['width'], header['height']) == (WIDTH, HEIGHT)
    assert header['unanswered'] == [{'object': 9, 'reason': 'hidden'}]
    [mask] = header['masks']
    assert (mask['object'], mask['generation'], mask['score']) == (7, 1, 0.9)
    encoder.close()


def test_an_outline_lies_on_the_rim_of_its_mask():
    centre, radius = (100.0, 90.0), 30
    [curve] = disc_mask(centre=centre, radius=radius).outline(WIDTH, HEIGHT)
    points = np.reshape(curve, (-1, 2))
    distance = np.hypot(*(points - np.subtract(centre, 0.5)).T)
    assert np.abs(distance - radius).max() < 1.5
    assert len(points) < 100


def test_an_outline_ends_at_the_border_of_the_image():
    [curve] = disc_mask(centre=(5.0, 235.0), radius=30).outline(WIDTH, HEIGHT)
    points = np.reshape(curve, (-1, 2))
    assert points.min() >= 0
    assert points[:, 1].max() <= HEIGHT - 1


def test_a_mask_with_a_hole_has_two_rims_and_an_empty_one_has_none():
    mask = disc_mask(radius=30)
    mask.probability[40:56, 40:56] = 0
    assert len(mask.outline(WIDTH, HEIGHT)) == 2
    mask.probability[...] = 0
    assert mask.outline(WIDTH, HEIGHT) == []
