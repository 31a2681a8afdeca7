"""Train PicoSAM2 on the CPU for a budget of minutes or steps; resumes from the last checkpoint.

`python -m training.train --data DIR --config training/picosam2-96.yaml --out DIR --minutes 108`
"""

import argparse
import csv
import math
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
import yaml
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, default_collate, get_worker_info
from tqdm import tqdm

from training import data, split
from training.losses import mask_loss, normalise, quality_loss
from training.model import Architecture, PicoSam2
from training.sampling import Mixture, Sample, Sampler
from training.warm_start import warm_start

SAVE_EVERY = 180.0
LOG_EVERY = 50


class Crops(IterableDataset):
    """A sampler as PyTorch reads it; every worker of every start has its own random stream."""

    def __init__(self, sampler: Sampler, seed: int, first_step: int) -> None:
        self._sampler = sampler
        self._seed = (seed, first_step)

    def __iter__(self):
        worker = get_worker_info()
        self._sampler.reseed(*self._seed, worker.id if worker else 0)
        return iter(self._sampler)


class Trainer:
    """Network, its moving average and the optimiser: all that a checkpoint holds.

    With `rates_only` in the configuration the masks stay as they are, and the quality head alone
    learns to rate them.
    """

    def __init__(self, config: dict) -> None:
        torch.manual_seed(config['seed'])
        self.config = config
        self.network = PicoSam2(Architecture(**config.get('network', {}))).to(
            memory_format=torch.channels_last
        )
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

    def begin_with(self, path: Path, sample: Sample) -> None:
        """Take the averaged weights of a checkpoint, or those of an exported network.

        Args:
            path: .pt of the same architecture, or .onnx.
            sample: a batch of training crops.

        """
        if path.suffix == '.onnx':
            warm_start(self.network, path, normalise(sample.image))
        else:
            self.network.load_state_dict(torch.load(path, weights_only=True)['average'])
        self.average.load_state_dict(self.network.state_dict())

    def step(self, sample: Sample, progress: float) -> float:
        """One update.

        Args:
            sample: a batch: uint8 [N, S, S, 3] RGB, uint8 [N, S, S] of 0 or 1, float32 [N].
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
        self._follow()
        return loss.item()

    def _loss(self, sample: Sample) -> Tensor:
        with torch.autocast('cpu', torch.bfloat16):
            answer = self.network(normalise(sample.image))
        loss = mask_loss(answer.logits, sample.mask, self.config.get('boundary', 0.0))
        if answer.quality is not None:
            loss = loss + quality_loss(answer, sample.mask, sample.seen)
        return loss

    def _rating_loss(self, sample: Sample) -> Tensor:
        # Evaluation: the batch statistics belong to the masks, which stay as they are.
        with torch.autocast('cpu', torch.bfloat16):
            answer = self.network.eval()(normalise(sample.image))
        return quality_loss(answer, sample.mask, sample.seen)

    @torch.no_grad()
    def _follow(self) -> None:
        """Exponential moving average of weights and batch statistics, faster at the start."""
        decay = min(self.config['ema_decay'], (1 + self.step_count) / (10 + self.step_count))
        kept, new = self.average.state_dict(), self.network.state_dict()
        for name, value in kept.items():
            if value.is_floating_point():
                value.lerp_(new[name], 1 - decay)
            else:
                value.copy_(new[name])

    def save(self, path: Path) -> None:
        """Write everything needed to go on, or nothing: the file is replaced at once."""
        partial = path.with_suffix('.partial')
        torch.save(
            {
                'config': self.config,
                'step': self.step_count,
                'seconds': self.seconds,
                'network': self.network.state_dict(),
                'average': self.average.state_dict(),
                'optimiser': self.optimiser.state_dict(),
            },
            partial,
        )
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same configuration."""
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state['network'])
        self.average.load_state_dict(state['average'])
        self.optimiser.load_state_dict(state['optimiser'])
        self.step_count, self.seconds = state['step'], state['seconds']


@dataclass(frozen=True)
class Budget:
    """How long to train, all starts together; the learning rate falls with what is spent.

    Seconds of the machine at hand, or updates, with which a run can be repeated elsewhere.
    """

    seconds: float = math.inf
    steps: float = math.inf

    def spent(self, trainer: Trainer) -> float:
        """Share that is spent, 0 to 1."""
        return max(trainer.seconds / self.seconds, trainer.step_count / self.steps)


def schedule(progress: float, warmup: float) -> float:
    """Share of the full learning rate: linear warm-up, then a cosine down to a hundredth."""
    if progress < warmup:
        return max(progress / warmup, 0.01)
    fall = min((progress - warmup) / (1 - warmup), 1.0)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * fall))


def train(
    trainer: Trainer,
    sampler: Sampler,
    out: Path,
    budget: Budget,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Train until the budget is spent; go on from `checkpoint.pt` in `out` if it is there."""
    config, checkpoint = trainer.config, out / 'checkpoint.pt'
    if checkpoint.is_file():
        trainer.load(checkpoint)
        print(f'going on from step {trainer.step_count}, {trainer.seconds / 60:.1f} min')
    loader = DataLoader(
        Crops(sampler, config['seed'], trainer.step_count),
        config['batch'],
        num_workers=config['workers'],
        prefetch_factor=4 if config['workers'] else None,
    )
    before, start, losses = trainer.seconds, clock(), []
    saved = start
    bar = tqdm(total=100, unit='%', mininterval=10)
    for batch in loader:
        spent = budget.spent(trainer)
        if spent >= 1:
            break
        losses.append(trainer.step(batch, spent))
        now = clock()
        trainer.seconds = before + now - start
        bar.update(min(int(100 * spent), 100) - bar.n)
        if len(losses) == LOG_EVERY:
            _log(out / 'log.csv', trainer, sum(losses) / len(losses))
            bar.set_postfix(step=trainer.step_count, loss=f'{sum(losses) / len(losses):.3f}')
            losses = []
        if now - saved > SAVE_EVERY:
            trainer.save(checkpoint)
            saved = now
    bar.close()
    trainer.save(checkpoint)


def first_batch(sampler: Sampler, count: int) -> Sample:
    """The first crops of a sampler, stacked."""
    return default_collate(list(islice(sampler, count)))


def _log(path: Path, trainer: Trainer, loss: float) -> None:
    new = not path.exists()
    with path.open('a', newline='') as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(('step', 'seconds', 'crops', 'loss', 'learning_rate'))
        rate = trainer.optimiser.param_groups[0]['lr']
        crops = trainer.step_count * trainer.config['batch']
        writer.writerow(
            (trainer.step_count, f'{trainer.seconds:.1f}', crops, f'{loss:.4f}', f'{rate:.3e}')
        )


def main() -> None:
    """Train as the configuration says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, required=True, help='folder with one folder a source')
    parser.add_argument('--config', type=Path, required=True)
    parser.add_argument('--out', type=Path, required=True, help='checkpoint.pt and log.csv')
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument('--minutes', type=float, default=math.inf)
    length.add_argument('--steps', type=int, default=math.inf, help='a run that can be repeated')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--init', type=Path, help='.onnx file or checkpoint.pt to begin with')
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    config = yaml.safe_load(arguments.config.read_text())
    arguments.out.mkdir(parents=True, exist_ok=True)
    photos = data.training_photos(arguments.data, split.read(), config['weights'])
    print(f'{len(photos)} photos, {sum(len(photo.masks) for photo in photos)} masks')
    sampler = Sampler(photos, config['weights'], Mixture(**config['mixture']), config['seed'])
    trainer = Trainer(config)
    if arguments.init:
        trainer.begin_with(arguments.init, first_batch(sampler, 256))
    budget = Budget(60 * arguments.minutes, arguments.steps)
    train(trainer, sampler, arguments.out, budget)


if __name__ == '__main__':
    main()
