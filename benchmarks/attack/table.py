"""Every attack: what is done, how often, and what must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module

from benchmarks.report import Row

# Called with how often, and with what all chance is drawn from. A fact that must hold has a
# target: what it must not exceed; the others tell what was measured.
Run = Callable[[int, int], Iterable[Row]]


@dataclass(frozen=True)
class Attack:
    """One row.

    Attributes:
        name: its module is `benchmarks.attack.NAME`, with a function `run`: see Run.
        what: is done.
        count: how often at full scale.
        unit: what is counted.
        must: hold, in a sentence.
        limit_s: seconds after which it is ended and has failed, at any scale.

    """

    name: str
    what: str
    count: int
    unit: str
    must: str
    limit_s: float

    @property
    def run(self) -> Run:
        """The function; ImportError where there is none."""
        return import_module(f'benchmarks.attack.{self.name}').run  # type: ignore[no-any-return]

    def scaled(self, scale: float) -> int:
        """How often at a scale; at least once."""
        return max(round(scale * self.count), 1)


ATTACKS = (
    Attack(
        'lifecycle',
        'transitions, illegal ones among them, on all nodes under images and prompts',
        200,
        'rounds',
        'every request is answered; no thread, file or memory is left; the end comes in time',
        180,
    ),
    Attack(
        'prompt_storm',
        'prompts at 70, 200, 500 and 1000 a second, while images come',
        10_000,
        'prompts',
        'sent = answered + counted as lost; masks of another object go on',
        150,
    ),
    Attack(
        'many_points',
        'one prompt of so many points, a call of ~/segment with 20 000 prompts, refinements '
        'without end',
        3000,
        'points',
        'each is answered; masks of another object go on; deactivate and SIGTERM within 1 s',
        150,
    ),
    Attack(
        'bad_numbers',
        'NaN, infinities, the largest and least numbers, zero and odd texts in every field of '
        'every topic and service',
        1200,
        'messages',
        'no traceback; every prompt and call is answered; a good image is answered afterwards',
        200,
    ),
    Attack(
        'files',
        'damaged, missing, full and foreign files given to the commands',
        100,
        'files',
        'exit codes as documented, one sentence, no traceback, no file of the user lost',
        120,
    ),
    Attack(
        'sockets',
        'strangers and slow readers at the sockets of the viewer',
        200,
        'connections',
        'refused and counted; nobody else waits; no connection, thread or memory is left',
        120,
    ),
    Attack(
        'device_losses',
        'the process of a simulated IMX500 is killed, its stream falls silent',
        50,
        'losses',
        'frames flow again after each; no memory, thread or file is left',
        300,
    ),
    Attack(
        'soak',
        'all topics of a camera with a simulated IMX500 at full rate',
        40,
        'seconds',
        'memory stays; no thread or file is left',
        150,
    ),
    Attack(
        'films',
        'a film as camera that ends, is cut off, vanishes and comes back',
        12,
        'changes',
        'told in /diagnostics; frames flow again with the whole file',
        90,
    ),
    Attack(
        'networks',
        'networks that are cut off, damaged, without their data, give NaN or never end',
        16,
        'networks',
        'one sentence and exit code 1, or a node that works; no traceback; SIGTERM is heard',
        120,
    ),
    Attack(
        'signals',
        'SIGTERM at a random moment of start, work and transitions of each node',
        45,
        'signals',
        'exit code 0, in time, without a traceback',
        180,
    ),
    Attack(
        'peers',
        'SIGKILL to who sends images, takes masks or looks at the viewer, in mid-stream',
        12,
        'peers',
        'masks for the others go on; no thread, file or memory is left',
        150,
    ),
)
BY_NAME = {attack.name: attack for attack in ATTACKS}
