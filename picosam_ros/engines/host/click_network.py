"""Networks that take clicks, a box and a previous mask beside the image."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from picosam_ros.engines.base import Capabilities
from picosam_ros.engines.host.agreement import area_of, pairwise_iou, same_size
from picosam_ros.engines.host.choice import choice_of, step_by_size
from picosam_ros.engines.host.looks import mean, of_one_object
from picosam_ros.engines.host.networks import PromptableNetwork
from picosam_ros.engines.host.prompt_maps import CHANNELS, draw_prompt, empty_maps
from picosam_ros.engines.host.rim import is_cut, larger_square
from picosam_ros.engines.runtimes import Array, LoadedNetwork
from picosam_ros.engines.squares import span
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.resample import crop_frame
from picosam_ros.roi import Roi

# The network's inputs by name.
Feed = dict[str, Array]

# That the network proposes in each square.
MASKS = 3

# Sides of the squares around a new click, as shares of the image's short side; the last is larger
# than the image, since objects that fill it need a margin.
SIDE_SHARES = (0.08, 0.2, 0.5, 1.0, 1.4)

# Side of the square around a box, or around a previous mask, relative to its long side.
AROUND = 1.4

MIN_SIDE = 24

# Further looks at what a user corrects, while there is time: side of the square relative to the
# first one's, whether its input is the larger one, and whether the previous mask is shown. All are
# mirrored. The mean of the answers is better than any of them.
FURTHER_LOOKS = ((1.2, False, False), (0.9, True, True))
# How much likeness to a mask that the user chose counts beside the rating: the power of the IoU.
LIKENESS = 5

# Sides of the network's input where the file leaves it open: for parts of an image, and for squares
# that see about all of it. Small objects have worse masks at 256, those that fill it better ones.
SIZES = (192, 256)
ALL_OF_IT = 0.9
# … and for quick runs, which only look for where things are: half the time of the smaller one.
QUICK_SIZE = 128


class ClickNetwork(PromptableNetwork):
    """Answers a click in a few squares, and looks once more at the mask that they agree on.

    That is six runs. A point that corrects the previous mask takes three while there is time, all
    else one: a box, and a previous mask that is found again. A step to another size is looked for
    like a new click. What the square cuts off takes one more, in a larger one, while there is time.
    """

    SIGNATURE: ClassVar[str] = (
        'the uint8 inputs image N×S×S×3 (R, G, B) and prompt N×S×S×4 (positive points, negative '
        'points, previous mask, box), and the float32 outputs logits N×3×S/2×S/2 and rating N×3 '
        '(the expected IoU)'
    )
    capabilities = Capabilities(
        negative_points=True,
        boxes=True,
        boxes_with_points=True,
        size_steps=True,
        corrections=True,
    )

    def __init__(
        self,
        network: LoadedNetwork,
        engine: str,
        check: Callable[[Prompt], None],
        has_time: Callable[[], bool],
    ) -> None:
        super().__init__(network, engine, check, has_time)
        self._scores = choice_of(network.properties)
        sizes = _sizes(network)
        self._feeds = {size: _feed(size) for size in sizes}
        self._quick = _feed(QUICK_SIZE) if sizes == SIZES else self._feeds[min(sizes)]

    @classmethod
    def takes(cls, network: LoadedNetwork) -> bool:
        ports = {port.name: port for port in (*network.inputs, *network.outputs)}
        if set(ports) != {'image', 'prompt', 'logits', 'rating'}:
            return False
        if not len(ports['image'].shape) == len(ports['logits'].shape) == 4:
            return False
        size = ports['image'].shape[1]
        shapes = {
            'image': ('uint8', (size, size, 3)),
            'prompt': ('uint8', (size, size, CHANNELS)),
            'rating': ('float32', (MASKS,)),
        }
        right = all(
            (ports[name].dtype, ports[name].shape[1:]) == wanted for name, wanted in shapes.items()
        )
        logits = ports['logits']
        return right and (logits.dtype, logits.shape[1]) == ('float32', MASKS)

    def warm_up(self) -> float:
        return min(map(self._timed, self._feeds.values()))

    def segment(self, frame: Frame, prompt: Prompt) -> Mask:
        mask = self._first_look(frame, prompt)
        # A side that was given holds, and so does a mask that the user chose: with more around it
        # the larger object is the likelier one.
        kept = prompt.roi_size or prompt.size_step or _stays(prompt)
        if kept or not is_cut(mask) or not self._has_time():
            return mask
        again = replace(prompt, previous=mask.as_previous())
        whole = _best(self._infer(frame, again, larger_square(mask), first=True))
        return replace(whole, prompt=prompt, candidates=mask.candidates)

    def _first_look(self, frame: Frame, prompt: Prompt) -> Mask:
        if prompt.size_step:
            return self._stepped(frame, prompt)
        if self._is_new_click(prompt):
            return self._meant(frame, prompt, self._answers(frame, prompt))
        if _stays(prompt):
            return self._most_alike(frame, prompt, first=False)
        if _corrects(prompt):
            return self._corrected(frame, prompt)
        return _best(self._infer(frame, prompt, self._square(prompt)))

    def candidates(self, frame: Frame, prompt: Prompt) -> tuple[Mask, ...]:
        if self._is_new_click(prompt):
            masks = self._answers(frame, prompt)
        else:
            masks = self._infer(frame, prompt, self._square(prompt))
        return tuple(sorted(masks, key=lambda mask: -mask.score))

    def propose(self, frame: Frame, prompt: Prompt) -> tuple[Mask, ...]:
        square = self._square(prompt)
        if prompt.previous is not None or _sees_all(frame, square):
            return tuple(self._infer(frame, prompt, square, first=True))
        return tuple(self._infer_with(self._quick, frame, prompt, square))

    def _is_new_click(self, prompt: Prompt) -> bool:
        return prompt.box is None and prompt.previous is None and not prompt.roi_size

    def _answers(self, frame: Frame, prompt: Prompt) -> list[Mask]:
        """Return the masks in each of the squares."""
        short, least = min(frame.width, frame.height), max(span(prompt), MIN_SIDE)
        sides = dict.fromkeys(max(round(share * short), least) for share in SIDE_SHARES)
        squares = [Roi.square(*prompt.centre, side) for side in sides]
        return [mask for square in squares for mask in self._infer(frame, prompt, square)]

    def _meant(self, frame: Frame, prompt: Prompt, answers: Sequence[Mask]) -> Mask:
        mask = self._once_more(frame, prompt, answers[int(np.argmax(self._scores(answers)))])
        return replace(mask, candidates=len(answers))

    def _stepped(self, frame: Frame, prompt: Prompt) -> Mask:
        """Return a smaller or larger object at the same place than the one that is meant else."""
        points = prompt.points
        if not prompt.positives:
            points += (Point(*prompt.centre),)
        at = replace(prompt, points=points, box=None, previous=None, square=None, roi_size=0)
        answers = [replace(mask, prompt=prompt) for mask in self._answers(frame, at)]
        if self._is_new_click(prompt):
            meant = self._meant(frame, prompt, answers)
        else:
            meant = self._present(frame, replace(prompt, size_step=0))
        found = step_by_size(answers, self._scores(answers), area_of(meant), prompt.size_step)
        if found is None:
            return replace(meant, prompt=prompt)
        again = replace(prompt, size_step=0, previous=found.as_previous())
        alike = replace(self._most_alike(frame, again, first=True), prompt=prompt)
        # Looked at once more, it may turn into the object that is meant else.
        mask = alike if same_size(area_of(alike), area_of(found)) else found
        return replace(mask, candidates=len(answers))

    def _present(self, frame: Frame, prompt: Prompt) -> Mask:
        """Return the mask that a step goes from: the previous one, if that is found again."""
        found = self._first_look(frame, prompt)
        previous = prompt.previous
        if previous is None:
            return found
        kept = replace(found, logits=previous.logits, roi=previous.roi)
        return found if same_size(area_of(found), area_of(kept)) else kept

    def _most_alike(self, frame: Frame, prompt: Prompt, *, first: bool) -> Mask:
        """Return the mask that is most like the previous one, whose box helps to find it."""
        previous = prompt.previous
        assert previous is not None
        masks = self._infer(frame, replace(prompt, box=previous.box), self._square(prompt), first)
        known = replace(masks[0], logits=previous.logits, roi=previous.roi)
        likeness = pairwise_iou([known, *masks])[0, 1:]
        weights = [mask.score for mask in masks] * likeness**LIKENESS
        return replace(masks[int(np.argmax(weights))], prompt=prompt)

    def _once_more(self, frame: Frame, prompt: Prompt, mask: Mask) -> Mask:
        previous = mask.as_previous()
        if previous.box is None:
            return mask
        again = replace(prompt, previous=previous)
        found = _best(self._infer(frame, again, self._square(again), first=True))
        return replace(found, prompt=prompt)

    def _corrected(self, frame: Frame, prompt: Prompt) -> Mask:
        """Return the mean of the answers of a few looks."""
        square = self._square(prompt)
        looks = [self._infer(frame, prompt, square)]
        # Negative points alone say what is wrong, and not what is meant.
        alone = not prompt.positives and prompt.box is None
        for share, larger, shows_previous in FURTHER_LOOKS:
            if not self._has_time():
                break
            feed = self._feeds[max(self._feeds) if larger else min(self._feeds)]
            roi = Roi.square(*square.centre, round(share * square.width))
            shown = prompt if shows_previous or alone else replace(prompt, previous=None)
            masks = self._infer_with(feed, frame, shown, roi, mirrored=True)
            looks.append([replace(mask, prompt=prompt) for mask in masks])
        return mean(of_one_object(looks))

    def _square(self, prompt: Prompt) -> Roi:
        """Return the square of a prompt that is no new click."""
        known = prompt.previous.box if prompt.previous is not None else None
        box = known or prompt.box
        if box is None:
            return prompt.square or Roi.square(*prompt.centre, prompt.roi_size)
        if prompt.roi_size:
            # Searched for: the object is elsewhere than its mask was.
            return Roi.square(*box.centre, prompt.roi_size)
        xs = [box.x0, box.x1, *(point.x for point in prompt.points)]
        ys = [box.y0, box.y1, *(point.y for point in prompt.points)]
        whole = Box(min(xs), min(ys), max(xs), max(ys))
        return Roi.square(*whole.centre, max(math.ceil(AROUND * whole.long_side), MIN_SIDE))

    def _infer(self, frame: Frame, prompt: Prompt, roi: Roi, first: bool = False) -> list[Mask]:
        """Return the three masks of one run; `first` if the previous mask is of this very frame."""
        large = _sees_all(frame, roi) and (first or prompt.previous is None)
        feed = self._feeds[max(self._feeds) if large else min(self._feeds)]
        return self._infer_with(feed, frame, prompt, roi)

    def _infer_with(
        self, feed: Feed, frame: Frame, prompt: Prompt, roi: Roi, *, mirrored: bool = False
    ) -> list[Mask]:
        self._check(prompt)
        begun = time.perf_counter()
        crop_frame(frame, roi, feed['image'][0])
        draw_prompt(prompt, roi, feed['prompt'][0])
        logits, rating = self._run(_mirrored(feed) if mirrored else feed, begun)
        if mirrored:
            logits = np.ascontiguousarray(logits[..., ::-1])
        size = frame.width, frame.height
        return [
            Mask(prompt, one, roi, *size, self._engine, float(score), len(logits[0]))
            for one, score in zip(logits[0], rating[0], strict=True)
        ]


def _sees_all(frame: Frame, roi: Roi) -> bool:
    """Whether a square shows about all of an image."""
    return roi.width >= ALL_OF_IT * min(frame.width, frame.height)


def _feed(size: int) -> Feed:
    """Return inputs of a size, to be written into."""
    return {'image': np.zeros((1, size, size, 3), np.uint8), 'prompt': empty_maps(size)}


def _sizes(network: LoadedNetwork) -> tuple[int, ...]:
    """Return the sides of the inputs that the file is run at."""
    image = next(port for port in network.inputs if port.name == 'image')
    return (image.shape[1],) if isinstance(image.shape[1], int) else SIZES


def _stays(prompt: Prompt) -> bool:
    """Whether the user chose the previous mask, and corrects nothing of it."""
    known = prompt.previous
    return known is not None and known.chosen and all(map(known.agrees_with, prompt.points))


def _corrects(prompt: Prompt) -> bool:
    """Whether a point says that the previous mask is wrong, which is not searched for."""
    known = prompt.previous
    if known is None or prompt.roi_size:
        return False
    return not all(map(known.agrees_with, prompt.points))


def _mirrored(feed: Feed) -> Feed:
    """Return inputs with their columns the other way round."""
    return {name: np.ascontiguousarray(array[:, :, ::-1]) for name, array in feed.items()}


def _best(masks: Sequence[Mask]) -> Mask:
    """Return the best rated of those that agree with the most points of the prompt."""
    return max(masks, key=lambda mask: (mask.agreeing_points, mask.score))
