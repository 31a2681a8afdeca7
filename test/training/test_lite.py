"""The second network: its size, its beginning, and the file that is written of it."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('onnx')

import onnxruntime  # noqa: E402

from training import lite, networks  # noqa: E402
from training.export import export  # noqa: E402
from training.lite import LiteUNet, SameConv  # noqa: E402
from training.losses import normalise  # noqa: E402
from training.model import count_macs, count_parameters  # noqa: E402
from training.trainer import Trainer  # noqa: E402


@pytest.fixture(scope='module')
def network():
    """Random weights, and batch statistics far from the identity, as after training."""
    torch.manual_seed(0)
    network = LiteUNet()
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(layer.running_mean, -0.3, 0.3)
            torch.nn.init.uniform_(layer.running_var, 0.3, 1.0)
            torch.nn.init.uniform_(layer.weight, 0.7, 1.3)
            torch.nn.init.uniform_(layer.bias, -0.2, 0.2)
    torch.nn.init.normal_(network.prompt.weight)
    return network.eval()


def test_it_multiplies_half_as_often_as_picosam2_with_more_parameters(network) -> None:
    assert count_parameters(network) == 3_261_618
    assert round(count_macs(network) / 1e6) == 148


@pytest.mark.parametrize('size', [96, 128])
def test_the_file_answers_as_the_network_for_any_number_of_crops(network, size, tmp_path) -> None:
    sized = LiteUNet(size).eval()
    sized.load_state_dict(network.state_dict())
    export(sized, tmp_path / 'net.onnx', 'net')
    session = onnxruntime.InferenceSession(tmp_path / 'net.onnx')
    images = np.random.default_rng(1).integers(0, 256, (3, size, size, 3)).astype(np.uint8)
    with torch.inference_mode():
        expected = sized(normalise(torch.from_numpy(images)))
    for count in (1, 3):
        logits, quality = session.run(['logits', 'quality'], {'image': images[:count]})
        np.testing.assert_allclose(logits, expected.logits[:count, 0], atol=1e-3)
        np.testing.assert_allclose(quality, expected.quality[:count].sigmoid(), atol=1e-4)


def test_the_stem_and_every_stage_of_the_decoder_hear_of_the_prompt(network) -> None:
    network.zero_grad()
    network(torch.rand(1, 3, 96, 96)).logits.sum().backward()
    grads = [network.prompt.weight.grad, *(s.skip.weight.grad[:, -3:] for s in network.decoder)]
    assert all(grad.abs().max() > 0 for grad in grads)
    network.zero_grad()


def test_of_an_odd_row_of_padding_the_one_more_lies_below() -> None:
    conv = SameConv(1, 1, 3, 2, bias=False)
    torch.nn.init.ones_(conv.weight)
    with torch.inference_mode():
        answer = conv(torch.arange(16.0).reshape(1, 1, 4, 4))[0, 0]
    assert answer.tolist() == [[45, 39], [66, 50]]


def test_its_training_begins_with_the_classifier_and_goes_on_with_the_checkpoint(
    network, tmp_path, monkeypatch
) -> None:
    seen = {name: tensor.clone() for name, tensor in network.encoder.state_dict().items()}
    monkeypatch.setattr(lite, 'imagenet', lambda: {**seen, 'classifier': torch.zeros(1)})
    config = {'kind': 'lite', 'seed': 0, 'learning_rate': 1e-3, 'weight_decay': 0.0}
    trainer = Trainer(config)
    for name, tensor in trainer.network.encoder.state_dict().items():
        assert torch.equal(tensor, seen[name]), name
    trainer.save(tmp_path / 'checkpoint.pt')
    again = networks.make(config)
    again.load_state_dict(torch.load(tmp_path / 'checkpoint.pt', weights_only=True)['average'])
    assert torch.equal(again.encoder.stem[0].weight, seen['stem.0.weight'])


def test_a_kind_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="kind 'large' was given: known are picosam2, lite"):
        networks.make({'kind': 'large'})
