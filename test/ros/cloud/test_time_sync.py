import weakref
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.ros.cloud.time_sync import (
    JUMP_NS,
    MATCH_TIMEOUT_S,
    MessageFiltersSynchronizer,
    SyncStatistics,
    TimeSynchronizer,
    make_synchronizer,
)

MS = 1_000_000

NEEDS_MESSAGE_FILTERS = pytest.mark.skipif(
    find_spec('message_filters') is None,
    reason='message_filters is not on PyPI: apt brings it with ROS',
)

BOTH = pytest.mark.parametrize(
    'kind',
    [
        pytest.param(TimeSynchronizer, id='own'),
        pytest.param(MessageFiltersSynchronizer, id='message_filters', marks=NEEDS_MESSAGE_FILTERS),
    ],
)


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
# The second and the fourth, as seconds, are a nanosecond less in floating point.
@pytest.mark.parametrize('slop_ns', [1, 15, 50 * MS, 1_001 * MS, 10_000 * MS])
def test_the_slop_counts_to_the_nanosecond(kind, slop_ns):
    for apart, count in ((slop_ns, 0), (slop_ns - 1, 1)):
        sets = []
        matcher = kind(2, lambda *things, sets=sets: sets.append(things), slop_ns=slop_ns)
        matcher.add(0, 2**60, 'mask')
        matcher.add(1, 2**60 - apart, 'depth')
        assert len(sets) == count


@BOTH
def test_an_image_that_comes_late_still_completes_its_set(kind):
    arrivals = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (1, 1)]
    assert fed(kind, arrivals) == [(2, 2), (3, 3), (1, 1)]
    assert fed(kind, arrivals, slop_ns=MS) == [(2, 2), (3, 3), (1, 1)]


@BOTH
def test_a_second_image_of_the_same_stamp_replaces_the_first(kind):
    sets = []
    matcher = kind(2, lambda *things: sets.append(things), queue_size=1)
    for index, item in ((0, 'first'), (0, 'second'), (1, 'depth'), (1, 'again')):
        matcher.add(index, 5, item)
    assert sets == [('second', 'depth')]


@BOTH
def test_nothing_is_used_twice(kind):
    assert fed(kind, [(0, 1), (1, 1), (1, 1)]) == [(1, 1)]
    assert fed(kind, [(0, 10), (1, 10), (1, 12)], slop_ns=5 * MS) == [(10, 10)]


@BOTH
def test_a_full_queue_forgets_its_oldest_stamp(kind):
    arrivals = [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2)]
    assert fed(kind, arrivals, queue_size=2) == [(2, 2)]
    # The oldest is the one that arrives.
    arrivals = [(0, 2), (0, 3), (1, 1), (0, 1), (1, 3)]
    assert fed(kind, arrivals, queue_size=2) == [(3, 3)]


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


@BOTH
def test_what_is_cleared_is_let_go_of(kind):
    class Image:
        pass

    image = Image()
    gone = weakref.ref(image)
    matcher = kind(2, print)
    matcher.add(0, 1, image)
    del image
    assert gone() is not None
    matcher.clear()
    assert gone() is None


@NEEDS_MESSAGE_FILTERS
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 200)), max_size=60),
    st.integers(0, 40),
    st.integers(1, 6),
)
def test_ours_and_message_filters_choose_the_same(arrivals, slop, queue_size):
    settings = {'count': 3, 'slop_ns': slop * MS, 'queue_size': queue_size}
    own, theirs = (
        fed(kind, arrivals, **settings) for kind in (TimeSynchronizer, MessageFiltersSynchronizer)
    )
    assert own == theirs


@BOTH
def test_a_callback_that_raises_leaves_the_matcher_as_good_as_new(kind):
    seen = []

    def on_set(*things):
        seen.append(things)
        raise RuntimeError

    matcher = kind(2, on_set)
    for ms in (1, 2):
        matcher.add(0, ms, ms)
        with pytest.raises(RuntimeError):
            matcher.add(1, ms, ms)
    assert seen == [(1, 1), (2, 2)]


@BOTH
def test_a_callback_may_bring_further_images(kind):
    seen = []

    def on_set(*things):
        seen.append(things)
        if len(seen) == 1:
            matcher.add(0, 2, 2)

    matcher = kind(2, on_set)
    for index, stamp in ((1, 2), (0, 1), (1, 1)):
        matcher.add(index, stamp, stamp)
    assert seen == [(1, 1), (2, 2)]


def test_message_filters_matches_where_it_is_installed():
    expected = 'message_filters' if find_spec('message_filters') else 'picosam_ros'
    assert make_synchronizer(2, print, queue_size=1, slop_s=0.0).name == expected


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
