import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

from picosam_ros.engines.runtimes import load
from picosam_ros.errors import ModelError
from picosam_ros.models.onnx_file import data_files, properties_of


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
    assert properties_of(path) == {}


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


# Properties


@pytest.fixture(scope='module')
def with_properties(tiny_network, tmp_path_factory):
    """Return a function that writes a network with properties."""
    model = onnx.load(tiny_network())
    path = tmp_path_factory.mktemp('properties') / 'told.onnx'

    def write(properties):
        onnx.helper.set_model_props(model, properties)
        onnx.save(model, path)
        return path

    return write


def as_onnx_reads(path):
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


@given(st.dictionaries(st.text(max_size=9), st.text() | st.text(min_size=200), max_size=4))
def test_the_properties_are_those_that_onnx_reads(with_properties, properties):
    path = with_properties(properties)
    assert properties_of(path) == as_onnx_reads(path) == properties


def test_a_loaded_network_has_the_properties_of_its_file(with_properties):
    path = with_properties({'choice': '{}', 'schöner Name': ''})
    assert load(path, 1).properties == {'choice': '{}', 'schöner Name': ''}
    assert load(with_properties({}), 1).properties == {}


def test_the_files_properties_are_told_from_those_of_its_parts(divided):
    model = onnx.load(divided, load_external_data=False)
    model.graph.metadata_props.add(key='choice', value='of the graph')
    model.graph.node[0].metadata_props.add(key='choice', value='of a node')
    divided.write_bytes(model.SerializeToString())
    assert properties_of(divided) == {}
    model.metadata_props.add(key='choice', value='of the file')
    divided.write_bytes(model.SerializeToString())
    assert properties_of(divided) == {'choice': 'of the file'}


def test_of_a_file_that_is_cut_off_only_whole_properties_are_read(with_properties):
    properties = {f'key {n}': 'value ' * 9 * n for n in range(4)}
    path = with_properties(properties)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert properties_of(path).items() <= properties.items()


def test_a_file_that_is_missing_has_no_properties(tmp_path):
    assert properties_of(tmp_path / 'nowhere.onnx') == {}


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
