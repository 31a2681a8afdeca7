import pytest

from picosam_ros.prompts.gaps import SequenceGaps


def lost_of(*numbers, publishers=1):
    gaps = SequenceGaps(lambda: publishers)
    for number in numbers:
        gaps.add(number)
    return gaps.lost


@pytest.mark.parametrize(
    ('numbers', 'lost'),
    [
        ((1, 2, 3), 0),
        ((1, 2, 5, 6), 2),
        ((1, 9, 12), 9),
        # What was published before the connection is not lost.
        ((40, 41, 43), 1),
        # A publisher that starts again.
        ((1, 2, 3, 1, 2, 4), 1),
        # Numbers that the middleware does not give.
        ((None, None), 0),
    ],
)
def test_the_numbers_that_a_publisher_leaves_out_are_counted(numbers, lost):
    assert lost_of(*numbers) == lost


def test_publishers_that_take_turns_lose_nothing():
    assert lost_of(1, 70, 2, 71, 72, 3, publishers=2) == 0
    assert lost_of(1, 1, 2, 2, 3, publishers=2) == 0


def test_a_gap_belongs_to_the_publisher_that_is_nearest():
    assert lost_of(1, 70, 2, 74, 3, publishers=2) == 3


def test_a_publisher_that_comes_or_goes_is_no_loss():
    count = 1
    gaps = SequenceGaps(lambda: count)
    for number in (1, 2):
        gaps.add(number)
    count = 2
    for number in (50, 3, 51, 4):
        gaps.add(number)
    count = 1
    # The first gap tells that one of them has gone, the next one is a loss.
    for number in (52, 53, 55):
        gaps.add(number)
    assert gaps.lost == 0
    gaps.add(57)
    assert gaps.lost == 1


def test_it_remembers_no_more_publishers_than_there_are():
    gaps = SequenceGaps(lambda: 1)
    for _ in range(50):
        gaps.add(1)
    assert len(gaps._last) == 1


def test_a_loss_is_counted_also_where_the_first_message_comes_before_its_publisher_is_known():
    counts = [0, 1, 1]
    gaps = SequenceGaps(lambda: counts.pop(0))
    for number in (1, 5, 9):
        gaps.add(number)
    assert gaps.lost == 6
