"""The processes that train one network together: `torchrun` starts them, PyTorch's DDP joins them.

A process that was started alone is the first of one, and nothing is sent.
"""

import os
from collections.abc import Iterable

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import parameters_to_vector, vector_to_parameters


def join(device: str = 'cpu') -> torch.device:
    """Join the process group that `torchrun` started, if it did.

    Args:
        device: 'cpu', 'cuda', or nothing: a GPU where there is one.

    Returns:
        where this process computes: of several on one machine each has a GPU of its own.

    """
    kind = torch.device(device or ('cuda' if torch.cuda.is_available() else 'cpu'))
    if 'WORLD_SIZE' not in os.environ:
        return kind
    if kind.type != 'cuda':
        distributed.init_process_group('gloo')
        return kind
    mine = torch.device('cuda', int(os.environ['LOCAL_RANK']))
    torch.cuda.set_device(mine)
    # Numbers of the CPU go over gloo, as do objects.
    distributed.init_process_group('cpu:gloo,cuda:nccl')
    return mine


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
