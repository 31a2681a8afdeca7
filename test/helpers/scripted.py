"""A camera and an engine that do what a test tells them, where the real ones cannot be told."""

import queue
import threading

from picosam_ros.engines import Capabilities
from picosam_ros.engines.base import Engine
from picosam_ros.results import Segmentation


class ScriptedCamera:
    """Gives, or raises, one after the other what was put into `script`."""

    name = 'scripted'

    def __init__(self):
        self.script = queue.Queue()
        self.calls = []
        self.description = {'source': 'a script'}

    def open(self):
        self.calls.append('open')

    def read(self, timeout):
        self.calls.append('read')
        try:
            happens = self.script.get(timeout=0.01)
        except queue.Empty:
            return None
        if isinstance(happens, Exception):
            raise happens
        return happens

    def close(self):
        self.calls.append('close')


class ScriptedEngine(Engine):
    """Returns the masks of `answer`; each run waits at the gate, and raises what `faults` holds."""

    name = 'scripted'
    capabilities = Capabilities(negative_points=True, boxes=True, boxes_with_points=True)
    description = {'model': 'none'}
    warning = ''

    def __init__(self):
        self.begun = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)
        self.faults = []
        self.answer = lambda frame, prompts: ()
        self.closed = 0

    def open(self):
        pass

    def segment_frame(self, frame, prompts):
        self.begun.release()
        assert self.gate.acquire(timeout=30)
        if self.faults:
            raise self.faults.pop(0)
        return Segmentation(tuple(self.answer(frame, prompts)))

    def close(self):
        self.closed += 1
