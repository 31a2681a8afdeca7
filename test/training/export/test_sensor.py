"""What the sensor's networks answer, against the networks that they were made from."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from training.export import export, largest_difference  # noqa: E402
from training.export.restored import restored  # noqa: E402
from training.export.sensor import for_sensor  # noqa: E402
from training.losses import normalise  # noqa: E402
from training.networks.lite import FEWEST, LiteUNet  # noqa: E402
from training.networks.picosam2 import Architecture, PicoSam2, gaussians  # noqa: E402
from training.registry import MODELS  # noqa: E402


@pytest.mark.parametrize(
    'make',
    [
        PicoSam2,
        lambda: PicoSam2(Architecture(position=True, context=True, quality=True)),
        lambda: LiteUNet(blocks=FEWEST),
    ],
    ids=['as published', 'with additions', 'lite'],
)
def test_it_answers_raw_pixels_as_the_network_with_the_mean_of_its_gaussians(make, uneven) -> None:
    network = uneven(make())
    pixels = np.random.default_rng(1).integers(0, 256, (2, 96, 96, 3)).astype(np.uint8)
    pixels = torch.from_numpy(pixels)
    sensor = for_sensor(copy.deepcopy(network))
    flatten(network)
    with torch.inference_mode():
        expected = network(normalise(pixels)).logits
        raw = sensor(pixels.permute(0, 3, 1, 2).float())
    torch.testing.assert_close(raw, expected, atol=1e-3, rtol=1e-3)


def flatten(network) -> None:
    """Let a network see the mean of what it makes of the gaussians, in each channel."""
    if isinstance(network, LiteUNet):
        prompt = network.prompt(gaussians(network.size // 2)[None]).detach().mean((2, 3))[0]
        network.prompt.register_forward_hook(lambda _layer, _taken, maps: 0 * maps)
        # Where the crop ends, the prompt does not.
        network.encoder.stages[0][0].filter[0].register_forward_hook(
            lambda layer, _taken, features: (
                features + (layer.weight.sum((1, 2, 3)) * prompt)[:, None, None]
            )
        )
        for block in network.decoder:
            block.skip.register_forward_pre_hook(
                lambda _layer, taken: averaged(taken[0], [-3, -2, -1])
            )
    elif network.architecture.position:
        network.encoder[0][2].register_forward_hook(
            lambda _layer, _taken, features: averaged(features, [1, 3, 5])
        )


def averaged(features, channels):
    flat = features.clone()
    flat[:, channels] = flat[:, channels].mean((2, 3), keepdim=True)
    return flat


@pytest.mark.parametrize(
    'make',
    [
        lambda: PicoSam2(Architecture(position=True, context=True, quality=True)),
        lambda: LiteUNet(blocks=FEWEST),
    ],
    ids=['picosam2', 'lite'],
)
def test_a_network_comes_back_from_its_file(make, uneven, tmp_path) -> None:
    network = uneven(make())
    export(network, tmp_path / 'net.onnx', 'net')
    assert largest_difference(restored(tmp_path / 'net.onnx'), tmp_path / 'net.onnx') < 1e-3


def test_a_file_without_a_network_in_float32_is_refused() -> None:
    with pytest.raises(ValueError, match='float32'):
        restored(MODELS / 'picosam2-96-int8.onnx')


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
