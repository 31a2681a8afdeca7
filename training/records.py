"""What a run leaves in its folder: a checkpoint, replaced as a whole, and tables that grow."""

import csv
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

from training import ranks


def save(path: Path, state: dict) -> None:
    """Write everything needed to go on, or nothing: the file is replaced at once.

    Of several processes the first one alone writes.
    """
    if ranks.rank() > 0:
        return
    partial = path.with_suffix('.partial')
    torch.save(state, partial)
    partial.replace(path)


def append(path: Path, header: Iterable[str], rows: Iterable[tuple]) -> None:
    """Append rows to a .csv file, the header before the first; the first process alone writes."""
    if ranks.rank() > 0:
        return
    new = not path.exists()
    with path.open('a', newline='') as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(header)
        writer.writerows(rows)


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, step: int, decay: float) -> None:
    """Move an average of weights and batch statistics on, faster at the start.

    Args:
        average: moving average of the network, changed.
        network: after an update.
        step: number of updates so far.
        decay: of the average, 0 to 1, once it is no more at its start.

    """
    decay = min(decay, (1 + step) / (10 + step))
    kept, new = average.state_dict(), network.state_dict()
    floating = [name for name, value in kept.items() if value.is_floating_point()]
    torch._foreach_lerp_([kept[n] for n in floating], [new[n] for n in floating], 1 - decay)
    for name in kept.keys() - set(floating):
        kept[name].copy_(new[name])
