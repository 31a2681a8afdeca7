"""What each of the processes of test_ranks.py runs: `torchrun ranked.py FOLDER half|train`."""

import itertools
import sys
from pathlib import Path

import numpy as np
import torch

from training import ranks, train
from training.data.pieces import Shards
from training.data.sample import Sample
from training.trainer import Trainer

CONFIG = {
    'seed': 1,
    'batch': 4,
    'learning_rate': 0.05,
    'weight_decay': 0.0,
    'warmup': 0.0,
    'ema_decay': 0.9,
    'workers': 0,
    'network': {'position': True, 'quality': True},
}


def batch(part: slice) -> Sample:
    """Some of eight fixed crops."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (8, 96, 96, 3), np.uint8)
    mask = (image[..., 0] > 100).astype(np.uint8)
    logits = rng.integers(-64, 65, (8, 96, 96), np.int8)
    fields = (image, mask, np.linspace(0.2, 1, 8, dtype=np.float32), logits)
    confidence = np.linspace(0, 1, 8, dtype=np.float32)
    return Sample(*(torch.from_numpy(field[part]) for field in (*fields, confidence)))


def three_steps(part: slice) -> Trainer:
    """Steps of plain descent with fixed batch statistics, which a batch's halves cannot share."""
    trainer = Trainer(CONFIG)
    trainer.optimiser = torch.optim.SGD(trainer.network.parameters())
    trainer.network.eval()
    for _ in range(3):
        trainer.step(batch(part), progress=0.0)
    return trainer


def disagreeing() -> object:
    """Give a clock that goes on at every reading: by one second, or by many."""
    return itertools.count(step=1 + 50 * ranks.rank()).__next__


def main(folder: Path, what: str) -> None:
    torch.set_num_threads(1)
    ranks.join()
    if what == 'half':
        trainer = three_steps(slice(ranks.rank(), None, 2))
    else:
        trainer = Trainer({**CONFIG, 'learning_rate': 1e-3})
        shards = Shards(folder, 0.5)
        train.LOG_EVERY = 1
        train.train(trainer, shards, folder, train.Budget(seconds=4), disagreeing())
    state = {part: getattr(trainer, part).state_dict() for part in ('network', 'average')}
    torch.save({'step': trainer.step_count, **state}, folder / f'rank{ranks.rank()}.pt')
    ranks.leave()


if __name__ == '__main__':
    main(Path(sys.argv[1]), sys.argv[2])
