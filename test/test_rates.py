from picosam_ros.rates import CountRate, RateMeter


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_rate_is_that_of_the_events_of_the_window_and_falls_to_zero_without_any():
    clock = Clock()
    meter = RateMeter(2.0, clock)
    assert (meter.count, meter.rate) == (0, 0.0)
    meter.add()
    assert (meter.count, meter.rate) == (1, 0.0)
    for period in [0.5] * 10 + [0.25] * 12:
        clock.now += period
        meter.add()
    assert (meter.count, meter.rate) == (9, 4.0)
    clock.now += 2.5
    assert (meter.count, meter.rate) == (0, 0.0)


def test_a_counter_grows_at_the_rate_of_the_window_also_where_it_starts_anew():
    clock = Clock()
    grown = CountRate(2.0, clock)
    assert grown.rate == 0.0
    grown.add(1000)
    assert grown.rate == 0.0
    for count in (1004, 1008, 2):
        clock.now += 0.5
        grown.add(count)
    assert grown.rate == 8 / 1.5
    for _ in range(4):
        clock.now += 0.5
        grown.add(2)
    assert grown.rate == 0.0
