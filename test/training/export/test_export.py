"""What ships answers as the network that was trained."""

import hashlib
import json

import numpy as np
import pytest

torch = pytest.importorskip('torch')
onnx = pytest.importorskip('onnx')

import yaml  # noqa: E402

from picosam_ros import Frame, Prompt, open_engine  # noqa: E402
from training.data import readers  # noqa: E402
from training.evaluate import onnx_predictor  # noqa: E402
from training.export import averaged, export, largest_difference, to_onnx  # noqa: E402
from training.export.quantise import side  # noqa: E402
from training.losses import normalise  # noqa: E402
from training.networks.picosam2 import Architecture, PicoSam2  # noqa: E402
from training.publish import publish  # noqa: E402
from training.trainer import Trainer  # noqa: E402


@pytest.fixture(
    scope='module',
    params=[
        Architecture(),
        Architecture(position=True, context=True, quality=True),
        Architecture(attention=True, upsampling='bilinear'),
        Architecture(position=True, quality=True, size=128),
    ],
    ids=['the paper', 'shipped', 'attention and bilinear', '128'],
)
def network(request, uneven):
    return uneven(PicoSam2(request.param))


def test_the_file_answers_as_the_network_for_any_number_of_crops(network, tmp_path) -> None:
    export(network, tmp_path / 'net.onnx', 'net')
    predict = onnx_predictor(tmp_path / 'net.onnx')
    size = network.architecture.size
    images = np.random.default_rng(1).integers(0, 256, (5, size, size, 3)).astype(np.uint8)
    with torch.inference_mode():
        expected = network(normalise(torch.from_numpy(images))).logits[:, 0].numpy()
    for count in (1, 5):
        logits = predict(images[:count])
        assert logits.shape == (count, size, size)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(logits, expected[:count], atol=1e-3)


def test_a_file_of_another_network_is_told_apart(network, tmp_path) -> None:
    export(network, tmp_path / 'net.onnx', 'net')
    other = PicoSam2(Architecture(size=network.architecture.size))
    assert largest_difference(other, tmp_path / 'net.onnx') > 0.01


def test_the_same_weights_give_the_same_bytes(network, tmp_path) -> None:
    first = export(network, tmp_path / 'a.onnx', 'net')
    second = export(network, tmp_path / 'b.onnx', 'net')
    assert first == second
    assert first == hashlib.sha256((tmp_path / 'a.onnx').read_bytes()).hexdigest()


def test_the_graph_carries_opset_17_names_and_the_licence_and_no_normalisation(network) -> None:
    model = to_onnx(network, 'net')
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [('', 17)]
    assert {prop.key: prop.value for prop in model.metadata_props}['license'] == 'Apache-2.0'
    told = {prop.key: prop.value for prop in model.metadata_props}['architecture']
    assert Architecture(**json.loads(told)) == network.architecture
    assert 'BatchNormalization' not in {node.op_type for node in model.graph.node}


def test_publishing_records_hash_size_and_figures_and_keeps_other_entries(
    network, store, tmp_path
) -> None:
    (tmp_path / 'models.yaml').write_text('other: {file: other.onnx}\n')
    photos = readers.read_source(store, 'ecssd')
    export(network, tmp_path / 'made.onnx', 'net')
    assert publish(tmp_path / 'made.onnx', 'net', 7, {'ecssd': photos}, tmp_path) == []
    entries = yaml.safe_load((tmp_path / 'models.yaml').read_text())
    assert entries['other'] == {'file': 'other.onnx'}
    written = (tmp_path / 'net.onnx').read_bytes()
    assert entries['net']['sha256'] == hashlib.sha256(written).hexdigest()
    assert entries['net']['size'] == len(written)
    size = network.architecture.size
    assert entries['net']['inputs'][0]['shape'] == ['N', size, size, 3]
    assert entries['net']['metrics']['ecssd']['crop96']['n'] == 24


def test_the_engine_takes_the_size_from_the_file(network, tmp_path) -> None:
    export(network, tmp_path / 'net.onnx', 'net')
    size = network.architecture.size
    assert side(tmp_path / 'net.onnx') == size
    picture = np.random.default_rng(1).integers(0, 256, (240, 320, 3), np.uint8)
    with open_engine('host', model=str(tmp_path / 'net.onnx')) as engine:
        [mask] = engine.segment(
            Frame.from_array(picture), [Prompt.from_point(160, 120, roi_size=size)]
        )
    half = size // 2
    seen = picture[120 - half : 120 + half, 160 - half : 160 + half]
    np.testing.assert_allclose(
        mask.logits, onnx_predictor(tmp_path / 'net.onnx')(seen[None])[0], atol=1e-3
    )


def test_a_checkpoint_knows_the_size_that_it_was_trained_for(tmp_path) -> None:
    config = {'seed': 1, 'learning_rate': 1e-3, 'weight_decay': 0.0, 'size': 128}
    Trainer(config).save(tmp_path / 'checkpoint.pt')
    assert averaged(tmp_path / 'checkpoint.pt').architecture.size == 128


def test_a_size_that_cannot_be_halved_four_times_is_refused() -> None:
    with pytest.raises(ValueError, match='multiple of 16'):
        Architecture.of({'size': 100})
