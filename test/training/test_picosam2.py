"""The network has the published size."""

import pytest

torch = pytest.importorskip('torch')

from training.model import PicoSam2, count_macs, count_parameters  # noqa: E402


def test_the_network_has_the_counted_parameters_and_macs() -> None:
    network = PicoSam2().eval()
    assert count_parameters(network) == 1_262_818
    assert round(count_macs(network) / 1e6) == 323


def test_the_answer_has_the_size_of_the_crop() -> None:
    with torch.inference_mode():
        logits = PicoSam2().eval()(torch.zeros(2, 3, 96, 96))
    assert logits.shape == (2, 1, 96, 96)
