"""Single images of a recording, and how often it is read for them."""

import cv2
import numpy as np
import pytest
from helpers.review_project import DiscSequence, frame

from picosam_ros.errors import ImageError
from picosam_ros.label_pages import images as module
from picosam_ros.label_pages.images import (
    KEPT_RECORDINGS,
    LEAST_KEPT,
    PASSED_OVER,
    READ_BACK,
    Images,
)
from picosam_ros.sequences.base import SequenceImage


@pytest.fixture
def sequence():
    return DiscSequence(refused=(30,))


@pytest.fixture
def images(sequence):
    return Images(lambda _: sequence)


def is_number(picture, number):
    return np.array_equal(picture.frame.pixels, frame(number).pixels)


def test_images_after_each_other_are_read_in_one_go(images, sequence):
    assert all(is_number(images.picture('a', number), number) for number in (10, 11, 15, 20))
    assert sequence.began == [10]
    assert sequence.read == list(range(10, 21))


def test_an_image_far_before_or_far_after_is_searched_for(images, sequence):
    far = PASSED_OVER + 2
    for number in (5, 5 + far, 5 + far + 1, 4):
        assert is_number(images.picture('a', number), number)
    assert sequence.began == [5, 5 + far, 4]


def test_who_goes_back_finds_the_images_before_read_in_one_go(images, sequence):
    for number in range(100, 100 - READ_BACK - 2, -1):
        assert is_number(images.picture('a', number), number)
    assert sequence.began == [100, 99 - READ_BACK]
    images.picture('a', 0)
    images.picture('a', 1)
    assert sequence.began == [100, 99 - READ_BACK, 0]


def test_the_last_images_are_kept_and_the_oldest_go(images, sequence, monkeypatch):
    monkeypatch.setattr(module, 'KEPT_BYTES', 6 * frame(0).pixels.nbytes)
    for number in [*range(6), 0]:
        assert is_number(images.picture('a', number), number)
    assert sequence.read == list(range(6))
    images.picture('a', 6)
    images.picture('a', 0)
    assert sequence.read == list(range(7))
    # Back by as many as there is room for in one half.
    images.picture('a', 1)
    assert sequence.read == [*range(7), 0, 1]


def test_of_very_large_images_a_few_are_kept_all_the_same(images, sequence, monkeypatch):
    monkeypatch.setattr(module, 'KEPT_BYTES', 1)
    for number in [*range(LEAST_KEPT), 0]:
        assert is_number(images.picture('a', number), number)
    assert sequence.read == list(range(LEAST_KEPT))
    images.picture('a', LEAST_KEPT)
    images.picture('a', 1)
    assert sequence.began == [0, 1]


def test_an_image_that_cannot_be_read_is_told_and_the_next_one_comes(images, sequence):
    images.picture('a', 29)
    with pytest.raises(ImageError, match="image 30 of recording 'a' cannot be read: half a JPEG"):
        images.picture('a', 30)
    assert is_number(images.picture('a', 31), 31)
    with pytest.raises(ImageError, match=r'image 200 .* cannot be read: it is not there'):
        images.picture('a', 200)
    assert sequence.began == [29, 200]


def test_after_an_error_the_recording_is_read_anew(images, sequence, monkeypatch):
    def fails(first=0, end=None):
        yield SequenceImage(first, frame(first), first)
        raise ImageError('the disk is gone')

    with monkeypatch.context() as patch:
        patch.setattr(sequence, 'images', fails)
        images.picture('a', 1)
        with pytest.raises(ImageError, match='the disk is gone'):
            images.picture('a', 2)
    assert is_number(images.picture('a', 2), 2)


def test_a_jpeg_that_is_recorded_is_handed_on_and_another_image_is_encoded(monkeypatch):
    sequence = DiscSequence()
    recorded = SequenceImage(3, frame(3), 3, b'as recorded')
    images = Images(lambda _: sequence)
    jpeg = cv2.imdecode(np.frombuffer(images.picture('a', 2).jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(jpeg[..., ::-1].astype(int) - frame(2).pixels).mean() < 3
    monkeypatch.setattr(sequence, 'images', lambda first: iter([recorded]))
    assert Images(lambda _: sequence).picture('a', 3).jpeg == b'as recorded'


def test_few_recordings_are_open_and_all_are_closed_in_the_end():
    opened = {str(number): DiscSequence() for number in range(KEPT_RECORDINGS + 1)}
    images = Images(opened.__getitem__)
    for name in opened:
        images.picture(name, 0)
    assert [one.closed for one in opened.values()] == [1] + [0] * KEPT_RECORDINGS
    images.close()
    assert [one.closed for one in opened.values()] == [1] * len(opened)
