"""PicoSAM2 and networks like it on the host CPU, with ONNX Runtime or OpenVINO."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from picosam_ros.engines.base import Capabilities, Engine
from picosam_ros.engines.multi_point import combine
from picosam_ros.engines.runtimes import (
    DEFAULT_RUNTIME,
    LoadedNetwork,
    check_runtime,
    load,
    threads_of,
)
from picosam_ros.engines.squares import Infer, RoiSearch, span, square_for
from picosam_ros.errors import EngineError, ModelError
from picosam_ros.frame import Frame, Pixels
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask, stability
from picosam_ros.models import DEFAULT_MODEL, Model, find_model
from picosam_ros.prompt import Prompt
from picosam_ros.resample import crop
from picosam_ros.results import Segmentation
from picosam_ros.roi import Roi

WARM_UP_RUNS = 3


@dataclass
class StageSeconds:
    """Time of the stages of one call, summed over its runs of the network."""

    preprocess: float = 0.0
    inference: float = 0.0


class HostEngine(Engine):
    """Crops a square for each prompt, and runs the network on one after another.

    As one batch they would take longer, because the activations, which grow with the batch, do not
    fit into the caches (`make bench` compares the two). A new click without an ROI size takes five
    runs, which search for its square; after that it takes one. Each further point of a prompt
    takes one more, in a square of the first one's side (see multi_point).

    Args:
        model: a name of models.yaml, or the path of an .onnx file with the same input (uint8
            N×S×S×3, R, G, B) and output (float32 logits N×S×S). A second output (float32 N, the
            expected IoU, 0 to 1) becomes the score of the masks, which is else their stability.
        threads: of one inference; 0 takes half of the cores, at most four. They do not spin
            while they wait: on a robot the cores have other work.
        runtime: one of runtimes.RUNTIMES.

    """

    name = 'host'
    capabilities = Capabilities(negative_points=True, boxes=True, boxes_with_points=False)

    def __init__(
        self,
        *,
        model: str = DEFAULT_MODEL,
        threads: int = 0,
        runtime: str = DEFAULT_RUNTIME,
    ) -> None:
        check_runtime(runtime)
        self.model = find_model(model)
        self.threads = threads_of(threads)
        self.runtime = runtime
        self._network: LoadedNetwork | None = None
        self._outputs: tuple[str, ...] = ()
        self._square: Pixels = np.empty((0, 0, 0, 3), np.uint8)
        self._search = RoiSearch()

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
        self._outputs = tuple(port.name for port in network.outputs)
        self._square = np.zeros((1, size, size, 3), np.uint8)
        for _ in range(WARM_UP_RUNS):
            network.run({network.inputs[0].name: self._square}, self._outputs)
        self._network = network

    def close(self) -> None:
        """Free the network."""
        self._network = None

    def segment_frame(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer every prompt: a run of the network for each point, or five for a new first one."""
        network = self._network
        if network is None:
            raise EngineError("engine 'host' is closed; call open(), or use it in a with statement")
        if not prompts:
            return Segmentation(())
        start, seconds = time.perf_counter(), StageSeconds()
        self._search.keep(prompts)
        masks = tuple(self._answer(network, frame, prompt, seconds) for prompt in prompts)
        took = time.perf_counter() - start
        return Segmentation(
            masks,
            timing=Timing(
                preprocess=1e3 * seconds.preprocess,
                inference=1e3 * seconds.inference,
                decode=1e3 * (took - seconds.preprocess - seconds.inference),
            ),
        )

    def _answer(
        self, network: LoadedNetwork, frame: Frame, prompt: Prompt, seconds: StageSeconds
    ) -> Mask:
        def infer(roi: Roi) -> Mask:
            return self._infer(network, frame, prompt, roi, seconds)

        if prompt.box is not None:
            return infer(square_for(prompt, frame.width, frame.height))
        mask = self._at_first_point(prompt, frame, infer)
        if len(prompt.points) == 1:
            return mask
        first, side = prompt.positives[0], int(mask.roi.width)
        return combine(
            prompt,
            [
                mask if point == first else infer(Roi.square(point.x, point.y, side))
                for point in prompt.points
            ],
        )

    def _at_first_point(self, prompt: Prompt, frame: Frame, infer: Infer) -> Mask:
        """Return the mask of the first positive point, in a square as wide as all points need."""
        click, min_side = replace(prompt, points=prompt.positives[:1]), span(prompt)
        if not click.roi_size:
            return self._search.segment(click, frame.width, frame.height, infer, min_side=min_side)
        roi = square_for(click, frame.width, frame.height)
        side = max(int(roi.width), min_side)
        return infer(Roi.square(click.points[0].x, click.points[0].y, side))

    def _infer(
        self, network: LoadedNetwork, frame: Frame, prompt: Prompt, roi: Roi, seconds: StageSeconds
    ) -> Mask:
        start = time.perf_counter()
        crop(frame.pixels, roi, self._square[0])
        cropped = time.perf_counter()
        logits, *quality = network.run({network.inputs[0].name: self._square}, self._outputs)
        seconds.preprocess += cropped - start
        seconds.inference += time.perf_counter() - cropped
        score = float(quality[0][0]) if quality else stability(logits[0])
        return Mask(prompt, logits[0], roi, frame.width, frame.height, self.name, score)


def _check_signature(network: LoadedNetwork, model: Model) -> int:
    """Return the side of the network's square input; raise ModelError if it has another one."""
    inputs, outputs = network.inputs, network.outputs
    if len(inputs) == 1 and len(outputs) in (1, 2):
        batch, *image = inputs[0].shape
        right_types = inputs[0].dtype == 'uint8' and {it.dtype for it in outputs} == {'float32'}
        square = len(image) == 3 and image[0] == image[1] and image[2] == 3
        free_batch = isinstance(batch, str) and isinstance(image[0], int)
        right_logits = list(outputs[0].shape[1:]) == image[:2]
        right_quality = len(outputs) == 1 or len(outputs[1].shape) == 1
        if right_types and square and free_batch and right_logits and right_quality:
            return int(image[0])
    given = ', '.join(map(str, (*inputs, *outputs)))
    raise ModelError(
        f'model file {model.path} has another signature ({given}); allowed are one uint8 input '
        'N×S×S×3 (R, G, B; normalisation inside the graph), the float32 output N×S×S (logits) and, '
        'if it rates its masks, a second float32 output N (the expected IoU)'
    )
