"""An engine for tests of the Segmenter: every object fills its ROI."""

import threading
from contextlib import contextmanager

import numpy as np

from picosam_ros.engines.base import Capabilities, Engine
from picosam_ros.engines.squares import square_for
from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.results import Segmentation, Unanswered

PATIENCE = 30.0


class SquareEngine(Engine):
    """Every object fills its ROI, except those that it is told to leave unanswered."""

    name = 'square'
    capabilities = Capabilities(
        negative_points=False, boxes=True, boxes_with_points=False, size_steps=True
    )

    def __init__(self) -> None:
        self.unanswered_ids = set()
        self.busy = threading.Lock()
        self.begun = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    @property
    def description(self):
        return {'model': 'none'}

    def open(self):
        pass

    def close(self):
        pass

    def segment_frame(self, frame, prompts):
        assert self.busy.acquire(blocking=False), 'two threads use the engine at a time'
        self.begun.set()
        assert self.gate.wait(PATIENCE)
        self.busy.release()
        answered = [p for p in prompts if p.object_id not in self.unanswered_ids]
        left = [p for p in prompts if p.object_id in self.unanswered_ids]
        return Segmentation(
            tuple(self.mask(frame, prompt) for prompt in answered),
            tuple(Unanswered(prompt, 'no tensor') for prompt in left),
            Timing(inference=5.0),
        )

    def mask(self, frame, prompt):
        roi = square_for(prompt, frame.width, frame.height)
        logits = np.ones((8, 8), np.float32)
        return Mask(prompt, logits, roi, frame.width, frame.height, self.name, 1.0)


class SharpEngine(SquareEngine):
    """Remembers which frames were looked at for which objects."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def segment_frame(self, frame, prompts):
        self.seen.append((frame.stamp_ns, [prompt.object_id for prompt in prompts]))
        self.from_sensor = frame.from_sensor
        return super().segment_frame(frame, prompts)


def picture(width=640, height=480, stamp_ns=0):
    return Frame.from_array(np.zeros((height, width, 3), np.uint8), stamp_ns=stamp_ns)


def at(x=100, y=100, **options):
    return Prompt.from_point(x, y, **options)


def late(segmenter, frame):
    """Process a frame; return the results for earlier ones."""
    return [result for result in segmenter.process(frame) if result.late]


@contextmanager
def working_on(segmenter, frame):
    """Give the result, in a list, of a step that is in the engine while the block runs."""
    engine, results = segmenter.engine, []
    engine.begun.clear()
    engine.gate.clear()
    thread = threading.Thread(target=lambda: results.append(segmenter.step(frame)), daemon=True)
    thread.start()
    assert engine.begun.wait(PATIENCE)
    try:
        yield results
    finally:
        engine.gate.set()
        thread.join(PATIENCE)
