"""Which masks a person should look at."""

import numpy as np

from picosam_ros.labelling.doubts import BEFORE_A_GAP, Sighting, doubts_of, overlap

SEEN = Sighting(0.9, 0.95)
GONE = Sighting(reason='the network sees nothing there')


def test_a_sure_and_steady_mask_raises_none():
    assert doubts_of([SEEN] * 5) == [''] * 5


def test_a_mask_that_the_network_rates_low_does():
    assert doubts_of([SEEN, Sighting(0.43, 0.9), SEEN]) == [
        '',
        'the network rates its mask 0.43',
        '',
    ]


def test_a_mask_that_changes_at_once_does():
    [_, doubt, _] = doubts_of([SEEN, Sighting(0.9, 0.41), SEEN])
    assert doubt == 'its mask changed at once: IoU 0.41 with the one before'


def test_an_object_that_is_not_seen_does_with_the_reason_and_so_do_the_images_before():
    doubts = doubts_of([SEEN] * 15 + [GONE] * 20 + [SEEN])
    assert doubts[15:35] == ['not seen: the network sees nothing there'] * 20
    before = doubts[:15]
    assert before[:-BEFORE_A_GAP] == [''] * (15 - BEFORE_A_GAP)
    assert before[-BEFORE_A_GAP:] == ['it is out of sight soon after'] * BEFORE_A_GAP
    assert doubts[35] == ''


def test_a_doubt_that_is_there_already_stays():
    doubts = doubts_of([Sighting(0.2, 1.0), GONE])
    assert doubts[0] == 'the network rates its mask 0.20'


def test_overlap_is_the_iou_of_two_masks():
    one, other = np.zeros((2, 4), np.uint8), np.zeros((2, 4), np.uint8)
    assert overlap(one, other) == 1.0
    one[0, :3], other[0, 1:] = 1, 1
    assert overlap(one, other) == 0.5
