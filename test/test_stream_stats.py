import math

import pytest

from picosam_ros.stream_stats import WINDOW_S, StreamMonitor, StreamStats

SECOND = 1_000_000_000


class HandWoundClock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return HandWoundClock()


@pytest.fixture
def arrivals(clock):
    return StreamMonitor(clock)


def feed(arrivals, clock, count, period, *, age_s=0.01, frame_id='lens'):
    for _ in range(count):
        received = round(clock.now * SECOND)
        arrivals.add(received - round(age_s * SECOND), received, frame_id)
        clock.now += period
    clock.now -= period


def test_before_the_first_image_nothing_is_known(arrivals):
    assert arrivals.stats().silence_s == math.inf
    assert math.isnan(arrivals.stats().rate)
    assert not arrivals.stats().ages_s


def test_the_rate_is_that_of_the_last_five_seconds(arrivals, clock):
    feed(arrivals, clock, 50, 0.1)
    clock.now += 0.025
    feed(arrivals, clock, 1 + round(WINDOW_S / 0.025), 0.025)
    stats = arrivals.stats()
    assert stats.rate == pytest.approx(40)
    assert stats.span_s == pytest.approx(WINDOW_S, abs=0.03)


def test_the_rate_of_a_slow_camera_is_taken_from_three_images(arrivals, clock):
    feed(arrivals, clock, 5, 20.0)
    assert arrivals.stats().rate == pytest.approx(1 / 20)
    assert arrivals.stats().span_s == pytest.approx(40)


def test_silence_grows_from_the_last_image_on(arrivals, clock):
    feed(arrivals, clock, 3, 0.1)
    clock.now += 7.5
    assert arrivals.stats().silence_s == pytest.approx(7.5)
    assert arrivals.stats().rate == pytest.approx(10)


def test_ages_are_least_median_and_greatest_and_may_be_negative(arrivals, clock):
    for age_s in (0.5, -2.0, 0.1):
        feed(arrivals, clock, 1, 0.0, age_s=age_s)
    assert arrivals.stats().ages_s == pytest.approx((-2.0, 0.1, 0.5))


def test_an_image_that_cannot_be_read_counts_for_the_rate_only(arrivals, clock):
    feed(arrivals, clock, 1, 0.0)
    clock.now += 0.5
    arrivals.add_unreadable()
    stats = arrivals.stats()
    assert stats.rate == pytest.approx(2)
    assert stats.ages_s == pytest.approx((0.01, 0.01, 0.01))
    assert stats.frame_ids == ('lens',)
    assert stats.stamped


def test_frame_ids_are_told_apart_and_a_stamp_of_zero_is_none(arrivals, clock):
    feed(arrivals, clock, 2, 0.1, frame_id='right')
    feed(arrivals, clock, 2, 0.1, frame_id='left')
    assert arrivals.stats().frame_ids == ('left', 'right')
    assert arrivals.stats().stamped
    arrivals.add(0, 5, 'left')
    assert not arrivals.stats().stamped


def test_what_is_cleared_is_forgotten(arrivals, clock):
    feed(arrivals, clock, 4, 0.1)
    arrivals.clear()
    assert str(arrivals.stats()) == str(StreamStats())
