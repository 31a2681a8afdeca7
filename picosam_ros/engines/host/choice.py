"""Which of the masks proposed for a click is meant, and which is the next smaller or larger one.

A click says where and not how large: a button, the shirt, the person. A small network over the list
of proposals has learnt what people mean; the file of the click network carries it. Where a file has
none, the mask is chosen that the others agree with most.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from picosam_ros.engines.host.agreement import agreement, area_of, same_size
from picosam_ros.engines.host.candidates import NAMES, Numbers, describe
from picosam_ros.errors import ModelError
from picosam_ros.mask import Mask

Scores = npt.NDArray[np.float64]

# Key of the file's properties.
PROPERTY = 'choice'
# What the numbers are clipped to, in their standard deviations.
CLIP = 5
# Of the image: who clicks does not mean all that there is, whatever the labels say.
MOST_SHARE = 0.9


@dataclass(frozen=True, eq=False)
class LearntChoice:
    """A network with two hidden layers, run on the numbers of each proposal.

    Attributes:
        mean, deviation: of the numbers, len(NAMES) each.
        layers: weight, inputs×outputs, and bias of each of the three.

    """

    mean: Numbers
    deviation: Numbers
    layers: tuple[tuple[Numbers, Numbers], ...]

    def __call__(self, masks: Sequence[Mask]) -> Scores:
        """Return a score for each of the masks of one prompt; the highest one's is meant.

        What covers about all of the image comes after all else but what is empty.
        """
        numbers = describe(masks)
        scores = self.scores(numbers)
        area, part = (numbers[:, NAMES.index(name)] for name in ('area', 'largest_part'))
        last = scores.min(initial=0) - 1
        scores = np.where(np.exp(area) > MOST_SHARE, last, scores)
        return np.where(part > 0, scores, last - 1)

    def scores(self, numbers: Numbers) -> Scores:
        """Return a score for each row of numbers."""
        values = np.clip((numbers - self.mean) / self.deviation, -CLIP, CLIP)
        for weight, bias in self.layers[:-1]:
            values = np.maximum(values @ weight + bias, 0)
        weight, bias = self.layers[-1]
        return np.asarray((values @ weight + bias)[:, 0], np.float64)

    def to_json(self) -> str:
        """Return what `from_json` reads."""
        return json.dumps(
            {
                'numbers': list(NAMES),
                'mean': self.mean.tolist(),
                'deviation': self.deviation.tolist(),
                'layers': [[weight.tolist(), bias.tolist()] for weight, bias in self.layers],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> LearntChoice:
        """Read one.

        Raises:
            ModelError: it is damaged, or was fitted to other numbers.

        """
        try:
            given = json.loads(text)
            names = given['numbers']
            mean, deviation = (np.array(given[key], np.float32) for key in ('mean', 'deviation'))
            layers = tuple(
                (np.array(weight, np.float32), np.array(bias, np.float32))
                for weight, bias in given['layers']
            )
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise ModelError(f'its learnt choice is damaged ({error!r}); {_REMEDY}') from error
        if names != list(NAMES) or not _fit(mean, deviation, layers):
            raise ModelError(
                f'its learnt choice is for other numbers of a mask than the {len(NAMES)} of this '
                f'version; {_REMEDY}'
            )
        arrays = mean, deviation, *(array for layer in layers for array in layer)
        if not (all(np.isfinite(array).all() for array in arrays) and (deviation > 0).all()):
            raise ModelError(
                'its learnt choice has values that are not finite, or a deviation that is not '
                f'above 0; {_REMEDY}'
            )
        return cls(mean, deviation, layers)


_REMEDY = 'fit it again with `python -m training.choice`'


def _fit(mean: Numbers, deviation: Numbers, layers: tuple[tuple[Numbers, Numbers], ...]) -> bool:
    """Whether the shapes follow each other, from the numbers to one score."""
    width = len(NAMES)
    if not mean.shape == deviation.shape == (width,):
        return False
    for weight, bias in layers:
        if weight.ndim != 2 or weight.shape != (width, *bias.shape):
            return False
        width = len(bias)
    return width == 1


def choice_of(properties: Mapping[str, str]) -> Callable[[Sequence[Mask]], Scores]:
    """Return what scores the proposals of a network: by its file's properties, or agreement."""
    if PROPERTY in properties:
        return LearntChoice.from_json(properties[PROPERTY])
    return agreement


def by_size(masks: Sequence[Mask], scores: Scores) -> list[Mask]:
    """Return one mask for each size, the smallest first; the best scored of all is among them."""
    areas = [area_of(mask) for mask in masks]
    kept: list[int] = []
    for index in np.argsort(-scores, kind='stable'):
        if areas[index] > 0 and not any(same_size(areas[index], areas[other]) for other in kept):
            kept.append(int(index))
    return [masks[index] for index in sorted(kept, key=lambda index: areas[index])]


def step_by_size(masks: Sequence[Mask], scores: Scores, area: float, step: int) -> Mask | None:
    """Return the mask that is so many sizes larger than an area, or smaller; None if none is.

    Args:
        masks: of one place, from squares of different sides.
        scores: of each.
        area: in image pixels.
        step: above 0 for a larger one, below 0 for a smaller one, not 0.

    """
    sizes = [mask for mask in by_size(masks, scores) if not same_size(area_of(mask), area)]
    if step > 0:
        beyond = [mask for mask in sizes if area_of(mask) > area]
    else:
        beyond = [mask for mask in sizes if area_of(mask) < area][::-1]
    return beyond[min(abs(step), len(beyond)) - 1] if beyond else None
