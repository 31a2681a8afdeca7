"""Single images of a recording, and how often it is read for them."""

import cv2
import numpy as np
import pytest
from helpers.review_project import DiscSequence, frame

from picosam_ros.errors import ImageError
from picosam_ros.review.images import KEPT_IMAGES, KEPT_RECORDINGS, PASSED_OVER, Images
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


def test_an_image_before_or_far_after_is_searched_for(images, sequence):
    for number in (100, 5, 5 + PASSED_OVER + 2, 5 + PASSED_OVER + 3):
        assert is_number(images.picture('a', number), number)
    assert sequence.began == [100, 5, 5 + PASSED_OVER + 2]


def test_the_last_images_are_kept_and_the_oldest_go(images, sequence):
    for number in [*range(KEPT_IMAGES), 0]:
        assert is_number(images.picture('a', number), number)
    assert sequence.read == list(range(KEPT_IMAGES))
    images.picture('a', KEPT_IMAGES)
    images.picture('a', 1)
    assert sequence.read[KEPT_IMAGES + 1 :] == [1]


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
