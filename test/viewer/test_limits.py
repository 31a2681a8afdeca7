from picosam_ros.viewer import allowance as limits
from picosam_ros.viewer.allowance import Allowance


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_burst_is_allowed_and_what_goes_on_is_refused():
    clock = Clock()
    allowance = Allowance(clock)
    taken = [allowance.take() for _ in range(1000)]
    assert sum(taken) == limits.BURST
    assert allowance.refused == 1000 - limits.BURST
    assert allowance.exhausted


def test_time_fills_it_again_up_to_the_burst():
    clock = Clock()
    allowance = Allowance(clock)
    while allowance.take():
        pass
    clock.now += 1.0
    assert sum(allowance.take() for _ in range(500)) == limits.PER_SECOND
    clock.now += 3600.0
    assert sum(allowance.take() for _ in range(1000)) == limits.BURST


def test_a_page_at_sixty_pictures_per_second_is_never_refused():
    clock = Clock()
    allowance = Allowance(clock)
    for _ in range(6000):
        clock.now += 1 / 60
        assert allowance.take()
    assert not allowance.exhausted
