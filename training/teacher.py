"""Teachers: larger networks whose answers the small one learns, as PicoSAM2 was distilled.

`--teacher package.module:function` names what makes one: a `Teacher`, or one of two kinds:

* a *photo teacher* has the calls of SAM's predictor: `set_image(rgb)`, and `predict(point_coords=,
  point_labels=, multimask_output=, return_logits=) -> masks [C, H, W], scores [C], low_res`. It
  sees the whole photo, once for a row of prompts, and its answer is cut out as the crop is.
* a *crop teacher* is called with a batch of crops, uint8 [N, S, S, 3] RGB, and gives their logits,
  float [N, S, S], and its confidence, float [N], 0 to 1. It sees what the network will see.
"""

import importlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from training.data.crops import resize, take
from training.data.sample import CLIP, Sample
from training.data.sampling import Prompted

# Prompts on a photo for one look at it, which takes a teacher like SAM seconds.
ROW = 8


class Teacher(Protocol):
    """The interface of both kinds.

    Attributes:
        row: how many prompts of a photo should follow each other.

    """

    row: int

    def teach(self, prompts: list[Prompted], samples: list[Sample]) -> Iterable[Sample]:
        """Return the samples of the prompts with logits and confidence."""


class PhotoTeacher:
    """Asks a predictor with SAM's calls."""

    row = ROW

    def __init__(self, predictor: object) -> None:
        self._predictor = predictor
        self._photo: np.ndarray | None = None

    def teach(self, prompts: list[Prompted], samples: list[Sample]) -> Iterator[Sample]:
        for prompt, sample in zip(prompts, samples, strict=True):
            logits, scores = self._ask(prompt, sample.mask.shape[0])
            # SAM answers with part, object and group: the label tells which was meant.
            best = int(np.argmax(scores if prompt.mask is None else _ious(logits, sample.mask)))
            yield sample.with_teacher(logits[best], min(max(float(scores[best]), 0), 1))

    def _ask(self, prompt: Prompted, size: int) -> tuple[list[np.ndarray], np.ndarray]:
        if prompt.pixels is not self._photo:
            self._predictor.set_image(prompt.pixels)
            self._photo = prompt.pixels
        masks, scores, _ = self._predictor.predict(
            point_coords=np.array([prompt.point], np.float32),
            point_labels=np.array([1], np.int32),
            multimask_output=True,
            return_logits=True,
        )
        # Clipped first: else one certain pixel would outweigh its neighbours in the mean of them.
        clipped = np.clip(np.asarray(masks, np.float32), -CLIP, CLIP)
        return [resize(take(mask, prompt.window, -CLIP), size) for mask in clipped], scores


class CropTeacher:
    """Asks a network for a batch of crops."""

    row = 1

    def __init__(self, network: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> None:
        self._network = network

    def teach(self, prompts: list[Prompted], samples: list[Sample]) -> Iterator[Sample]:
        del prompts  # the square is the prompt
        logits, confidence = self._network(np.stack([sample.image for sample in samples]))
        for sample, answer, sure in zip(samples, logits, confidence, strict=True):
            yield sample.with_teacher(answer, float(sure))


def _ious(logits: list[np.ndarray], mask: np.ndarray) -> list[float]:
    truth = mask > 0
    answers = [plane > 0 for plane in logits]
    return [(answer & truth).sum() / max((answer | truth).sum(), 1) for answer in answers]


def open_teacher(name: str, file: Path | None = None) -> Teacher:
    """Make the teacher that is named.

    Args:
        name: 'package.module:function'.
        file: what the function is called with; without one it is called with nothing.

    Raises:
        ValueError: the name has no colon, or what the function gives is no teacher of any kind.

    """
    module, colon, function = name.partition(':')
    if not colon:
        raise ValueError(f'teacher {name!r} was given; name it as package.module:function')
    made = getattr(importlib.import_module(module), function)(*([file] if file else []))
    if hasattr(made, 'teach'):
        return made
    if hasattr(made, 'set_image') and hasattr(made, 'predict'):
        return PhotoTeacher(made)
    if callable(made):
        return CropTeacher(made)
    raise ValueError(
        f'{name} gives a {type(made).__name__}; it must teach as training.teacher.Teacher, have '
        'set_image and predict as SAM has, or be called with crops uint8 [N, S, S, 3] and give '
        'logits [N, S, S] and confidences [N]'
    )
