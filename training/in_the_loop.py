"""Prompt-in-the-loop, as EdgeSAM has it (arXiv 2312.06660): go on where the network is wrong.

A first answer to a crop tells where the next click of a user would go. There the square is put
anew, which is what the engine does with a further click (picosam_ros/engines/host/multi_point.py),
and the network learns what it should have said: the same object where a part of it was missed, the
neighbour where the answer took in too much. What is too much and not labelled teaches nothing, and
the first crop stays.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

import numpy as np
import torch
from torch import nn

from picosam_ros.evaluation.protocols import next_click
from picosam_ros.resample import paste
from picosam_ros.roi import Roi
from training.data.crops import centred
from training.data.sample import Sample
from training.data.sampling import Prompted, Sampler
from training.losses import normalise

# Crops of one run of the network.
BATCH = 32

# Crops, uint8 [N, S, S, 3] RGB, to logits, float32 [N, S, S].
Network = Callable[[np.ndarray], np.ndarray]


def put_in_the_loop(sampler: Sampler, network: nn.Module, share: float) -> None:
    """Let a sampler correct a share of its crops, by what a network answers as it is then.

    Args:
        sampler: of photos: crops that are packed have nothing around them to move to.
        network: its parameters may change in place, in this process or the one that it came from.
        share: 0 to 1.

    Raises:
        ValueError: it is not a sampler of photos, or not a share.

    """
    if not isinstance(sampler, Sampler):
        raise ValueError(
            'in_the_loop moves squares in the photos, which packed crops do not have: give --data '
            'instead of --shards'
        )
    if not 0 <= share <= 1:
        raise ValueError(f'in_the_loop: {share} was given; allowed is a share from 0 to 1')
    # A loader's workers are forked, and see the weights that are being learnt.
    network.share_memory()
    sampler.correct = partial(in_the_loop, predictor_of(network), share)


def predictor_of(network: nn.Module) -> Network:
    """Return a predictor that always runs the present weights of a module."""

    @torch.no_grad()
    def answer(crops: np.ndarray) -> np.ndarray:
        network.eval()
        return network(normalise(torch.from_numpy(crops))).logits[:, 0].float().numpy()

    return answer


def in_the_loop(
    network: Network,
    share: float,
    prompts: Iterator[Prompted],
    size: int,
    rng: np.random.Generator,
) -> Iterator[Sample]:
    """Yield what is seen of each prompt, of side `size`, or of the one that corrects the answer."""
    while batch := list(islice(prompts, BATCH)):
        samples = [prompt.sample(size) for prompt in batch]
        chosen = np.flatnonzero(rng.random(len(batch)) < share)
        answers = network(np.stack([samples[i].image for i in chosen])) if chosen.size else ()
        for index, logits in zip(chosen, answers, strict=True):
            correction = corrected(batch[index], logits)
            if correction is not None:
                samples[index] = correction.sample(size)
        yield from samples


def corrected(prompt: Prompted, logits: np.ndarray) -> Prompted | None:
    """The next click of a user who sees the answer, in a square of the same side.

    Args:
        prompt: labelled.
        logits: float32 [S, S], the answer to it.

    Returns:
        the prompt for the missed part of the same object, or for the labelled one that the answer
        takes in; None where nothing is wrong, or what is wrong is not labelled.

    """
    height, width = prompt.mask.shape
    window = prompt.window
    roi = Roi(window.x0, window.y0, window.width, window.height)
    x, y, answer = paste(logits, roi, width, height)
    found = np.zeros((height, width), np.bool_)
    found[y : y + answer.shape[0], x : x + answer.shape[1]] = answer > 0
    click = next_click(found, prompt.mask > 0)
    if click is None:
        return None
    point, side = (int(click.x), int(click.y)), max(window.width, window.height)
    mask = prompt.mask if click.positive else prompt.neighbour(point)
    if mask is None:
        return None
    return prompt._replace(mask=mask, point=point, window=centred(point, side))
