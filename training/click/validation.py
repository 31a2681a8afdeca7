"""The network in training on squares of held-out photos, always the same ones."""

from typing import NamedTuple

import torch

from training.click import corrections, samples
from training.click.losses import judge
from training.click.photos import Photos
from training.click.samples import Draws, Samples
from training.click.squares import Mixture
from training.networks.click import ClickNetwork

SQUARES, BATCH = 96, 32
PLAYED = 3


class Score(NamedTuple):
    """Mean IoU of squares of a side: of the best mask, the chosen one, and this after PLAYED."""

    side: int
    best: float
    chosen: float
    corrected: float


class Validation:
    """Squares of each side, drawn once.

    Args:
        photos: held out.
        mixture: of the training.
        sides: of its squares.

    """

    def __init__(self, photos: Photos, mixture: Mixture, sides: list[int]) -> None:
        self._device = photos.device
        self._batches = {
            side: [
                samples.draw_as_in_use(photos, mixture, side, BATCH, self._draws(number))
                for number in range(SQUARES // BATCH)
            ]
            for side in sides
        }

    def _draws(self, number: int) -> Draws:
        return Draws.of(self._device, 0, number)

    @torch.no_grad()
    def scores(self, network: ClickNetwork, bfloat16: bool) -> list[Score]:
        """Measure a network, in evaluation, on each side."""
        found = []
        for side, batches in self._batches.items():
            rows = [
                self._measure(network, batch, number, bfloat16)
                for number, batch in enumerate(batches)
            ]
            found.append(Score(side, *torch.tensor(rows).mean(0).tolist()))
        return found

    def _measure(
        self, network: ClickNetwork, batch: Samples, number: int, bfloat16: bool
    ) -> tuple[float, float, float]:
        def judged(asked: Samples):
            with torch.autocast(self._device.type, torch.bfloat16, enabled=bfloat16):
                candidates = network(asked.image, asked.prompt)
            return judge(candidates, asked, 0)

        first = judged(batch)
        played = corrections.play(network, batch, PLAYED, self._draws(number), bfloat16)
        return first.best.item(), first.chosen.item(), judged(played).chosen.item()
