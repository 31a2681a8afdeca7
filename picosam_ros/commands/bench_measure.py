"""The measurement behind `picosam bench`."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from picosam_ros.engines import Engine, Segmentation, make_engine
from picosam_ros.engines.host.click_network import SIZES
from picosam_ros.frame import Frame, Pixels
from picosam_ros.latency import Percentiles, accounted
from picosam_ros.mask import Mask
from picosam_ros.prompt import Prompt
from picosam_ros.segmenter import Segmenter

WIDTH, HEIGHT = 640, 480


@dataclass(frozen=True)
class Measurement:
    """Times in milliseconds.

    Attributes:
        import_ms: import of the Python modules, with NumPy, OpenCV and the runtime.
        open_ms: checking the model file, loading it and warming up.
        load_ms, warm_up_ms: loading the same file by the bare runtime, and its first run;
            None where the engine runs no ONNX file.
        first_mask_ms: first frame of the open engine.
        stages: parts of `frame`, as in `picosam_ros.stages`; `decode` goes on to masks at the
            image's resolution.
        frame: from image and prompts to masks at the image's resolution.
        bare: the runtime alone on a prepared input, in turns with `frame`.
        ratio: of the medians of `frame` and `bare`.

    """

    engine: str
    model: str
    threads: int | None
    prompts: int
    frames: int
    width: int
    height: int
    import_ms: float
    open_ms: float
    load_ms: float | None
    warm_up_ms: float | None
    first_mask_ms: float
    stages: dict[str, Percentiles]
    frame: Percentiles
    bare: Percentiles | None
    ratio: float | None


def measure(
    name: str, *, prompts: int, frames: int, options: dict[str, Any], start: float
) -> Measurement:
    """Open an engine and time it on a random 640×480 image.

    Args:
        name: name of the engine.
        prompts, frames: their numbers.
        options: options of the engine.
        start: time.perf_counter() before anything was imported.

    Raises:
        EngineError, ModelError: the engine cannot run here.

    """
    engine = make_engine(name, **options)
    if hasattr(engine, 'threads'):
        import_module('onnxruntime')
    import_ms = 1e3 * (time.perf_counter() - start)
    open_ms = _timed(engine.open)
    try:
        bare = BareRuntime.of(engine, prompts)
        segmenter = Segmenter(engine)
        asked = _prompts(prompts)
        image = _image()
        begun = time.perf_counter()
        first = _step(segmenter, image, asked, defaultdict(list))
        first_mask_ms = 1e3 * (time.perf_counter() - begun)
        asked = [_in_next_frame(mask) for mask in first]
        stages: dict[str, list[float]] = defaultdict(list)
        whole, alone = [], []
        for index in range(frames):
            turns = [
                lambda: whole.append(_timed(lambda: _step(segmenter, image, asked, stages))),
                lambda: alone.append(_timed(bare.run)) if bare else None,
            ]
            # The second one finds warmer caches: alternate.
            for turn in turns if index % 2 else reversed(turns):
                turn()
    finally:
        engine.close()
    threads = engine.description.get('threads')
    return Measurement(
        engine=engine.name,
        model=engine.description.get('model', ''),
        threads=int(threads) if threads else None,
        prompts=prompts,
        frames=frames,
        width=WIDTH,
        height=HEIGHT,
        import_ms=import_ms,
        open_ms=open_ms,
        load_ms=bare.load_ms if bare else None,
        warm_up_ms=bare.warm_up_ms if bare else None,
        first_mask_ms=first_mask_ms,
        stages={stage: _percentiles(values) for stage, values in stages.items()},
        frame=_percentiles(whole),
        bare=_percentiles(alone) if bare else None,
        ratio=float(np.median(whole) / np.median(alone)) if bare else None,
    )


class BareRuntime:
    """ONNX Runtime on the engine's model file with as many threads, without the engine."""

    def __init__(self, path: str, threads: int, batch: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        options.log_severity_level = 3
        start = time.perf_counter()
        self._session = onnxruntime.InferenceSession(
            path, options, providers=['CPUExecutionProvider']
        )
        self.load_ms = 1e3 * (time.perf_counter() - start)
        random = np.random.default_rng(0)
        self._input = {
            source.name: random.integers(0, 256, (batch, *map(_side, source.shape[1:])), np.uint8)
            for source in self._session.get_inputs()
        }
        self._output = [self._session.get_outputs()[0].name]
        self.warm_up_ms = _timed(self.run)

    @classmethod
    def of(cls, engine: Engine, batch: int) -> BareRuntime | None:
        """Return the runtime of an engine that has an ONNX file, else None."""
        model, threads = getattr(engine, 'model', None), getattr(engine, 'threads', None)
        if model is None or threads is None:
            return None
        return cls(str(model.path), threads, batch)

    def run(self) -> None:
        """Run one inference."""
        self._session.run(self._output, self._input)


def _side(given: int | str) -> int:
    """Return the side of an input as the engine runs it, where the file leaves it open."""
    return given if isinstance(given, int) else min(SIZES)


def _in_next_frame(mask: Mask) -> Prompt:
    """Return the prompt of an object that is followed."""
    return mask.prompt if mask.empty else replace(mask.prompt, previous=mask.as_previous())


def _step(
    segmenter: Segmenter, image: Pixels, prompts: list[Prompt], stages: dict[str, list[float]]
) -> Segmentation:
    # A new frame each time: engines cache what they computed for one.
    begun = time.perf_counter()
    made = segmenter.segment(Frame.from_array(image), prompts)
    start = time.perf_counter()
    for mask in made:
        _ = mask.region.inside
    end = time.perf_counter()
    decode = made.timing.decode + 1e3 * (end - start)
    timing = accounted(replace(made.timing, decode=decode), total=1e3 * (end - begun))
    for stage, value in asdict(timing).items():
        if not math.isnan(value) and stage != 'total':  # which is `frame`
            stages[stage].append(value)
    return made


def _prompts(count: int) -> list[Prompt]:
    """Return clicks spread over the image; the golden ratio separates them for every count."""
    columns = (np.arange(1, count + 1) * 0.618) % 1 * (WIDTH - 1)
    rows = np.linspace(0.25, 0.75, count) * HEIGHT
    return [
        # As a node's prompts are: their squares are searched once, with the first mask.
        replace(Prompt.from_point(float(x), float(y), object_id=index % 254 + 1), generation=1)
        for index, (x, y) in enumerate(zip(columns, rows, strict=True))
    ]


def _image() -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start)


def _percentiles(values: list[float]) -> Percentiles:
    return Percentiles(*map(float, np.percentile(values, (50, 95, 99))))
