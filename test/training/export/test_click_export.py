"""The file of a click network answers as the network, and gives it back."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip('torch')
onnx = pytest.importorskip('onnx')

import onnxruntime  # noqa: E402

from training.click.settings import Settings  # noqa: E402
from training.click.trainer import ClickTrainer  # noqa: E402
from training.export import averaged, export, largest_difference, to_onnx  # noqa: E402
from training.export.restored import architecture, restored  # noqa: E402
from training.networks.click import ClickNetwork  # noqa: E402
from training.networks.picosam2 import count_parameters  # noqa: E402

SHIPPED = Path(__file__).parents[3] / 'picosam_ros' / 'models' / 'picosam-click.onnx'


@pytest.fixture(scope='module', params=['lite0', 'lite2'])
def network(request, uneven):
    torch.manual_seed(0)
    return uneven(ClickNetwork(request.param))


def test_the_file_answers_as_the_network_for_any_number_of_squares_of_any_side(
    network, tmp_path
) -> None:
    export(network, tmp_path / 'net.onnx', 'net')
    session = onnxruntime.InferenceSession(tmp_path / 'net.onnx')
    rng = np.random.default_rng(1)
    for count, side in ((1, 64), (3, 64), (2, 160)):
        image = rng.integers(0, 256, (count, side, side, 3), np.uint8)
        prompt = rng.integers(0, 256, (count, side, side, 4), np.uint8)
        logits, rating = session.run(['logits', 'rating'], {'image': image, 'prompt': prompt})
        with torch.inference_mode():
            expected = network(
                torch.from_numpy(image).permute(0, 3, 1, 2).float(),
                torch.from_numpy(prompt).permute(0, 3, 1, 2).float() / 255,
            )
        assert logits.shape == (count, 3, side // 2, side // 2)
        np.testing.assert_allclose(logits, expected.logits, atol=1e-3, rtol=1e-4)
        np.testing.assert_allclose(rating, expected.rating.sigmoid(), atol=1e-4)


def test_the_file_gives_its_network_back_and_tells_another_one_apart(network, tmp_path) -> None:
    path = tmp_path / 'net.onnx'
    first = export(network, path, 'net')
    assert architecture(path) == {'kind': 'click', 'encoder': network.encoder_name}
    assert largest_difference(restored(path), path) < 1e-3
    assert largest_difference(ClickNetwork(network.encoder_name), path) > 0.01
    assert export(network, tmp_path / 'again.onnx', 'net') == first


def test_its_ports_are_those_of_the_file_that_ships(network) -> None:
    def ports(model: onnx.ModelProto) -> list:
        return [
            (port.name, port.type.tensor_type.elem_type, dimensions(port))
            for port in (*model.graph.input, *model.graph.output)
        ]

    def dimensions(port: onnx.ValueInfoProto) -> list:
        return [d.dim_param or d.dim_value for d in port.type.tensor_type.shape.dim]

    model = to_onnx(network, 'net')
    assert ports(model) == ports(onnx.load(SHIPPED))
    assert len({node.name for node in model.graph.node}) == len(model.graph.node)
    used = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used


def test_the_network_that_ships_is_read_from_its_file() -> None:
    network = restored(SHIPPED)
    assert network.encoder_name == 'lite0'
    assert count_parameters(network) == 3_228_596
    assert largest_difference(network, SHIPPED) < 1e-3


def test_a_training_goes_on_from_a_file_and_ends_in_one(tmp_path, monkeypatch) -> None:
    from helpers.click_photos import write_pieces

    from training.click import trainer as module
    from training.click.photos import Photos

    monkeypatch.setattr(module, 'UNFOLDED_ON', 4)
    config = {'kind': 'click', 'sizes': {64: 3}, 'weights': {'discs': 1.0}}
    device = torch.device('cpu')
    photos = Photos(write_pieces(tmp_path / 'discs'), device, Settings.of(config).weights)
    trainer = ClickTrainer(config, device)
    trainer.begin_with(SHIPPED, photos)
    assert largest_difference(trainer.average, SHIPPED) < 1e-3
    variance = trainer.network.encoder.stem[1].running_var
    assert variance.std() > 0.01
    trainer.step(trainer.draw(photos), 0.5)
    trainer.save(tmp_path / 'checkpoint.pt')
    read = averaged(tmp_path / 'checkpoint.pt')
    export(read, tmp_path / 'net.onnx', 'picosam-click')
    assert largest_difference(read, SHIPPED) > 0.01
