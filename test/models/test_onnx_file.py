import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from picosam_ros.engines.runtimes import load
from picosam_ros.errors import ModelError
from picosam_ros.models.onnx_file import data_files


@pytest.fixture
def divided(tiny_network, tmp_path):
    """Return a network whose weights are in a file beside it."""
    model = onnx.load(tiny_network())
    weights = numpy_helper.from_array(np.ones(1000, np.float32), 'weights')
    model.graph.initializer.append(weights)
    path = tmp_path / 'divided.onnx'
    onnx.save(model, path, save_as_external_data=True, location='divided.data', size_threshold=1024)
    return path


def test_the_files_with_weights_are_named(divided):
    assert data_files(divided) == (divided.parent / 'divided.data',)


def test_a_file_that_holds_its_weights_names_none(tiny_network, tmp_path):
    path = tmp_path / 'whole.onnx'
    onnx.save(onnx.load(tiny_network()), path)
    assert data_files(path) == ()


@pytest.mark.parametrize('content', [b'', b'\xff' * 40, b'no network', b'\x3a\xff'])
def test_what_is_no_network_names_none(tmp_path, content):
    path = tmp_path / 'broken.onnx'
    path.write_bytes(content)
    assert data_files(path) == ()


def test_a_file_that_is_cut_off_names_none(divided):
    whole = divided.read_bytes()
    for length in range(0, len(whole), 7):
        divided.write_bytes(whole[:length])
        assert data_files(divided) == ()


def test_a_missing_file_with_weights_is_named_first(divided):
    load(divided, 1)
    (divided.parent / 'divided.data').unlink()
    with pytest.raises(ModelError, match=r'file .*divided\.data does not exist.*divided\.onnx'):
        load(divided, 1)


@pytest.mark.parametrize('what', ['IR version', 'opset'])
def test_a_version_that_the_runtime_does_not_know_is_told_with_the_largest_it_does(
    tiny_network, tmp_path, what
):
    model = onnx.load(tiny_network())
    if what == 'opset':
        model.opset_import[0].version = 99
    else:
        model.ir_version = 99
    path = tmp_path / 'newer.onnx'
    onnx.save(model, path)
    with pytest.raises(ModelError, match=rf'{what} 99, and the largest allowed is \d+: ') as raised:
        load(path, 1)
    assert 'truncated' not in str(raised.value)
