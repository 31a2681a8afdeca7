"""The network in 8 bits answers nearly as the one in 32."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')
onnx = pytest.importorskip('onnx')

from training.data import readers  # noqa: E402
from training.data.sampling import Mixture, Sampler  # noqa: E402
from training.evaluate import onnx_predictor  # noqa: E402
from training.export import (  # noqa: E402
    export,
    upsampling,
)
from training.export.quantise import quantise  # noqa: E402
from training.train import first_batch  # noqa: E402
from training.trainer import Trainer  # noqa: E402

CONFIG = {
    'seed': 1,
    'batch': 8,
    'learning_rate': 3e-3,
    'weight_decay': 0.0,
    'warmup': 0.0,
    'ema_decay': 0.5,
    'workers': 0,
    'network': {'position': True, 'context': True, 'quality': True},
}


@pytest.fixture(scope='module')
def crops(store):
    sampler = Sampler(readers.read_source(store, 'coco_train'), {'coco_train': 1.0}, Mixture(), 0)
    return first_batch(sampler, 8)


@pytest.fixture(scope='module')
def files(crops, tmp_path_factory):
    """A network that has learnt a little, in 32 and in 8 bits."""
    trainer = Trainer(CONFIG)
    for _ in range(12):
        trainer.step(crops, progress=0.0)
    folder = tmp_path_factory.mktemp('quantised')
    export(trainer.average.eval(), folder / 'fp32.onnx', 'fp32')
    quantise(folder / 'fp32.onnx', folder / 'int8.onnx', list(crops.image.numpy()))
    return folder / 'fp32.onnx', folder / 'int8.onnx'


def test_the_masks_are_nearly_the_same(files, crops) -> None:
    exact, rounded = (onnx_predictor(file)(crops.image.numpy()) > 0 for file in files)
    assert (exact & rounded).sum() / (exact | rounded).sum() > 0.93


def test_weights_take_a_quarter_of_the_room(files) -> None:
    fp32, int8 = (file.stat().st_size for file in files)
    assert int8 < 0.4 * fp32


def test_activations_are_unsigned_and_weights_signed_by_channel(files) -> None:
    graph = onnx.load(files[1]).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    [weight] = [name for name in constants if name == 'bottleneck.pointwise.weight_quantized']
    assert constants[weight].data_type == onnx.TensorProto.INT8
    scales = constants['bottleneck.pointwise.weight_scale']
    assert list(scales.dims) == [320]
    kinds = {
        constants[node.input[2]].data_type
        for node in graph.node
        if node.op_type == 'QuantizeLinear'
    }
    assert kinds == {onnx.TensorProto.UINT8}


def test_upsampling_by_copies_changes_no_bit_and_leaves_no_resize(
    files, crops, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr('training.export.quantise.copied', lambda model: model)
    quantise(files[0], tmp_path / 'resized.onnx', list(crops.image.numpy()))
    expected, got = (
        onnx_predictor(file)(crops.image.numpy()) for file in (tmp_path / 'resized.onnx', files[1])
    )
    assert (expected == got).all()
    kinds = [
        {node.op_type for node in onnx.load(file).graph.node}
        for file in (tmp_path / 'resized.onnx', files[1])
    ]
    assert 'Resize' in kinds[0]
    assert 'Resize' not in kinds[1]


def test_a_resize_that_changes_the_scale_is_refused(files, crops, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr('training.export.quantise.copied', lambda model: model)
    quantise(files[0], tmp_path / 'resized.onnx', list(crops.image.numpy()))
    model = onnx.load(tmp_path / 'resized.onnx')
    [first, *_] = [node for node in model.graph.node if node.op_type == 'Resize']
    [after] = [node for node in model.graph.node if first.output[0] in node.input]
    other = onnx.numpy_helper.from_array(np.float32(7), 'another_scale')
    model.graph.initializer.append(other)
    after.input[1] = 'another_scale'
    with pytest.raises(ValueError, match='does not keep the scale'):
        upsampling.copied(model)


def test_input_and_outputs_stay(files) -> None:
    exact, rounded = (onnx.load(file).graph for file in files)
    assert [port.name for port in rounded.input] == [port.name for port in exact.input]
    assert [port.name for port in rounded.output] == [port.name for port in exact.output]
