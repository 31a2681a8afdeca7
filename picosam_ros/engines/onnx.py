"""PicoSAM2 on the host CPU, with ONNX Runtime or OpenVINO."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from picosam_ros.engines.base import Capabilities, EngineContext, Segmentation
from picosam_ros.engines.runtimes import DEFAULT_RUNTIME, Network, check_runtime, load, threads_of
from picosam_ros.errors import EngineError, ModelError
from picosam_ros.frame import Frame, Pixels
from picosam_ros.latency import Timing
from picosam_ros.mask import Logits, Mask, stability
from picosam_ros.models import DEFAULT, Model, find_model
from picosam_ros.prompt import Prompt
from picosam_ros.roi import AUTO_SHARE, Roi, crop

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
        runtime: one of runtimes.RUNTIMES.

    """

    name = 'onnx'
    warning = ''
    capabilities = Capabilities(negative_points=False, boxes=True, boxes_with_points=False)

    def __init__(
        self,
        *,
        model: str = DEFAULT,
        threads: int = 0,
        auto_share: float = AUTO_SHARE,
        runtime: str = DEFAULT_RUNTIME,
    ) -> None:
        check_runtime(runtime)
        self.model = find_model(model)
        self.threads = threads_of(threads)
        self.auto_share = auto_share
        self.runtime = runtime
        self._network: Network | None = None
        self._input = self._output = ''
        self._batch: Pixels = np.empty((0, 0, 0, 3), np.uint8)

    @property
    def description(self) -> dict[str, str]:
        """Model, hash, licence, runtime and threads."""
        return {
            'model': self.model.name,
            'sha256': (self.model.sha256 or self.model.digest)[:16],
            'licence': self.model.licence,
            'runtime': self.runtime,
            'threads': str(self.threads),
        }

    def open(self) -> None:
        """Check the file, load it and run it a few times.

        Raises:
            ModelError: missing, truncated, not the file that models.yaml names, or made for
                another input.
            EngineError: the runtime is not installed.

        """
        if self._network is not None:
            return
        self.model.check()
        network = load(self.model.path, self.threads, self.runtime)
        size = _check_signature(network, self.model)
        self._input, self._output = network.inputs[0].name, network.outputs[0].name
        self._batch = np.zeros((1, size, size, 3), np.uint8)
        for _ in range(WARM_UP_RUNS):
            self._run(network, 0)
        self._network = network

    def close(self) -> None:
        """Free the network."""
        self._network = None

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer every prompt with one run of the network; none without prompts."""
        network = self._network
        if network is None:
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
        logits = [self._run(network, index) for index in range(len(prompts))]
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

    def _run(self, network: Network, index: int) -> Logits:
        [logits] = network.run({self._input: self._batch[index : index + 1]}, [self._output])
        return logits[0]


def _check_signature(network: Network, model: Model) -> int:
    """Return the side of the network's square input."""
    source, target = network.inputs, network.outputs
    if len(source) == len(target) == 1:
        batch, *image = source[0].shape
        right_types = (source[0].dtype, target[0].dtype) == ('uint8', 'float32')
        square = len(image) == 3 and image[0] == image[1] and image[2] == 3
        free_batch = isinstance(batch, str) and isinstance(image[0], int)
        if right_types and square and free_batch and list(target[0].shape[1:]) == image[:2]:
            return int(image[0])
    given = ', '.join(map(str, (*source, *target)))
    raise ModelError(
        f'{model.path} has another signature ({given}); the engine needs one uint8 input '
        'N×S×S×3 (R, G, B; normalisation inside the graph) and one float32 output N×S×S (logits)'
    )
