"""A simulated IMX500 is lost again and again: frames come back, and nothing is left behind."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress

from benchmarks.attack.target import unharmed
from benchmarks.report import Row
from benchmarks.rigs.client import Client, ros
from benchmarks.rigs.node_process import NodeProcess
from benchmarks.rigs.process_sizes import Footprint, footprint, tree
from benchmarks.timing import isolated
from picosam_ros.msg import MaskArray

from sensor_msgs.msg import Image  # isort: skip

SETTINGS = {'camera': 'imx500', 'simulate': True, 'threads': 1}
# A stream that falls silent is noticed after two seconds: of those there are fewer.
SILENT_SHARE = 6
SILENT = {'faults': 'stop_after=20'}
# The first losses fill what is kept once and for all; that is no growth.
WARM_UP = 3
FRAMES, MOST_FRAMES = 3, 12
# From a loss to frames again: the node notices it, waits half a second, starts a process.
RECOVERY_S = 30.0
# A network of the simulated sensor takes 6 MB: two of them, where each loss used to leave one. The
# child's own size varies by 5 MB with where it is in its work.
NODE_MB, GROWTH_MB = 8.0, 16.0


def run(count: int, seed: int) -> Iterator[Row]:
    """Kill the camera's process most of `count` times, let its stream fall silent the others."""
    silent = max(count // SILENT_SHARE, 1)
    yield from isolated(_kills, max(count - silent, 1), seed)
    yield from isolated(_silences, silent)


def _kills(count: int, seed: int) -> list[Row]:
    rng = random.Random(seed)

    def kill(process: NodeProcess) -> None:
        for child in list(tree(process.pid))[1:]:
            with suppress(ProcessLookupError):
                os.kill(int(child.name), signal.SIGKILL)

    with ros(), NodeProcess('camera', SETTINGS) as process:
        camera = LossyCamera(process)
        for _ in range(WARM_UP):
            camera.lose(kill, FRAMES)
        before, alone = process.footprint(), _alone(process)
        recovered = sum(camera.lose(kill, rng.randint(1, MOST_FRAMES)) for _ in range(count))
        rows = [Row('kills without frames afterwards', count - recovered, '', 0, f'{count} kills')]
        return [*rows, *camera.facts('killed', before, alone, count)]


def _silences(count: int) -> list[Row]:
    with ros(), NodeProcess('camera', SETTINGS | SILENT) as process:
        camera = LossyCamera(process)
        camera.lose(lambda _: None, FRAMES)
        before, alone = process.footprint(), _alone(process)
        recovered = sum(camera.lose(lambda _: None, FRAMES) for _ in range(count))
        rows = [Row('silences without frames afterwards', count - recovered, '', 0, f'{count}')]
        return [*rows, *camera.facts('silent', before, alone, count)]


class LossyCamera:
    """A camera node, its frames, and how often it lost the device."""

    def __init__(self, process: NodeProcess) -> None:
        self.process, self.client = process, Client(process)
        self.frames = 0
        self.client.subscribe(MaskArray, '/camera/masks', self._on_masks)
        self.client.subscribe(Image, '/image_raw', lambda _: None)
        if not self.await_frames(FRAMES):
            raise RuntimeError(f'the camera sent no frames; it printed:\n{process.output}')

    @property
    def losses(self) -> int:
        """Losses that the node told, each of which it recovers from."""
        return self.process.output.count('next try in')

    def await_frames(self, count: int) -> bool:
        """Wait for so many more frames."""
        due = self.frames + count
        return self.client.wait_for(lambda: self.frames >= due, RECOVERY_S)

    def lose(self, act: Callable[[NodeProcess], None], frames: int) -> bool:
        """Lose the device after so many frames, and wait for frames again: whether they came."""
        self.await_frames(frames)
        losses = self.losses
        act(self.process)
        self.client.wait_for(lambda: self.losses > losses, RECOVERY_S)
        return self.await_frames(FRAMES)

    def facts(self, how: str, before: Footprint, alone: Footprint, count: int) -> Iterator[Row]:
        """What the node holds after its losses."""
        gained = _alone(self.process).memory_mb - alone.memory_mb
        note = f'{1e3 * gained / count:.0f} kB with each of {count} losses'
        yield Row(f'{how}: memory gained by the node alone', gained, 'MB', NODE_MB, note)
        for row in unharmed(self.process, before, GROWTH_MB):
            yield Row(f'{how}: {row.name}', row.value, row.unit, row.target, row.note)
        self.client.close()

    def _on_masks(self, _: MaskArray) -> None:
        self.frames += 1


def _alone(process: NodeProcess) -> Footprint:
    """What the node holds without its children."""
    return footprint(process.pid, children=False)
