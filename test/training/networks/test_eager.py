"""The module as a peer of the benchmarks answers what the module answers."""

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='PyTorch is for training only')


def test_a_crop_gets_the_logits_of_the_module_with_the_same_weights():
    from training.losses import normalise
    from training.networks.eager import Eager
    from training.networks.picosam2 import PicoSam2

    crop = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    logits = Eager(threads=1)(crop)
    torch.manual_seed(0)
    with torch.inference_mode():
        expected = PicoSam2().eval()(normalise(torch.from_numpy(crop)[None])).logits
    assert logits.shape == (96, 96)
    assert logits.dtype == np.float32
    np.testing.assert_array_equal(logits, expected[0, 0].numpy())
