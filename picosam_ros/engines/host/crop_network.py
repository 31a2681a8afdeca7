"""Networks without an input for prompts, as PicoSAM2: the square that they see is the prompt."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from picosam_ros.engines.base import Capabilities
from picosam_ros.engines.host.multi_point import combine
from picosam_ros.engines.host.networks import PromptableNetwork
from picosam_ros.engines.host.search import RoiSearch
from picosam_ros.engines.runtimes import LoadedNetwork
from picosam_ros.engines.squares import span, square_for
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask, stability
from picosam_ros.prompt import Prompt
from picosam_ros.resample import crop_frame
from picosam_ros.roi import Roi


class CropNetwork(PromptableNetwork):
    """Crops a square for each prompt.

    A new click without an ROI size takes five runs, which search for its square; after that it
    takes one. Each further point of a prompt takes one more, in a square of the first one's side
    (see multi_point). Where the network rates its masks, that is their score, else it is their
    stability.
    """

    SIGNATURE: ClassVar[str] = (
        'one uint8 input N×S×S×3 (R, G, B; normalisation inside the graph), the float32 output '
        'N×S×S (logits) and, if it rates its masks, a second float32 output N (the expected IoU)'
    )
    capabilities = Capabilities(negative_points=True, boxes=True, boxes_with_points=False)

    def __init__(
        self,
        network: LoadedNetwork,
        engine: str,
        check: Callable[[Prompt], None],
        has_time: Callable[[], bool],
    ) -> None:
        super().__init__(network, engine, check, has_time)
        _, size, *_ = network.inputs[0].shape
        self._square = np.zeros((1, int(size), int(size), 3), np.uint8)
        self._feed = {network.inputs[0].name: self._square}
        self._search = RoiSearch()

    @classmethod
    def takes(cls, network: LoadedNetwork) -> bool:
        inputs, outputs = network.inputs, network.outputs
        if len(inputs) != 1 or len(outputs) not in (1, 2):
            return False
        batch, *image = inputs[0].shape
        right_types = inputs[0].dtype == 'uint8' and {it.dtype for it in outputs} == {'float32'}
        square = len(image) == 3 and image[0] == image[1] and image[2] == 3
        free_batch = isinstance(batch, str) and isinstance(image[0], int)
        right_logits = list(outputs[0].shape[1:]) == image[:2]
        right_rating = len(outputs) == 1 or len(outputs[1].shape) == 1
        return right_types and square and free_batch and right_logits and right_rating

    def warm_up(self) -> float:
        return self._timed(self._feed)

    def keep(self, prompts: Sequence[Prompt]) -> None:
        self._search.keep(prompts)

    def candidates(self, frame: Frame, prompt: Prompt) -> tuple[Mask, ...]:
        return (self.segment(frame, prompt),)

    def segment(self, frame: Frame, prompt: Prompt) -> Mask:
        def infer(roi: Roi) -> Mask:
            return self._infer(frame, prompt, roi)

        if prompt.box is not None or not prompt.positives:
            return infer(square_for(prompt, frame.width, frame.height))
        click, min_side = replace(prompt, points=prompt.positives[:1]), span(prompt)
        if prompt.square is not None:
            mask = infer(prompt.square)
        elif click.roi_size:
            roi = square_for(click, frame.width, frame.height)
            side = max(int(roi.width), min_side)
            mask = infer(Roi.square(click.points[0].x, click.points[0].y, side))
        else:
            size = frame.width, frame.height
            mask = self._search.segment(click, *size, infer, min_side=min_side)
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

    def _infer(self, frame: Frame, prompt: Prompt, roi: Roi) -> Mask:
        self._check(prompt)
        begun = time.perf_counter()
        crop_frame(frame, roi, self._square[0])
        logits, *rating = self._run(self._feed, begun)
        score = float(rating[0][0]) if rating else stability(logits[0])
        return Mask(prompt, logits[0], roi, frame.width, frame.height, self._engine, score)
