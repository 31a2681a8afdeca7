"""The network has the published size."""

import pytest

torch = pytest.importorskip('torch')

from training.networks.picosam2 import (  # noqa: E402
    Architecture,
    PicoSam2,
    count_macs,
    count_parameters,
    gaussians,
)

SHIPPED = Architecture(position=True, context=True, quality=True)


def test_the_network_has_the_counted_parameters_and_macs() -> None:
    network = PicoSam2().eval()
    assert count_parameters(network) == 1_262_818
    assert round(count_macs(network) / 1e6) == 323


def test_the_answer_has_the_size_of_the_crop() -> None:
    with torch.inference_mode():
        logits, quality = PicoSam2().eval()(torch.zeros(2, 3, 96, 96))
    assert logits.shape == (2, 1, 96, 96)
    assert quality is None


def test_the_network_that_ships_keeps_within_its_bounds_and_rates_its_masks() -> None:
    network = PicoSam2(SHIPPED).eval()
    assert count_parameters(network) <= 1.4e6
    assert count_macs(network) <= 340e6
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, 96, 96)).quality.shape == (2,)


def test_bells_are_highest_at_the_prompt_and_the_same_on_all_sides() -> None:
    maps = gaussians(96)
    assert maps.shape == (3, 96, 96)
    torch.testing.assert_close(maps.amax((1, 2)), maps[:, 47, 48])
    torch.testing.assert_close(maps, maps.flip(1))
    torch.testing.assert_close(maps, maps.transpose(1, 2))
