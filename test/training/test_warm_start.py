"""A training may begin with an exported network."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from training.evaluate import onnx_predictor  # noqa: E402
from training.export import export  # noqa: E402
from training.export.restored import restored  # noqa: E402
from training.losses import normalise  # noqa: E402
from training.networks.lite import FEWEST, LiteUNet  # noqa: E402
from training.networks.picosam2 import Architecture, PicoSam2  # noqa: E402
from training.warm_start import unfold, warm_start  # noqa: E402


@pytest.fixture(scope='module')
def images():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (16, 12, 12, 3), np.uint8)
    return torch.from_numpy(coarse.repeat(8, 1).repeat(8, 2))


@pytest.fixture(scope='module')
def exported(tmp_path_factory, images):
    torch.manual_seed(3)
    network = PicoSam2()
    for _ in range(3):
        network.train()(normalise(images))
    path = tmp_path_factory.mktemp('exported') / 'network.onnx'
    export(network, path, 'network')
    return path


@pytest.mark.parametrize(
    'architecture',
    [Architecture(), Architecture(position=True, context=True, quality=True)],
    ids=['as it is', 'with more parts'],
)
def test_the_network_answers_as_the_file_that_it_began_with(exported, images, architecture) -> None:
    network = PicoSam2(architecture)
    warm_start(network, exported, normalise(images))
    with torch.inference_mode():
        logits = network.eval()(normalise(images)).logits[:, 0].numpy()
    np.testing.assert_allclose(logits, onnx_predictor(exported)(images.numpy()), atol=0.02)


@pytest.mark.parametrize(
    'architecture',
    [Architecture(position=True, context=True, quality=True), Architecture(attention=True)],
)
def test_added_parts_are_taken_from_a_file_that_has_them(images, architecture, tmp_path) -> None:
    torch.manual_seed(4)
    first, second = PicoSam2(architecture), PicoSam2(architecture)
    if architecture.context:
        torch.nn.init.ones_(first.context[-1].weight)
    first.train()(normalise(images))
    export(first, tmp_path / 'first.onnx', 'first')
    warm_start(second, tmp_path / 'first.onnx', normalise(images))
    with torch.inference_mode():
        expected, answer = (network.eval()(normalise(images)) for network in (first, second))
    torch.testing.assert_close(answer.logits, expected.logits, atol=0.02, rtol=0.01)
    if architecture.quality:
        torch.testing.assert_close(answer.quality, expected.quality, atol=0.02, rtol=0.01)


def test_a_lite_network_answers_as_its_file_with_the_statistics_of_the_crops(
    uneven, images, tmp_path
) -> None:
    export(uneven(LiteUNet(blocks=FEWEST)), tmp_path / 'lite.onnx', 'lite')
    network = restored(tmp_path / 'lite.onnx')
    unfold(network, normalise(images))
    expected = onnx_predictor(tmp_path / 'lite.onnx')(images.numpy())
    with torch.inference_mode():
        logits = network.eval()(normalise(images)).logits[:, 0]
        in_training = network.train()(normalise(images)).logits[:, 0]
    spread = expected.std()
    np.testing.assert_allclose(logits, expected, atol=0.01 * spread)
    # Batches normalised by themselves: only if the statistics are theirs is it the same.
    np.testing.assert_allclose(in_training, expected, atol=0.01 * spread)


def test_a_file_of_another_shape_is_refused_with_the_layer_that_differs(
    exported, images, monkeypatch
) -> None:
    monkeypatch.setattr('training.networks.picosam2.DECODER_WIDTHS', (192, 128, 80, 48))
    with pytest.raises(ValueError, match=r'decoder\.3\.pointwise'):
        warm_start(PicoSam2(), exported, normalise(images))
