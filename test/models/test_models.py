import hashlib
from dataclasses import replace

import onnxruntime
import pytest

from picosam_ros.errors import ModelError
from picosam_ros.models import (
    DEFAULT_MODEL,
    FOLDER,
    find_model,
    shipped_models,
)


@pytest.mark.parametrize('name', shipped_models())
def test_every_network_that_ships_is_the_one_that_models_yaml_names(name):
    model = find_model(name)
    model.check()
    assert model.name == name
    assert model.path.parent == FOLDER
    assert hashlib.sha256(model.path.read_bytes()).hexdigest() == model.sha256
    assert model.licence == shipped_models()[name]['licence']
    assert model.licence


@pytest.mark.parametrize('name', shipped_models())
def test_models_yaml_tells_size_and_signature_of_every_network_that_ships(name):
    entry, model = shipped_models()[name], find_model(name)
    assert entry['size'] == model.path.stat().st_size
    session = onnxruntime.InferenceSession(str(model.path), providers=['CPUExecutionProvider'])
    for told, ports in (
        (entry['inputs'], session.get_inputs()),
        (entry['outputs'], session.get_outputs()),
    ):
        assert [(port['name'], port['shape']) for port in told] == [
            (port.name, port.shape) for port in ports
        ]
    assert {port['dtype'] for port in entry['inputs']} == {'uint8'}


def test_every_network_in_the_folder_is_named_in_models_yaml():
    named = {entry['file'] for entry in shipped_models().values()}
    assert {path.name for path in FOLDER.glob('*.onnx')} == named


def test_the_default_ships():
    assert DEFAULT_MODEL in shipped_models()


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ModelError) as refusal:
        find_model('sam3')
    sentence = str(refusal.value)
    assert sentence.startswith("model 'sam3' was given; known names are ")
    assert all(name in sentence for name in shipped_models())
    assert sentence.endswith('or give the path of an .onnx file')


def test_a_path_is_the_users_own_network_whose_hash_is_read_from_the_file(tmp_path):
    path = tmp_path / 'mine.onnx'
    path.write_bytes(b'anything')
    model = find_model(str(path))
    assert (model.name, model.path, model.sha256) == ('mine.onnx', path, '')
    model.check()
    assert model.digest == hashlib.sha256(b'anything').hexdigest()
    assert not find_model(str(tmp_path / 'gone.onnx')).digest


def test_a_network_that_is_not_there_is_refused_even_if_it_is_a_folder(tmp_path):
    (tmp_path / 'folder.onnx').mkdir()
    for name in ('folder.onnx', 'gone.onnx'):
        with pytest.raises(ModelError, match=f'model file .*{name} does not exist; known names'):
            find_model(str(tmp_path / name)).check()


def test_one_altered_byte_is_found(tmp_path):
    shipped = find_model(DEFAULT_MODEL)
    content = bytearray(shipped.path.read_bytes())
    content[len(content) // 2] ^= 1
    altered = replace(shipped, path=tmp_path / 'altered.onnx')
    altered.path.write_bytes(content)
    with pytest.raises(ModelError) as refusal:
        altered.check()
    sentence = str(refusal.value)
    assert hashlib.sha256(content).hexdigest()[:16] in sentence
    assert shipped.sha256[:16] in sentence
    assert 'reinstall the package, or give the path of your own network' in sentence
