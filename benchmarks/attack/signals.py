"""SIGTERM at a random moment of a node's life."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState

from benchmarks.attack.target import SETTINGS, Target, in_time
from benchmarks.report import Row
from benchmarks.rigs.client import Client, ros
from benchmarks.rigs.node_process import NodeProcess

NODES: dict[str, tuple[str, dict[str, object]]] = {
    'segmenter': ('segmenter', SETTINGS),
    'camera': ('camera', SETTINGS | {'camera': 'photos'}),
    'simulated sensor': ('camera', {'camera': 'imx500', 'simulate': True, 'threads': 1}),
    'cloud': ('cloud', {}),
    'viewer': ('viewer', {'port': 0}),
}
# Random moments lie between none and so many seconds after the beginning.
START_S, WORK_S, TRANSITION_S = 1.5, 1.0, 0.5
TRANSITIONS = (
    Transition.TRANSITION_CONFIGURE,
    Transition.TRANSITION_ACTIVATE,
    Transition.TRANSITION_DEACTIVATE,
    Transition.TRANSITION_CLEANUP,
)


@dataclass
class Tally:
    """What was found at one kind of moment."""

    signals: int = 0
    slowest: float = 0.0
    late: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    unborn: int = 0

    def rows(self, moment: str) -> Iterator[Row]:
        """The facts."""
        yield Row(f'{moment}: late', len(self.late), '', 0, _in_words(self.late))
        yield Row(f'{moment}: wrong exit codes', len(self.codes), '', 0, _in_words(self.codes))
        note = _in_words(self.tracebacks)
        yield Row(f'{moment}: tracebacks', len(self.tracebacks), '', 0, note)
        yield Row(f'{moment}: longest to the end', self.slowest, 's', None, f'{self.signals}')
        if self.unborn:
            note = 'Python itself was being loaded'
            yield Row(f'{moment}: ended before the program began', self.unborn, '', None, note)


def run(count: int, seed: int) -> Iterator[Row]:
    """Send `count` signals, to every node at every kind of moment in turn."""
    rng = random.Random(seed)
    tallies = {moment: Tally() for moment in MOMENTS}
    cases = list(product(MOMENTS, NODES))
    with ros():
        for number in range(count):
            moment, name = cases[number % len(cases)]
            executable, settings = NODES[name]
            # A manager makes the transitions; else the node makes them itself.
            own = {'autostart': False} if moment == 'transition' else {}
            with NodeProcess(executable, settings | own) as process:
                MOMENTS[moment](process, rng)
                _judge(process, name, tallies[moment])
    for moment, tally in tallies.items():
        yield from tally.rows(moment)


def _starting(process: NodeProcess, rng: random.Random) -> None:
    time.sleep(rng.uniform(0, START_S))


def _working(process: NodeProcess, rng: random.Random) -> None:
    if process.name == 'segmenter':
        target = Target(process)
        target.begin()
        client = target.client
    else:
        client = Client(process)
        client.report(process.name, 10.0)
    client.serve(rng.uniform(0, WORK_S))
    client.close()


def _in_transition(process: NodeProcess, rng: random.Random) -> None:
    client = Client(process)
    last = rng.randrange(len(TRANSITIONS))
    for transition in TRANSITIONS[:last]:
        client.change(transition)
    service = client.node.create_client(ChangeState, f'/{process.name}/change_state')
    client.wait_for(service.service_is_ready)
    request = ChangeState.Request(transition=Transition(id=TRANSITIONS[last]))
    future = service.call_async(request)
    client.serve(rng.uniform(0, TRANSITION_S))
    del future  # whether it was answered does not matter: the node was told to end
    client.close()


MOMENTS: dict[str, Callable[[NodeProcess, random.Random], None]] = {
    'start': _starting,
    'work': _working,
    'transition': _in_transition,
}


def _judge(process: NodeProcess, name: str, tally: Tally) -> None:
    if not process.running:
        tally.codes.append(f'{name} ended by itself')
        return
    limit, ending = in_time(), process.end()
    tally.signals += 1
    tally.slowest = max(tally.slowest, ending.seconds)
    if ending.code == -signal.SIGTERM and not process.output:
        tally.unborn += 1
    elif ending.code != 0:
        code = 'had to be killed' if ending.code is None else ending.code
        tally.codes.append(f'{name}: {code}')
    if ending.seconds > limit:
        tally.late.append(f'{name}: {ending.seconds:.1f} s')
    if process.tracebacks:
        tally.tracebacks.append(name)


def _in_words(cases: list[str]) -> str:
    return ', '.join(sorted(set(cases)))
