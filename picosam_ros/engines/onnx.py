"""PicoSAM2 on the host CPU with ONNX Runtime."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from picosam_ros.engines.base import Capabilities, EngineContext, Segmentation
from picosam_ros.errors import EngineError, ModelError
from picosam_ros.frame import Frame, Pixels
from picosam_ros.latency import Timing
from picosam_ros.mask import Logits, Mask, stability
from picosam_ros.models import DEFAULT, Model, find_model
from picosam_ros.prompt import Prompt
from picosam_ros.roi import AUTO_SHARE, Roi, crop

MAX_THREADS = 4
WARM_UP_RUNS = 3


class OnnxEngine(EngineContext):
    """Crops a square for each prompt and runs the squares of a frame one after another.

    As one batch they take longer, because the activations, which grow with the batch, do not fit
    into the caches (`make bench` compares the two).

    Args:
        model: a name of models.yaml, or the path of an .onnx file with the same input (uint8
            N×S×S×3, R, G, B) and output (float32 logits N×S×S).
        threads: of one inference; 0 takes half of the cores, at most four. They do not spin
            while they wait: on a robot the cores have other work.
        auto_share: side of the square for a click without an ROI size, as a share of the
            image's short side.

    """

    name = 'onnx'
    warning = ''
    capabilities = Capabilities(negative_points=False, boxes=True, boxes_with_points=False)

    def __init__(
        self, *, model: str = DEFAULT, threads: int = 0, auto_share: float = AUTO_SHARE
    ) -> None:
        if threads < 0:
            raise EngineError(f'{threads} threads were given; allowed are 1 and more, or 0')
        self.model = find_model(model)
        self.threads = threads or max(1, min(MAX_THREADS, (os.cpu_count() or 2) // 2))
        self.auto_share = auto_share
        self._session: Any = None
        self._input = self._output = ''
        self._batch: Pixels = np.empty((0, 0, 0, 3), np.uint8)

    @property
    def description(self) -> dict[str, str]:
        """Model, hash, licence and threads."""
        return {
            'model': self.model.name,
            'sha256': (self.model.sha256 or self.model.digest)[:16],
            'licence': self.model.licence,
            'threads': str(self.threads),
        }

    def open(self) -> None:
        """Check the file, load it and run it a few times.

        Raises:
            ModelError: missing, truncated, not the file that models.yaml names, or made for
                another input.
            EngineError: ONNX Runtime is not installed.

        """
        if self._session is not None:
            return
        session = _load(self.model, self.threads)
        size = _check_signature(session, self.model)
        self._session = session
        self._input = session.get_inputs()[0].name
        self._output = session.get_outputs()[0].name
        self._batch = np.zeros((1, size, size, 3), np.uint8)
        # The first run plans the memory of the others and takes twice as much: give that back.
        self._run(0, _run_options('memory.enable_memory_arena_shrinkage', 'cpu:0'))
        for _ in range(WARM_UP_RUNS - 1):
            self._run(0)

    def close(self) -> None:
        """Free the network."""
        self._session = None

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer every prompt with one run of the network; none without prompts."""
        if self._session is None:
            raise EngineError("engine 'onnx' is closed; open it, or use it in a with statement")
        if not prompts:
            return Segmentation(())
        start = time.perf_counter()
        self._make_room(len(prompts))
        rois = [
            Roi.choose(prompt, frame.width, frame.height, share=self.auto_share)
            for prompt in prompts
        ]
        for index, roi in enumerate(rois):
            crop(frame.pixels, roi, self._batch[index])
        cropped = time.perf_counter()
        logits = [self._run(index) for index in range(len(prompts))]
        inferred = time.perf_counter()
        masks = tuple(
            Mask(prompt, plane, roi, frame.width, frame.height, self.name, stability(plane))
            for prompt, roi, plane in zip(prompts, rois, logits, strict=True)
        )
        return Segmentation(
            masks,
            timing=Timing(
                preprocess=1e3 * (cropped - start),
                inference=1e3 * (inferred - cropped),
                decode=1e3 * (time.perf_counter() - inferred),
            ),
        )

    def _make_room(self, count: int) -> None:
        if len(self._batch) < count:
            self._batch = np.empty((count, *self._batch.shape[1:]), np.uint8)

    def _run(self, index: int, options: Any = None) -> Logits:
        square = {self._input: self._batch[index : index + 1]}
        logits: Logits = self._session.run([self._output], square, options)[0]
        return logits[0]


def _load(model: Model, threads: int) -> Any:
    model.check()
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineError(
            f"engine 'onnx' needs ONNX Runtime, which cannot be imported ({error}); "
            'install it with: pip install onnxruntime'
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Waiting threads that spin double the time on a busy machine (onnxruntime#8313).
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(model.path), options, providers=['CPUExecutionProvider']
        )
    except Exception as error:  # ONNX Runtime's own exceptions share no other base class
        raise ModelError(
            f'{model.path} is not a network that ONNX Runtime can load; it may be truncated: '
            f'copy or export it again ({_first_line(error)})'
        ) from error


def _run_options(key: str, value: str) -> Any:
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.add_run_config_entry(key, value)
    return options


def _check_signature(session: Any, model: Model) -> int:
    """Return the side of the network's square input."""
    source, target = session.get_inputs(), session.get_outputs()
    if len(source) == len(target) == 1:
        batch, *image = source[0].shape
        right_types = (source[0].type, target[0].type) == ('tensor(uint8)', 'tensor(float)')
        square = len(image) == 3 and image[0] == image[1] and image[2] == 3
        free_batch = not isinstance(batch, int)
        if right_types and square and free_batch and list(target[0].shape[1:]) == image[:2]:
            return int(image[0])
    given = ', '.join(f'{n.name} {n.type} {n.shape}' for n in (*source, *target))
    raise ModelError(
        f'{model.path} has another signature ({given}); the engine needs one uint8 input '
        'N×S×S×3 (R, G, B; normalisation inside the graph) and one float32 output N×S×S (logits)'
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().split('\n', 1)[0]
