"""Two network files are timed in turns, and what interrupts one of them does not count."""

from pathlib import Path

import pytest

from training.run_time import compare, interleaved


class Clock:
    """A clock that goes on only while something runs."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def taking(self, seconds, interrupted=0.0, every=7):
        """Return something that takes so long, and in every seventh call longer."""
        calls = iter(range(10**6))

        def call():
            self.now += seconds + (interrupted if next(calls) % every == 0 else 0.0)

        return call


def test_the_ratio_is_new_to_old() -> None:
    clock = Clock()
    result = interleaved(clock.taking(0.010), clock.taking(0.012), 20, clock)
    assert result.ratio == pytest.approx(1.2)
    assert (result.old_ms, result.new_ms) == (pytest.approx(10), pytest.approx(12))


def test_interruptions_of_one_of_them_do_not_count() -> None:
    clock = Clock()
    result = interleaved(clock.taking(0.010), clock.taking(0.010, interrupted=1.0), 50, clock)
    assert result.ratio == pytest.approx(1.0)


def test_files_with_and_without_a_prompt_run(tiny_network) -> None:
    from picosam_ros.models import find_model

    click = find_model('picosam-click').path
    assert compare(click, click, rounds=2).old_ms > 0
    tiny = Path(tiny_network())
    assert compare(tiny, tiny, rounds=2).new_ms > 0
