"""Batch statistics for a network whose file had them folded into its convolutions."""

import torch
from torch import Tensor, nn

from training.networks.click import ClickNetwork


@torch.no_grad()
def unfold(network: ClickNetwork, image: Tensor, prompt: Tensor) -> None:
    """Give each batch normalisation the statistics of a batch; the network answers as before.

    Its scale and shift take back what the new mean and deviation change. A training can then go on
    with statistics that are learnt, as the network's were before they were folded.

    Args:
        network: of any statistics.
        image, prompt: some dozens of squares, as the network takes them.

    """
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    hooks = [norm.register_forward_pre_hook(_take_statistics) for norm in norms]
    network.eval()(image, prompt)
    for hook in hooks:
        hook.remove()


def _take_statistics(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
    variance, mean = torch.var_mean(inputs[0].float(), (0, 2, 3), correction=0)
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    shift = norm.bias - norm.running_mean * scale
    norm.weight.copy_(scale * (variance + norm.eps).sqrt())
    norm.bias.copy_(shift + mean * scale)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
