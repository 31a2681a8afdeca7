"""PicoSAM2 as the PyTorch module that is trained, run eagerly: a peer for the benchmarks."""

import numpy as np
import torch

from training.losses import normalise
from training.networks.picosam2 import PicoSam2


class Eager:
    """Answers for one crop at a time.

    Args:
        threads: of one run.

    The weights are random: the speed does not depend on them.
    """

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self._network = PicoSam2().eval()

    @torch.inference_mode()
    def __call__(self, crop: np.ndarray) -> np.ndarray:
        """Logits float32 [96, 96] for a crop uint8 [96, 96, 3]."""
        return self._network(normalise(torch.from_numpy(crop)[None])).logits[0, 0].numpy()
