"""A run: updates until the budget is spent, with a log, checkpoints and validation."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch

from training import ranks, records
from training.click.losses import Judged
from training.click.photos import Photos
from training.click.trainer import ClickTrainer
from training.click.validation import Validation
from training.schedule import Budget

SAVE_EVERY = 180.0
VALIDATE_EVERY = 900.0
LOG_EVERY = 50
LOG = ('step', 'seconds', 'crops', 'loss', 'learning_rate', 'rating_loss', 'best', 'chosen')
VALIDATION = ('step', 'seconds', 'crops', 'side', 'best', 'chosen', 'corrected')


def run(
    trainer: ClickTrainer,
    photos: Photos,
    validation: Validation | None,
    out: Path,
    budget: Budget,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Train until the budget is spent; writes checkpoint.pt, log.csv and validation.csv into out.

    Of several processes the first one's clock counts, and it alone writes and validates.

    Args:
        trainer: at its beginning, or as it was loaded.
        photos: to train on.
        validation: now and then, and at the end; or None.
        out: an existing folder.
        budget: of all starts together.
        clock: seconds.

    Raises:
        FloatingPointError: the loss is no number any more.

    """
    before, start = trainer.seconds, clock()
    saved = validated = start
    judged: list[Judged] = []
    while (spent := ranks.first(budget.spent(trainer))) < 1:
        judged.append(trainer.step(trainer.draw(photos), spent))
        if len(judged) == LOG_EVERY:
            _log(out / 'log.csv', trainer, judged)
            judged = []
        now = clock()
        trainer.seconds = before + now - start
        if now - saved > SAVE_EVERY:
            trainer.save(out / 'checkpoint.pt')
            saved = now
        if now - validated > VALIDATE_EVERY:
            _validate(out / 'validation.csv', trainer, validation)
            validated = now
    trainer.save(out / 'checkpoint.pt')
    _validate(out / 'validation.csv', trainer, validation)


def _log(path: Path, trainer: ClickTrainer, judged: list[Judged]) -> None:
    means = [ranks.mean(torch.stack(values).mean().item()) for values in zip(*judged, strict=True)]
    masks, ratings, best, chosen = means
    if not math.isfinite(masks + ratings):
        raise FloatingPointError(
            f'the loss is {masks}, {ratings} at step {trainer.step_count}: go on from '
            'checkpoint.pt with a smaller learning_rate'
        )
    rate = trainer.optimiser.param_groups[0]['lr']
    squares = trainer.squares
    done = (trainer.step_count, f'{trainer.seconds:.1f}', squares, f'{masks:.4f}', f'{rate:.3e}')
    records.append(path, LOG, [(*done, *(f'{value:.4f}' for value in (ratings, best, chosen)))])
    if ranks.rank() == 0:
        print(
            f'step {trainer.step_count}, {squares} squares, {trainer.seconds / 60:.1f} min: '
            f'loss {masks:.3f}, IoU {chosen:.3f}, of the best mask {best:.3f}',
            flush=True,
        )


def _validate(path: Path, trainer: ClickTrainer, validation: Validation | None) -> None:
    if validation is None or ranks.rank() > 0:
        return
    scores = validation.scores(trainer.average, trainer.bfloat16)
    done = (trainer.step_count, f'{trainer.seconds:.1f}', trainer.squares)
    rows = [(*done, score.side, *(f'{value:.4f}' for value in score[1:])) for score in scores]
    records.append(path, VALIDATION, rows)
    for score in scores:
        print(
            f'held out, side {score.side}: IoU {score.chosen:.3f}, of the best mask '
            f'{score.best:.3f}, corrected {score.corrected:.3f}',
            flush=True,
        )
