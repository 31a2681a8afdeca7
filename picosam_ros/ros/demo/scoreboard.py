"""The demo's table of results and latency."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from typing import TextIO

from picosam_ros.latency import LatencyWindow, Timing
from picosam_ros.rates import RateMeter
from picosam_ros.results import PromptState

_RATE_SECONDS = 2.0

# Photo and object to area and score.
Objects = dict[tuple[str, str], tuple[int, float]]


class Scoreboard:
    """Collects figures and prints them: redrawn in place on a terminal, otherwise once at the end.

    Args:
        output: where to; None for standard output.

    """

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = output or sys.stdout
        self._on_terminal = self._output.isatty()
        self.frames = 0
        self.masks = 0
        self._window = LatencyWindow()
        self._rate = RateMeter(_RATE_SECONDS)
        self._dropped = 0
        self._answers: Counter[PromptState] = Counter()
        self._objects: Objects = {}
        self._scene = ''
        self._url = ''
        self._lines = 0

    def announce(self, url: str) -> None:
        """Show the address of the viewer's page."""
        self._url = url
        if not self._on_terminal:
            print(f'viewer    {url}', file=self._output, flush=True)

    def enter(self, scene: str) -> None:
        """Show the objects of another photo from now on."""
        self._scene = scene

    def add_frame(self, timing: Timing, dropped: int) -> None:
        """Add a result."""
        self.frames += 1
        self._dropped = dropped
        self._rate.add()
        if timing.inference == timing.inference:  # NaN without prompts
            self._window.add(timing)

    def add_mask(self, scene: str, name: str, area: int, score: float) -> None:
        """Add a mask; the newest one of each object that has a name is shown."""
        self.masks += 1
        if name:
            self._objects[scene, name] = (area, score)

    def add_answer(self, state: int) -> None:
        """Count the answer to a prompt."""
        self._answers[PromptState(state)] += 1

    def print_line(self, line: str) -> None:
        """Print a line above the table, or without a terminal to standard error."""
        if not self._on_terminal:
            print(line, file=sys.stderr, flush=True)
            return
        self._erase()
        print(line, file=self._output)
        self.show()

    def show(self, *, final: bool = False) -> None:
        """Print the table; without a terminal only when `final`."""
        if not (self._on_terminal or final):
            return
        self._erase()
        lines = self._table(self._objects if final else self._of_scene())
        if not final:
            # What does not fit could not be erased again.
            width, height = shutil.get_terminal_size()
            lines = [line[:width] for line in lines[: height - 1]]
            self._lines = len(lines)
        print('\n'.join(lines), file=self._output, flush=True)

    def _erase(self) -> None:
        if self._lines:
            self._output.write(f'\x1b[{self._lines}F\x1b[J')
        self._lines = 0

    def _of_scene(self) -> Objects:
        return {key: seen for key, seen in self._objects.items() if key[0] == self._scene}

    def _table(self, objects: Objects) -> list[str]:
        answers = ', '.join(f'{n} {state.name.lower()}' for state, n in self._answers.items())
        lines = [
            '',
            f'viewer    {self._url or "starting"}',
            f'frames    {self._rate.rate:5.1f} per second, {self.frames} in all, '
            f'{self._dropped} dropped',
            f'prompts   {answers or "none yet"}',
            f'masks     {self.masks}',
            '',
            'latency (ms)      p50     p95',
        ]
        for stage, p in self._window.percentiles().items():
            lines.append(f'  {stage:12}{p.p50:8.2f}{p.p95:8.2f}')
        lines += ['', f'{"photo":18}{"object":18}{"area (px)":>10}{"score":>8}']
        for (scene, name), (area, score) in objects.items():
            lines.append(f'  {scene:16}{name:18}{area:10}{score:8.2f}')
        return lines
