import pytest
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.ros.cloud.time_sync import (
    JUMP_NS,
    MATCH_TIMEOUT_S,
    SyncStatistics,
    TimeSynchronizer,
)

MS = 1_000_000


class Filters:
    """Our adapter of message_filters, where that is installed; the slop in nanoseconds."""

    def __new__(cls, count, on_set, *, queue_size=10, slop_ns=0):
        pytest.importorskip('message_filters')
        from picosam_ros.ros.cloud.time_sync import MessageFiltersSynchronizer

        return MessageFiltersSynchronizer(
            count, on_set, queue_size=queue_size, slop_s=slop_ns / 1e9
        )


BOTH = pytest.mark.parametrize('kind', [TimeSynchronizer, Filters], ids=['own', 'message_filters'])


def fed(kind, arrivals, count=2, **settings):
    """Feed (input, milliseconds) and give the sets that came out, by their milliseconds."""
    sets = []
    matcher = kind(count, lambda *things: sets.append(things), **settings)
    for index, ms in arrivals:
        matcher.add(index, ms * MS, ms)
    return sets


@BOTH
def test_equal_stamps_match_in_whatever_order_they_come(kind):
    arrivals = [(0, 1), (0, 2), (1, 2), (2, 1), (1, 1), (2, 2)]
    assert fed(kind, arrivals, count=3) == [(1, 1, 1), (2, 2, 2)]


@BOTH
def test_without_slop_a_millisecond_apart_is_no_match(kind):
    assert fed(kind, [(0, 1), (1, 2), (0, 3), (1, 4)]) == []


@BOTH
def test_with_slop_the_nearest_is_chosen(kind):
    arrivals = [(1, 90), (1, 104), (1, 120), (0, 100)]
    assert fed(kind, arrivals, slop_ns=30 * MS) == [(100, 104)]


@BOTH
def test_the_slop_itself_is_too_far(kind):
    assert fed(kind, [(0, 100), (1, 130)], slop_ns=30 * MS) == []
    assert fed(kind, [(0, 100), (1, 129)], slop_ns=30 * MS) == [(100, 129)]


@BOTH
def test_all_of_a_set_are_within_the_slop_of_each_other(kind):
    arrivals = [(1, 80), (2, 120), (0, 100)]
    assert fed(kind, arrivals, count=3, slop_ns=30 * MS) == []
    assert fed(kind, [*arrivals, (2, 95)], count=3, slop_ns=30 * MS) == [(100, 80, 95)]


@BOTH
def test_nothing_is_used_twice(kind):
    assert fed(kind, [(0, 1), (1, 1), (1, 1)]) == [(1, 1)]
    assert fed(kind, [(0, 10), (1, 10), (1, 12)], slop_ns=5 * MS) == [(10, 10)]


@BOTH
def test_a_full_queue_forgets_its_oldest_stamp(kind):
    arrivals = [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2)]
    assert fed(kind, arrivals, queue_size=2) == [(2, 2)]


@BOTH
def test_what_is_cleared_never_matches(kind):
    sets = []
    matcher = kind(2, lambda *things: sets.append(things))
    matcher.add(0, 1, 'old')
    matcher.clear()
    matcher.add(1, 1, 'new')
    assert sets == []
    matcher.add(0, 1, 'again')
    assert sets == [('again', 'new')]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 200)), max_size=60),
    st.integers(0, 40),
    st.integers(1, 6),
)
def test_ours_and_message_filters_choose_the_same(arrivals, slop, queue_size):
    pytest.importorskip('message_filters')
    settings = {'count': 3, 'slop_ns': slop * MS, 'queue_size': queue_size}
    assert fed(TimeSynchronizer, arrivals, **settings) == fed(Filters, arrivals, **settings)


def test_a_callback_that_raises_leaves_the_matcher_as_good_as_new():
    seen = []

    def on_set(*things):
        seen.append(things)
        raise RuntimeError

    matcher = TimeSynchronizer(2, on_set)
    for ms in (1, 2):
        matcher.add(0, ms, ms)
        with pytest.raises(RuntimeError):
            matcher.add(1, ms, ms)
    assert seen == [(1, 1), (2, 2)]


class Watch:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def tally(watch):
    return SyncStatistics(('mask', 'depth'), watch)


def test_nothing_is_missed_at_the_start_and_after_a_match(tally, watch):
    assert tally.explain(0) == ''
    watch.now += MATCH_TIMEOUT_S + 1
    assert 'no mask, no depth arrives' in tally.explain(0)
    tally.match()
    assert tally.explain(0) == ''
    assert tally.matches == 1


def test_an_input_that_is_silent_is_named_with_all_counts(tally, watch):
    watch.now += MATCH_TIMEOUT_S + 1
    for ms in range(3):
        tally.add('mask', ms * MS)
    assert tally.explain(0) == 'nothing to match: no depth arrives (arrived: mask 3, depth 0)'


def test_stamps_that_differ_are_told_with_how_much(tally, watch):
    watch.now += MATCH_TIMEOUT_S + 1
    tally.add('mask', 1000 * MS)
    tally.add('depth', 700 * MS)
    told = tally.explain(50 * MS)
    assert 'arrived: mask 1, depth 1' in told
    assert 'no stamps within 50 ms' in told
    assert 'depth -300 ms' in told


def test_a_jump_back_of_stamps_is_told_once(tally):
    assert not tally.add('mask', 10 * JUMP_NS)
    assert not tally.add('mask', 9 * JUMP_NS)
    assert tally.add('mask', 1)
    assert not tally.add('mask', 2)
    assert not tally.add('depth', 3)
