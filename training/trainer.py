"""The network in training: one update, and all that a checkpoint holds."""

from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor, nn

from training import networks, ranks, records
from training.data.sample import Sample
from training.export.restored import restored
from training.losses import distillation_loss, normalise, quality_loss
from training.networks.picosam2 import PicoSam2
from training.schedule import schedule
from training.warm_start import unfold, warm_start


class Trainer:
    """Network, its moving average and the optimiser: all that a checkpoint holds.

    With `rates_only` in the configuration the masks stay as they are, and the quality head alone
    learns to rate them. With `fixed_statistics` batches are normalised as in evaluation. Where
    several processes train together, all have the same.
    """

    def __init__(self, config: dict) -> None:
        torch.manual_seed(config['seed'])
        self.config = config
        if config.get('kind') == 'click':
            raise ValueError('kind click was given: `python -m training.click` trains it')
        self.network = networks.make_initialised(config).to(memory_format=torch.channels_last)
        self.average = deepcopy(self.network).requires_grad_(False)
        self.rates_only = config.get('rates_only', False)
        self.network.requires_grad_(not self.rates_only)
        trained = self.network.quality if self.rates_only else self.network
        trained.requires_grad_(True)
        self.optimiser = torch.optim.AdamW(
            trained.parameters(),
            config['learning_rate'],
            weight_decay=config['weight_decay'],
            fused=True,
        )
        self.step_count = 0
        self.seconds = 0.0
        self._model = ranks.averaging(self.network)
        if config.get('fixed_statistics', False):
            _fix_statistics(self.network)

    def initialise_from(self, path: Path, sample: Sample) -> list[str]:
        """Take the averaged weights of a checkpoint, or those of an exported network.

        Args:
            path: .pt or .onnx of the same kind of network. What is not in it, or in another
                shape, stays as it is.
            sample: a batch of training crops.

        Returns:
            names of what a checkpoint has not, or has in another shape.

        Raises:
            ValueError: a file for another kind of network.

        """
        anew: list[str] = []
        if path.suffix != '.onnx':
            anew = self._take_checkpoint(path)
        elif self.config.get('fixed_statistics', False):
            anew = self._take(networks.kind_of(given := restored(path)), given.state_dict(), path)
        elif isinstance(self.network, PicoSam2):
            warm_start(self.network, path, normalise(sample.image))
        else:
            anew = self._take(networks.kind_of(given := restored(path)), given.state_dict(), path)
            unfold(self.network, normalise(sample.image))
        self.network.load_state_dict(ranks.first(self.network.state_dict()))
        self.average.load_state_dict(self.network.state_dict())
        return anew

    def _take_checkpoint(self, path: Path) -> list[str]:
        state = torch.load(path, weights_only=True)
        return self._take(state['config'].get('kind', 'picosam2'), state['average'], path)

    def _take(self, kind: str, given: dict[str, Tensor], path: Path) -> list[str]:
        wanted = self.config.get('kind', 'picosam2')
        if kind != wanted:
            raise ValueError(f'{path} is of the kind {kind}, and {wanted} is to be trained')
        mine = self.network.state_dict()
        fits = {name for name in mine if name in given and given[name].shape == mine[name].shape}
        self.network.load_state_dict(mine | {name: given[name] for name in fits})
        return [name for name in mine if name not in fits]

    def step(self, sample: Sample, progress: float) -> float:
        """One update.

        Args:
            sample: a batch.
            progress: share of the budget spent, 0..1; sets the learning rate.

        Returns:
            the loss before the update.

        """
        rate = self.config['learning_rate'] * schedule(progress, self.config['warmup'])
        for group in self.optimiser.param_groups:
            group['lr'] = rate
        loss = self._rating_loss(sample) if self.rates_only else self._loss(sample)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step_count += 1
        ranks.average(buffer for buffer in self.network.buffers() if buffer.is_floating_point())
        records.follow(self.average, self.network, self.step_count, self.config['ema_decay'])
        return loss.item()

    def _loss(self, sample: Sample) -> Tensor:
        with torch.autocast('cpu', torch.bfloat16):
            answer = self._model(normalise(sample.image))
        boundary, mse = self.config.get('boundary', 0.0), self.config.get('mse', 1.0)
        loss = distillation_loss(answer.logits, sample, boundary, mse)
        if answer.quality is not None:
            loss = loss + quality_loss(answer, sample.mask, sample.seen)
        return loss

    def _rating_loss(self, sample: Sample) -> Tensor:
        # Evaluation: the batch statistics belong to the masks, which stay as they are.
        with torch.autocast('cpu', torch.bfloat16):
            answer = self._model.eval()(normalise(sample.image))
        return quality_loss(answer, sample.mask, sample.seen)

    def save(self, path: Path) -> None:
        """Write a checkpoint, see `records.save`."""
        records.save(
            path,
            {
                'config': self.config,
                'step': self.step_count,
                'seconds': self.seconds,
                'network': self.network.state_dict(),
                'average': self.average.state_dict(),
                'optimiser': self.optimiser.state_dict(),
            },
        )

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same configuration; the first process alone reads it."""
        state = ranks.first(torch.load(path, weights_only=True) if ranks.rank() == 0 else None)
        self.network.load_state_dict(state['network'])
        self.average.load_state_dict(state['average'])
        self.optimiser.load_state_dict(state['optimiser'])
        self.step_count, self.seconds = state['step'], state['seconds']


def _fix_statistics(network: nn.Module) -> None:
    """Normalise with the statistics that it has; its scale and shift are still learnt."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()
