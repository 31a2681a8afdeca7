"""A network that takes clicks as the teacher of those whose only prompt is the crop.

`python -m training.data.shards … --teacher training.click_teacher:ClickTeacher --teacher-file
picosam_ros/models/picosam-click.onnx`. It is asked with a click at the prompt's point, and
sees what the pupil will see, in more detail where the photo has it.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from picosam_ros.engines.host.prompt_maps import draw_prompt, empty_maps
from picosam_ros.prompt import Prompt
from picosam_ros.roi import Roi
from training.data.crops import crop
from training.data.sample import Sample
from training.data.sampling import Prompted

# Side of its input: of those that it was trained at, the one for parts of a photo.
SIDE = 192


# Share of the square from which on the label tells which mask was meant: of an object that fills
# the square the network sees too little, and rates its parts higher.
LARGE = 0.25


class ClickTeacher:
    """Asks `picosam-click`, or another file of its signature.

    It proposes three masks. The best rated is taught, also where the label is another: what a click
    means is in doubt, and the pupil learns more of answers that follow a rule. Of a large object it
    is the likest to the label. What it is believed, beside the label, is its rating.

    Args:
        file: .onnx with the inputs and outputs of `picosam_ros.engines.host.click_network`.
        threads: of one run.

    """

    row = 1

    def __init__(self, file: Path, threads: int = 2) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._network = onnxruntime.InferenceSession(
            str(file), options, providers=['CPUExecutionProvider']
        )
        self._maps = empty_maps(SIDE)

    def teach(self, prompts: list[Prompted], samples: list[Sample]) -> Iterator[Sample]:
        """Yield the samples of the prompts with logits, and its rating of them as confidence."""
        for prompt, sample in zip(prompts, samples, strict=True):
            masks, ratings = self.propose(prompt, sample.mask.shape[0])
            large = sample.mask.mean() >= LARGE
            chosen = int(np.argmax(_ious(masks, sample.mask) if large else ratings))
            yield sample.with_teacher(masks[chosen], float(ratings[chosen]))

    def propose(self, prompt: Prompted, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Answer a click.

        Args:
            prompt: a point and the square around it.
            size: S, of the pupil's crop.

        Returns:
            logits, float32 [3, S, S], and ratings, float32 [3], 0 to 1: the IoU to expect.

        """
        image = _seen(prompt)
        row, column = prompt.place(SIDE)
        draw_prompt(Prompt.from_point(column, row), Roi(0, 0, SIDE, SIDE), self._maps[0])
        feed = {'image': image[None], 'prompt': self._maps}
        logits, ratings = self._network.run(['logits', 'rating'], feed)
        return np.stack([_resized(mask, size) for mask in logits[0]]), ratings[0]


def _seen(prompt: Prompted) -> np.ndarray:
    """RGB uint8 [SIDE, SIDE, 3] of the square."""
    nothing = np.zeros(prompt.pixels.shape[:2], np.uint8)
    return crop(prompt.pixels, nothing, prompt.window, SIDE)[0]


def _resized(logits: np.ndarray, size: int) -> np.ndarray:
    return cv2.resize(logits, (size, size), interpolation=cv2.INTER_LINEAR)


def _ious(logits: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Float [C] of logits [C, S, S]."""
    answers, truth = logits > 0, mask > 0
    return (answers & truth).sum((1, 2)) / np.maximum((answers | truth).sum((1, 2)), 1)
