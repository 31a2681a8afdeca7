"""Train PicoSAM2 on the CPU for a budget of minutes or steps; resumes from the last checkpoint.

`python -m training.train --data DIR --config training/configs/picosam2-96.yaml --out DIR
--minutes 108`; `--shards DIR` instead of `--data` reads what `training.data.shards` wrote.
`torchrun --nproc-per-node 2 -m training.train` trains with a batch in each of two processes, whose
gradients are averaged.
"""

import argparse
import math
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import torch
from torch.utils.data import DataLoader, IterableDataset, default_collate, get_worker_info
from tqdm import tqdm

from training import configuration, ranks, records
from training.data import readers
from training.data.crops import SIZE
from training.data.pieces import Shards
from training.data.sample import Sample
from training.data.sampling import Mixture, Sampler
from training.in_the_loop import put_in_the_loop
from training.schedule import Budget
from training.trainer import Trainer

SAVE_EVERY = 180.0
LOG_EVERY = 50


class Crops(IterableDataset):
    """A stream as PyTorch reads it; every start has its own, and every worker a part of it."""

    def __init__(self, sampler: Sampler | Shards, seed: int, first_step: int) -> None:
        self._sampler = sampler
        self._seed = (seed, first_step)
        self._rank, self._ranks = ranks.rank(), ranks.count()

    def __iter__(self):
        worker = get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        part, parts = self._rank * workers + number, self._ranks * workers
        self._sampler.reseed(*self._seed, part=part, parts=parts)
        return iter(self._sampler)


def train(
    trainer: Trainer,
    sampler: Sampler | Shards,
    out: Path,
    budget: Budget,
    clock: Callable[[], float] = time.monotonic,
    until: float = 1.0,
) -> None:
    """Train until a share of the budget is spent; go on from `checkpoint.pt` in `out`.

    Of several processes the first one's clock counts, and it alone writes.
    """
    config, checkpoint = trainer.config, out / 'checkpoint.pt'
    if ranks.first(checkpoint.is_file()):
        trainer.load(checkpoint)
        _print_once(f'going on from step {trainer.step_count}, {trainer.seconds / 60:.1f} min')
    loader = DataLoader(
        Crops(sampler, config['seed'], trainer.step_count),
        config['batch'],
        num_workers=config['workers'],
        prefetch_factor=4 if config['workers'] else None,
    )
    before, start, losses = trainer.seconds, clock(), []
    saved = start
    bar = tqdm(total=100, unit='%', mininterval=10, disable=ranks.rank() > 0)
    for batch in loader:
        spent = ranks.first(budget.spent(trainer))
        if spent >= until:
            break
        losses.append(trainer.step(batch, spent))
        now = clock()
        trainer.seconds = before + now - start
        bar.update(min(int(100 * spent), 100) - bar.n)
        if len(losses) == LOG_EVERY:
            loss, losses = ranks.mean(sum(losses) / len(losses)), []
            bar.set_postfix(step=trainer.step_count, loss=f'{loss:.3f}')
            _log(out / 'log.csv', trainer, loss)
        if now - saved > SAVE_EVERY:
            trainer.save(checkpoint)
            saved = now
    bar.close()
    trainer.save(checkpoint)


def first_batch(sampler: Sampler | Shards, count: int) -> Sample:
    """The first crops of a stream, stacked."""
    return default_collate(list(islice(sampler, count)))


def _print_once(line: str) -> None:
    if ranks.rank() == 0:
        print(line)


def _log(path: Path, trainer: Trainer, loss: float) -> None:
    rate = trainer.optimiser.param_groups[0]['lr']
    crops = trainer.step_count * trainer.config['batch'] * ranks.count()
    row = trainer.step_count, f'{trainer.seconds:.1f}', crops, f'{loss:.4f}', f'{rate:.3e}'
    records.append(path, ('step', 'seconds', 'crops', 'loss', 'learning_rate'), [row])


def open_crops(store: Path | None, shards: Path | None, config: dict) -> Sampler | Shards:
    """Open the stream of crops: of a photo store, or of packed ones.

    Raises:
        ValueError: it is not what the configuration is about.

    """
    mixture, size = Mixture(**config['mixture']), config.get('size', SIZE)
    if shards:
        packed = Shards(shards, mixture.pasted, mixture.turned)
        if packed.size != size:
            raise ValueError(f'{shards} has crops of side {packed.size}, the configuration {size}')
        _print_once(f'{len(packed)} crops')
        return packed
    if mixture.unlabelled:
        raise ValueError(
            'the mixture has unlabelled prompts, which need a teacher: pack them with '
            '`python -m training.data.shards --teacher …` and give --shards instead of --data'
        )
    photos = readers.configured_photos(store, config)
    _print_once(f'{len(photos)} photos, {sum(len(photo.masks) for photo in photos)} masks')
    return Sampler(photos, config['weights'], mixture, config['seed'], size)


def main() -> None:
    """Train as the configuration says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    crops = parser.add_mutually_exclusive_group(required=True)
    crops.add_argument('--data', type=Path, help='folder of the sources, see training/README.md')
    crops.add_argument('--shards', type=Path, help='folder of training.data.shards')
    configuration.add_option(parser)
    parser.add_argument('--out', type=Path, required=True, help='checkpoint.pt and log.csv')
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument('--minutes', type=float, default=math.inf)
    length.add_argument('--steps', type=int, default=math.inf, help='a run that can be repeated')
    parser.add_argument(
        '--until', type=float, default=1.0, help='share of that after which to stop, 0 to 1'
    )
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--init', type=Path, help='.onnx file or checkpoint.pt to begin with')
    parser.add_argument(
        '--set',
        nargs='+',
        default=[],
        metavar='NAME=VALUE',
        help="entries in place of the configuration's: seed=22, mixture.boxed=0",
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    config = configuration.changed(configuration.read(arguments.config), arguments.set)
    arguments.out.mkdir(parents=True, exist_ok=True)
    ranks.join()
    sampler = open_crops(arguments.data, arguments.shards, config)
    trainer = Trainer(config)
    if arguments.init:
        anew = trainer.initialise_from(arguments.init, first_batch(sampler, 256))
        if anew:
            _print_once(
                f'not in {arguments.init}, or of another shape, and begun anew: {", ".join(anew)}'
            )
    if config.get('in_the_loop'):
        put_in_the_loop(sampler, trainer.average, config['in_the_loop'])
    budget = Budget(60 * arguments.minutes, arguments.steps)
    train(trainer, sampler, arguments.out, budget, until=arguments.until)
    ranks.leave()


if __name__ == '__main__':
    main()
