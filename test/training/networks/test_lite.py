"""The second network: its size, its beginning, and the file that is written of it."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('onnx')

import onnxruntime  # noqa: E402

from training import networks  # noqa: E402
from training.export import export  # noqa: E402
from training.losses import normalise  # noqa: E402
from training.networks import lite  # noqa: E402
from training.networks.lite import (  # noqa: E402
    BLOCKS,
    FEWEST,
    LiteUNet,
    SameConv,
)
from training.networks.picosam2 import count_macs, count_parameters  # noqa: E402
from training.trainer import Trainer  # noqa: E402

CONFIG = {'kind': 'lite', 'seed': 0, 'learning_rate': 1e-3, 'weight_decay': 0.0}


@pytest.fixture(scope='module', params=[FEWEST, BLOCKS])
def network(request, uneven):
    torch.manual_seed(0)
    return uneven(LiteUNet(blocks=request.param))


def test_what_ships_has_fewer_parameters_than_picosam2_and_multiplies_less() -> None:
    network = LiteUNet(blocks=FEWEST)
    assert count_parameters(network) == 1_199_026
    assert round(count_macs(network) / 1e6) == 129


@pytest.mark.parametrize('blocks', [FEWEST - 1, BLOCKS + 1])
def test_another_number_of_blocks_is_refused_with_what_is_allowed(blocks) -> None:
    with pytest.raises(ValueError, match=f'{blocks} was given: it must be 12 to 16'):
        LiteUNet(blocks=blocks)


def test_a_shallower_one_is_initialised_from_a_deeper_one(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(networks, 'make_initialised', networks.make)
    deep, shallow = (Trainer({**CONFIG, 'blocks': blocks}) for blocks in (BLOCKS, FEWEST))
    deep.save(tmp_path / 'deep.pt')
    own = {name: value.clone() for name, value in shallow.network.state_dict().items()}
    anew = shallow.initialise_from(tmp_path / 'deep.pt', None)
    assert anew == ['decoder.0.narrow.weight', 'quality.mix.weight']
    given = deep.network.state_dict()
    for name, value in shallow.network.state_dict().items():
        fits = given[name].shape == value.shape
        assert torch.equal(value, given[name] if fits else own[name]), name
    assert torch.equal(
        shallow.network.decoder[4].narrow.weight, deep.network.decoder[4].narrow.weight
    )


def test_a_checkpoint_of_another_kind_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(networks, 'make_initialised', networks.make)
    Trainer({**CONFIG, 'kind': 'picosam2'}).save(tmp_path / 'picosam2.pt')
    with pytest.raises(ValueError, match='of the kind picosam2, and lite is to be trained'):
        Trainer(CONFIG).initialise_from(tmp_path / 'picosam2.pt', None)


@pytest.mark.parametrize('size', [96, 128])
def test_the_file_answers_as_the_network_for_any_number_of_crops(network, size, tmp_path) -> None:
    sized = LiteUNet(size, network.blocks).eval()
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
    config = {**CONFIG, 'blocks': network.blocks}
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
