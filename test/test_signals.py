import os
import signal

import pytest

from picosam_ros.signals import on_ending

ENDING = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers():
    """Put the handlers back that pytest has."""
    before = {number: signal.getsignal(number) for number in ENDING}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize('number', ENDING, ids=lambda n: n.name)
def test_the_first_signal_counts_and_those_within_and_after_it_change_nothing(number):
    told = []

    def end():
        told.append(number)
        for other in ENDING:  # while it runs
            os.kill(os.getpid(), other)

    on_ending(end)
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)
    assert told == [number]


def test_the_handlers_that_were_there_are_returned(handlers):
    assert on_ending(print) == handlers
