"""A segmenter under attack: images come to it, and one object on them must keep its masks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import numpy as np
from std_msgs.msg import Header

from benchmarks import machine
from benchmarks.report import Row
from benchmarks.rigs import scene
from benchmarks.rigs.client import Client, ros
from benchmarks.rigs.node_process import NodeProcess
from benchmarks.rigs.process_sizes import Footprint
from picosam_ros.msg import MaskArray, Point2D, Prompt, PromptStatus
from picosam_ros.ros.messages import from_time, to_image, to_time
from picosam_ros.wire.messages import NANOSECONDS

from sensor_msgs.msg import Image  # isort: skip

RATE = 10.0
# The object that nobody attacks.
WITNESS = 254
# A stated square: no search, so that an image costs the same with every network.
ROI_SIZE = 192
SETTINGS = {'track': False, 'threads': 1}

# Within this time a node hears SIGTERM or a transition, and masks follow each other, on a machine
# that has a core for it.
PROMPT_S = 1.0
# What a heap may keep of its largest load; `process.tune_malloc` lets it keep 64 MiB at most.
HEAP_MB = 32.0


class Target:
    """A running segmenter, the camera before it, and the witness's masks."""

    def __init__(self, process: NodeProcess) -> None:
        self.process = process
        self.client = client = Client(process)
        self.statuses: dict[int, PromptStatus] = {}
        self.answers = self.masks = 0
        self._numbers = count(time.time_ns())
        self._gap, self._seen = 0.0, time.monotonic()
        self._image = to_image(scene.image(), 'rgb8', Header(frame_id='camera'))
        self.images = client.publisher(Image, 'image', 10)
        self.prompts = client.publisher(Prompt, 'prompt')
        client.subscribe(MaskArray, f'/{process.name}/masks', self._on_masks)
        client.subscribe(PromptStatus, f'/{process.name}/prompt_status', self._on_status)
        client.node.create_timer(1 / RATE, self._show)

    def begin(self) -> Footprint:
        """Wait until the witness has masks; return what the node holds then."""
        due = 0.0

        def flowing() -> bool:
            nonlocal due
            if not self.masks and time.monotonic() > due:
                due = time.monotonic() + 1.0
                self.ask(WITNESS)
            return self.masks > 2 * RATE

        if not self.client.wait_for(flowing):
            raise RuntimeError(f'the segmenter had no mask; it printed:\n{self.process.output}')
        self.forget_gap()
        return self.process.footprint()

    def prompt(self, object_id: int, points: int = 1) -> Prompt:
        """Make a prompt whose stamp nobody else has."""
        spread = np.random.default_rng(points).uniform(0.3, 0.7, (points, 2))
        placed = [Point2D(x=float(x * scene.WIDTH), y=float(y * scene.HEIGHT)) for x, y in spread]
        message = Prompt(object_id=object_id, points=placed, roi_size=ROI_SIZE)
        message.header.stamp = to_time(self.stamp_ns())
        return message

    def stamp_ns(self) -> int:
        """A stamp that was never used before, hardly older than now."""
        return max(next(self._numbers), time.time_ns())

    def ask(self, object_id: int, points: int = 1) -> int:
        """Send a prompt, and return its stamp."""
        message = self.prompt(object_id, points)
        # The newest image, of whatever stamp: an answer then carries the time of the answer.
        self.prompts.publish(message)
        return from_time(message.header.stamp)

    @property
    def gap(self) -> float:
        """Longest time without a mask of the witness, in seconds, up to now."""
        return max(self._gap, time.monotonic() - self._seen)

    def forget_gap(self) -> None:
        """Measure the longest gap anew."""
        self._gap, self._seen = 0.0, time.monotonic()

    def _show(self) -> None:
        self._image.header.stamp = to_time(time.time_ns())
        self.images.publish(self._image)

    def _on_masks(self, message: MaskArray) -> None:
        if any(mask.object_id == WITNESS for mask in message.masks):
            now = time.monotonic()
            self._gap, self._seen = max(self._gap, now - self._seen), now
            self.masks += 1

    def _on_status(self, message: PromptStatus) -> None:
        if message.state != PromptStatus.LOST:
            self.answers += 1
            stamp = message.header.stamp  # of a prompt, whose numbers may be none
            self.statuses[stamp.sec * NANOSECONDS + stamp.nanosec] = message


@contextmanager
def segmenter(**settings: object) -> Iterator[Target]:
    """Start one, on a domain of its own; once in a process."""
    with ros(), NodeProcess('segmenter', SETTINGS | settings) as process:
        target = Target(process)
        try:
            yield target
        finally:
            target.client.close()


def in_time() -> float:
    """Seconds that stand for PROMPT_S on the machine as busy as it is."""
    return PROMPT_S * machine.slowness()


def masks_go_on(target: Target, what: str = '') -> Row:
    """The longest time for which the witness had no mask."""
    name = f'longest time without masks{f", {what}" if what else ""}'
    return Row(name, target.gap, 's', in_time(), f'{target.masks} masks')


def unharmed(process: NodeProcess, before: Footprint, memory_mb: float = HEAP_MB) -> Iterator[Row]:
    """What must hold after every attack: it lives, holds no more than before, and ends well.

    Args:
        process: is ended.
        before: what it held.
        memory_mb: what it may hold more.

    """
    alive = process.running
    yield Row('node ended by itself', int(not alive), '', 0)
    if alive:
        after = process.footprint()
        yield Row('threads', after.threads, '', before.threads)
        yield Row('files', after.files, '', before.files)
        grown = after.memory_mb - before.memory_mb
        yield Row('memory gained', grown, 'MB', memory_mb, f'{before.memory_mb:.0f} MB before')
        yield from ended(process)
    yield Row('tracebacks', process.tracebacks, '', 0)


def ended(process: NodeProcess) -> Iterator[Row]:
    """SIGTERM is heard in time."""
    limit = in_time()
    ending = process.end()
    yield Row('SIGTERM to the end', ending.seconds, 's', limit)
    note = 'had to be killed' if ending.code is None else f'exit code {ending.code}'
    yield Row('wrong exit code', int(ending.code != 0), '', 0, note)
