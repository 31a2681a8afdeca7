"""Image size and rate adapt to the time that acknowledgements take."""

import math

from picosam_ros.viewer import client as limits
from picosam_ros.viewer.client import FlowControl
from picosam_ros.viewer.frames import LEAST_ON_LOOPBACK, LEVELS, Level


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def travel(flow, clock, seconds, count=1):
    for _ in range(count):
        number = travel.number = getattr(travel, 'number', 0) + 1
        flow.sent(number)
        clock.now += seconds
        assert flow.acknowledge(number)


def test_no_more_than_two_frames_are_in_flight():
    flow = FlowControl()
    flow.sent(1)
    assert flow.ready
    flow.sent(2)
    assert not flow.ready
    assert flow.acknowledge(1)
    assert flow.ready


def test_to_acknowledge_one_is_to_acknowledge_those_before():
    flow = FlowControl()
    flow.sent(1)
    flow.sent(2)
    assert flow.acknowledge(2)
    assert flow.ready
    assert not flow.acknowledge(1)


def test_what_was_never_sent_cannot_be_acknowledged():
    flow = FlowControl()
    flow.sent(1)
    flow.sent(2)
    assert not flow.acknowledge(99)
    assert not flow.ready
    assert math.isnan(flow.round_trip_s)


def test_a_slow_link_gets_smaller_images_down_to_the_smallest():
    clock = Clock()
    flow = FlowControl(clock)
    travel(flow, clock, 2 * limits.SLOW_S)
    assert flow.level == LEVELS[limits.FIRST_LEVEL - 1]
    travel(flow, clock, 2 * limits.SLOW_S, count=20)
    assert flow.level == LEVELS[0]


def test_on_loopback_images_stay_large_and_there_are_fewer_of_them():
    clock = Clock()
    flow = FlowControl(clock, least=LEAST_ON_LOOPBACK)
    travel(flow, clock, 2 * limits.SLOW_S, count=20)
    assert flow.level == Level(640, 75)
    flow.sent(1001)
    flow.sent(1002)
    clock.now += 60
    assert not flow.ready


def test_a_fast_link_gets_larger_ones_one_after_another():
    clock = Clock()
    flow = FlowControl(clock)
    travel(flow, clock, limits.FAST_S / 2, count=limits.FAST_COUNT - 1)
    assert flow.level == LEVELS[limits.FIRST_LEVEL]
    travel(flow, clock, limits.FAST_S / 2)
    assert flow.level == LEVELS[limits.FIRST_LEVEL + 1]
    travel(flow, clock, limits.FAST_S / 2, count=10 * limits.FAST_COUNT)
    assert flow.level == LEVELS[-1]


def test_between_slow_and_fast_nothing_changes():
    clock = Clock()
    flow = FlowControl(clock)
    travel(flow, clock, (limits.SLOW_S + limits.FAST_S) / 2, count=5 * limits.FAST_COUNT)
    assert flow.level == LEVELS[limits.FIRST_LEVEL]


def test_frames_in_flight_when_the_size_fell_do_not_reduce_it_again():
    clock = Clock()
    flow = FlowControl(clock)
    flow.sent(1001)
    flow.sent(1002)
    clock.now += 2 * limits.SLOW_S
    flow.acknowledge(1001)
    flow.acknowledge(1002)
    assert flow.level == LEVELS[limits.FIRST_LEVEL - 1]


def test_a_page_that_was_frozen_is_not_slow():
    clock = Clock()
    flow = FlowControl(clock)
    flow.sent(1)
    clock.now += 60
    assert flow.acknowledge(1, held=True)
    assert flow.level == LEVELS[limits.FIRST_LEVEL]
    assert math.isnan(flow.round_trip_s)


def test_the_round_trip_follows_what_is_measured():
    clock = Clock()
    flow = FlowControl(clock)
    travel(flow, clock, 0.1)
    assert math.isclose(flow.round_trip_s, 0.1)
    travel(flow, clock, 0.02, count=30)
    assert flow.round_trip_s < 0.03
    assert flow.acknowledged == 31
