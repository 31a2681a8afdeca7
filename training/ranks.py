"""The processes that train one network together: `torchrun` starts them, PyTorch's DDP joins them.

A process that was started alone is the first of one, and nothing is sent.
"""

import os
from collections.abc import Iterable

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import parameters_to_vector, vector_to_parameters


def join() -> None:
    """Join the process group that `torchrun` started, if it did."""
    if 'WORLD_SIZE' in os.environ:
        distributed.init_process_group('gloo')


def leave() -> None:
    """Leave the process group, once all are here."""
    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()


def count() -> int:
    """Return how many there are."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Return which one this is: the first, 0, is the one that prints and writes."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def averaging(network: nn.Module) -> nn.Module:
    """Let every backward pass average the gradients of all."""
    if count() == 1:
        return network
    # Not the statistics of the first one's crops: `average` takes those of all.
    return DistributedDataParallel(network, forward_sync_buffers=False)


@torch.no_grad()
def average(tensors: Iterable[Tensor]) -> None:
    """Replace float tensors by their mean over all, in place."""
    if count() > 1:
        tensors = list(tensors)
        vector = parameters_to_vector(tensors)
        distributed.all_reduce(vector)
        vector_to_parameters(vector / count(), tensors)


def mean(value: float) -> float:
    """Mean of a number over all."""
    number = torch.tensor([value], dtype=torch.float64)
    average([number])
    return number.item()


def first(value: object) -> object:
    """Return the value of the first process, in all of them."""
    if count() == 1:
        return value
    values = [value]
    distributed.broadcast_object_list(values)
    return values[0]
