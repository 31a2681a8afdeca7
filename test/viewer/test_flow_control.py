"""A picture is as large as the link of its client carries."""

import math

from picosam_ros.viewer import flow_control as limits
from picosam_ros.viewer.encoding import LEVELS
from picosam_ros.viewer.flow_control import Link


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def travel(link, clock, seconds, count=1):
    for _ in range(count):
        number = travel.number = getattr(travel, 'number', 0) + 1
        link.sending(number)
        clock.now += seconds
        assert link.acknowledge(number)


def test_no_more_than_two_pictures_are_on_their_way():
    link = Link()
    link.sending(1)
    assert link.free
    link.sending(2)
    assert not link.free
    assert link.acknowledge(1)
    assert link.free


def test_to_acknowledge_one_is_to_acknowledge_those_before():
    link = Link()
    link.sending(1)
    link.sending(2)
    assert link.acknowledge(2)
    assert link.free
    assert not link.acknowledge(1)


def test_what_was_never_sent_cannot_be_acknowledged():
    link = Link()
    link.sending(1)
    link.sending(2)
    assert not link.acknowledge(99)
    assert not link.free
    assert math.isnan(link.round_trip_s)


def test_a_slow_link_gets_smaller_pictures_down_to_the_smallest():
    clock = Clock()
    link = Link(clock)
    travel(link, clock, 2 * limits.SLOW_S)
    assert link.level == LEVELS[limits.FIRST_LEVEL - 1]
    travel(link, clock, 2 * limits.SLOW_S, count=20)
    assert link.level == LEVELS[0]


def test_a_fast_link_gets_larger_ones_one_after_another():
    clock = Clock()
    link = Link(clock)
    travel(link, clock, limits.FAST_S / 2, count=limits.TRIAL - 1)
    assert link.level == LEVELS[limits.FIRST_LEVEL]
    travel(link, clock, limits.FAST_S / 2)
    assert link.level == LEVELS[limits.FIRST_LEVEL + 1]
    travel(link, clock, limits.FAST_S / 2, count=10 * limits.TRIAL)
    assert link.level == LEVELS[-1]


def test_between_slow_and_fast_nothing_changes():
    clock = Clock()
    link = Link(clock)
    travel(link, clock, (limits.SLOW_S + limits.FAST_S) / 2, count=5 * limits.TRIAL)
    assert link.level == LEVELS[limits.FIRST_LEVEL]


def test_what_was_on_its_way_when_the_size_fell_does_not_let_it_fall_again():
    clock = Clock()
    link = Link(clock)
    link.sending(1001)
    link.sending(1002)
    clock.now += 2 * limits.SLOW_S
    link.acknowledge(1001)
    link.acknowledge(1002)
    assert link.level == LEVELS[limits.FIRST_LEVEL - 1]


def test_a_page_that_was_frozen_is_not_slow():
    clock = Clock()
    link = Link(clock)
    link.sending(1)
    clock.now += 60
    assert link.acknowledge(1, held=True)
    assert link.level == LEVELS[limits.FIRST_LEVEL]
    assert math.isnan(link.round_trip_s)


def test_the_round_trip_follows_what_is_measured():
    clock = Clock()
    link = Link(clock)
    travel(link, clock, 0.1)
    assert math.isclose(link.round_trip_s, 0.1)
    travel(link, clock, 0.02, count=30)
    assert link.round_trip_s < 0.03
    assert link.acknowledged == 31
