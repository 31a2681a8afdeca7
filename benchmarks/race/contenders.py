"""The contenders: our engines, the bare runtime as the yardstick, peers that are installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from picosam_ros.engines import ENGINES, Engine, make_engine
from picosam_ros.engines.in_sensor import InSensorEngine
from picosam_ros.engines.runtimes import load
from picosam_ros.engines.squares import square_for
from picosam_ros.frame import Frame, SensorOutput
from picosam_ros.models import DEFAULT_MODEL, FAST_MODEL, SENSOR_MODEL, find_model
from picosam_ros.prompt import Prompt
from picosam_ros.resample import crop, paste
from picosam_ros.roi import Roi

BARE = 'bare inference'
# The yardstick and the peers run PicoSAM2; the other networks have names of their own.
NETWORKS = {
    'host': SENSOR_MODEL,
    'host int8': f'{SENSOR_MODEL}-int8',
    'host lite': FAST_MODEL,
    'host lite int8': f'{FAST_MODEL}-int8',
    'host click': DEFAULT_MODEL,
}
SIDE = 96


@dataclass(frozen=True)
class Files:
    """Of EdgeSAM.

    Attributes:
        encoder, decoder: paths.
        title: how its contenders are called.

    """

    encoder: str
    decoder: str
    title: str

    @property
    def options(self) -> dict[str, str]:
        """For make_engine."""
        return {'encoder': self.encoder, 'decoder': self.decoder}


class Runner(Protocol):
    """What is timed."""

    def open(self) -> None:
        """Load and warm up."""

    def answer(self, frame: Frame, prompts: Sequence[Prompt]) -> object:
        """Find the masks, at the resolution of the image."""


@dataclass(frozen=True)
class Contender:
    """An engine, or a peer, that is timed.

    Attributes:
        make: makes the runner for so many threads.
        max_prompts: prompts in a frame; the sensor has one ROI.
        ours: whether it is ours, and not a peer.

    """

    name: str
    make: Callable[[int], Runner]
    max_prompts: int = 32
    ours: bool = True


def contenders(files: Files) -> dict[str, Contender]:
    """All that can run here, by name; the yardstick comes first."""
    field = [Contender(BARE, Bare), *_ours(files), *_peers()]
    return {contender.name: contender for contender in field}


def _ours(files: Files) -> list[Contender]:
    field = [_engine(name, 'host', model=model) for name, model in NETWORKS.items()]
    if find_spec('openvino'):
        field += [
            _engine(f'{name}, openvino', 'host', model=model, runtime='openvino')
            for name, model in NETWORKS.items()
        ]
    field += [
        Contender('in_sensor (host share)', Sensor, max_prompts=1),
        _engine(files.title, 'edgesam', **files.options),
    ]
    if 'cascade' in ENGINES:
        field.append(_engine(f'cascade, {files.title}', 'cascade', **files.options))
    return field


def _peers() -> list[Contender]:
    known = {'torch': ('PyTorch eager', Torch), 'libreyolo': ('libreyolo PicoSAM3', LibreYolo)}
    installed = [entry for module, entry in known.items() if find_spec(module)]
    return [Contender(name, make, ours=False) for name, make in installed]


def _engine(name: str, engine: str, **options: Any) -> Contender:
    return Contender(name, lambda threads: Ours(make_engine(engine, threads=threads, **options)))


class Ours:
    """An engine, as the Segmenter uses it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self) -> None:
        self._engine.open()

    def answer(self, frame: Frame, prompts: Sequence[Prompt]) -> object:
        return [mask.region.inside for mask in self._engine.segment(frame, prompts)]


class Bare:
    """ONNX Runtime on squares that lie ready, with the options of our engine."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._square = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), np.uint8)

    def open(self) -> None:
        self._network = load(find_model(SENSOR_MODEL).path, self._threads)
        self._feed = {self._network.inputs[0].name: self._square}
        self._wanted = [self._network.outputs[0].name]

    def answer(self, frame: Frame, prompts: Sequence[Prompt]) -> object:
        return [self._network.run(self._feed, self._wanted) for _ in prompts]


class Sensor:
    """The engine in the sensor on tensors that lie ready: what the host does for a mask."""

    def __init__(self, threads: int) -> None:
        self._engine = InSensorEngine(sensor=self)
        self._ticket = 0
        rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
        self._logits = np.float32(30) - np.hypot(rows, columns).astype(np.float32)

    def open(self) -> None:
        self._engine.open()

    def look_at(self, roi: Roi) -> int:
        """Take the place of the sensor: it looks there at once."""
        self._ticket += 1
        self._roi = Roi(roi.x + 0.25, roi.y + 0.25, roi.width, roi.height)
        return self._ticket

    def answer(self, frame: Frame, prompts: Sequence[Prompt]) -> object:
        if not self._ticket:
            waiting = Frame(frame.pixels, frame.stamp_ns, no_output='not placed yet')
            self._engine.segment(waiting, prompts)
        made = SensorOutput(self._logits, self._roi, self._ticket, 14.3, 0.4)
        seen = Frame(frame.pixels, frame.stamp_ns, sensor_output=made)
        return [mask.region.inside for mask in self._engine.segment(seen, prompts)]


class Torch:
    """The module of `training/` in eager mode, with our crop before it and our paste after it."""

    def __init__(self, threads: int) -> None:
        self._network = import_module('training.networks.eager').Eager(threads)
        self._square = np.zeros((SIDE, SIDE, 3), np.uint8)

    def open(self) -> None:
        for _ in range(3):
            self._network(self._square)

    def answer(self, frame: Frame, prompts: Sequence[Prompt]) -> object:
        return [self._mask(frame, prompt) for prompt in prompts]

    def _mask(self, frame: Frame, prompt: Prompt) -> object:
        roi = square_for(prompt, frame.width, frame.height)
        crop(frame.pixels, roi, self._square)
        pasted = paste(self._network(self._square), roi, frame.width, frame.height)
        return pasted[2] > 0


class LibreYolo:
    """LibrePicoSAM3.predict with random weights: as long as with trained ones."""

    def __init__(self, threads: int) -> None:
        module = import_module('libreyolo.models.picosam3.model')

        class Untrained(module.LibrePicoSAM3):  # type: ignore[misc, name-defined]
            """Loads nothing from anywhere."""

            def _init_model(self) -> Any:
                network = module.PicoSAM3Network()
                self.processor = None
                self._model_dtype = next(network.parameters()).dtype
                return network

        import_module('torch').set_num_threads(threads)
        self._predictor = Untrained(device='cpu')

    def open(self) -> None:
        black = np.zeros((480, 640, 3), np.uint8)
        for _ in range(3):
            self._predictor.predict(black, bboxes=[[100, 100, 260, 260]], color_format='rgb')

    def answer(self, frame: Frame, prompts: Sequence[Prompt]) -> object:
        boxes = [(p.box.x0, p.box.y0, p.box.x1 + 1, p.box.y1 + 1) for p in prompts if p.box]
        return self._predictor.predict(frame.pixels, bboxes=boxes, color_format='rgb')
