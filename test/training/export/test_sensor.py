"""What the sensor's networks answer, against the networks that they were made from."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from training.export.sensor import for_sensor  # noqa: E402
from training.losses import normalise  # noqa: E402
from training.networks.lite import FEWEST, LiteUNet  # noqa: E402
from training.networks.picosam2 import Architecture, PicoSam2  # noqa: E402


@pytest.mark.parametrize(
    'make',
    [
        PicoSam2,
        lambda: PicoSam2(Architecture(position=True, context=True, quality=True)),
        lambda: LiteUNet(blocks=FEWEST),
    ],
    ids=['as published', 'with additions', 'lite'],
)
def test_it_answers_raw_pixels_as_the_network_answers_normalised_ones(make, uneven) -> None:
    network = uneven(make())
    pixels = np.random.default_rng(1).integers(0, 256, (2, 96, 96, 3)).astype(np.uint8)
    pixels = torch.from_numpy(pixels)
    with torch.inference_mode():
        expected = network(normalise(pixels)).logits
        raw = for_sensor(copy.deepcopy(network))(pixels.permute(0, 3, 1, 2).float())
    torch.testing.assert_close(raw, expected, atol=1e-3, rtol=1e-3)


def test_the_lite_one_can_be_traced_by_the_toolkit(uneven) -> None:
    network = for_sensor(uneven(LiteUNet(blocks=FEWEST)))
    traced = torch.fx.symbolic_trace(network)
    pixels = torch.rand(1, 3, 96, 96) * 255
    with torch.inference_mode():
        torch.testing.assert_close(traced(pixels), network(pixels))
    # Layers of our own would be taken apart into functions, which the toolkit reads wrongly.
    functions = {node.target for node in traced.graph.nodes if node.op == 'call_function'}
    assert torch.nn.functional.conv2d not in functions
    assert not any(node.target == 'float' for node in traced.graph.nodes)
