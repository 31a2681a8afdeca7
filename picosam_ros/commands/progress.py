"""A bar that tells how far a long command is, where somebody looks at it."""

from __future__ import annotations

import time

from picosam_ros.commands.terminal import Screen, paint

REFRESH_SECONDS = 0.2
WIDTH = 30


class Progress:
    """One line on a terminal; nothing elsewhere.

    Args:
        total: of the things that are counted; 0 if nobody knows.
        what: their name, in the plural.
        live: whether anything may be drawn at all.

    """

    def __init__(self, total: int, what: str, *, live: bool) -> None:
        self._total = total
        self._what = what
        self._screen = Screen(live=live)
        self._begun = self._shown = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.perf_counter() - self._begun

    def show(self, done: int) -> None:
        """Draw it, unless that was done just now."""
        if not done or time.perf_counter() - self._shown < REFRESH_SECONDS:
            return
        self._shown = time.perf_counter()
        rate = f'{done / self.seconds:.0f}/s'
        if not self._total:
            self._screen.show(f'{done} {self._what}  {rate}')
            return
        share = min(done / self._total, 1.0)
        left = self.seconds * (1 - share) / share
        filled = round(WIDTH * share)
        self._screen.show(
            f'{paint("█" * filled, "green")}{paint("░" * (WIDTH - filled), "dim")} {share:4.0%}  '
            f'{done} of {self._total} {self._what}  {rate}  {_duration(left)} left'
        )

    def end(self) -> None:
        """Take it away."""
        self._screen.clear()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f'{minutes} min {rest:02} s' if minutes else f'{rest} s'
