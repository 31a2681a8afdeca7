"""Which masks a person should look at."""

import numpy as np
import pytest

from picosam_ros.labelling.doubts import doubt_of_score, not_seen, overlap


@pytest.mark.parametrize('score', [0.5, 0.97])
def test_a_sure_mask_raises_none(score):
    assert doubt_of_score(score) == ''


def test_a_mask_that_the_network_rates_low_does():
    assert doubt_of_score(0.4321) == 'the network rates its mask 0.43'


def test_an_object_that_is_not_seen_does_with_the_reason():
    assert not_seen('the picture changed') == 'not seen: the picture changed'


def test_overlap_is_the_iou_of_two_masks():
    one, other = np.zeros((2, 4), np.uint8), np.zeros((2, 4), np.uint8)
    assert overlap(one, other) == 1.0
    one[0, :3], other[0, 1:] = 1, 1
    assert overlap(one, other) == 0.5
