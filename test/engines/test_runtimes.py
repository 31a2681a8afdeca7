"""Each runtime where it is installed: the same network, the same picture, the same answer."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from helpers.installed import need
from onnx import TensorProto, helper

from picosam_ros.cameras.photos import open_photos
from picosam_ros.engines.host import HostEngine
from picosam_ros.engines.runtimes import RUNTIMES, OpenVinoNetwork, Port, load
from picosam_ros.errors import EngineError, ModelError
from picosam_ros.frame import Frame
from picosam_ros.models import DEFAULT_MODEL, FAST_MODEL, find_model
from picosam_ros.prompt import Box, Prompt


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    need(request.param)
    return request.param


@pytest.fixture
def counting_network(tmp_path):
    """Return a network with two outputs, of which one alone costs nothing: x + 1 and x + 2."""
    value = [helper.make_tensor_value_info('x', TensorProto.FLOAT, [2, 3])]
    names = ('one_more', 'two_more')
    graph = helper.make_graph(
        [
            helper.make_node('Add', ['x', 'one'], ['one_more']),
            helper.make_node('Add', ['one_more', 'one'], ['two_more']),
        ],
        'counting',
        value,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in names],
        [helper.make_tensor('one', TensorProto.FLOAT, [], [1.0])],
    )
    path = tmp_path / 'counting.onnx'
    onnx.save(
        helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid('', 13)]), path
    )
    return path


def test_a_network_tells_names_types_and_shapes_of_its_ports(runtime, tiny_network):
    network = load(Path(tiny_network(('N', 32, 32, 3))), 1, runtime)
    [source], [target] = network.inputs, network.outputs
    assert (source.name, source.dtype, source.shape[1:]) == ('image', 'uint8', (32, 32, 3))
    assert (target.name, target.dtype, target.shape[1:]) == ('logits', 'float32', (32, 32))
    assert isinstance(source.shape[0], str)


def test_a_port_reads_as_a_person_would_write_it():
    assert str(Port('image', 'uint8', ('N', 96, 96, 3))) == 'image uint8 N×96×96×3'
    assert str(Port('level', 'float32', ())) == 'level float32 scalar'


def test_only_what_is_wanted_comes_back_in_that_order(runtime, counting_network):
    network = load(counting_network, 1, runtime)
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    for wanted in (['two_more', 'one_more'], ['one_more'], ['two_more'], ['one_more']):
        results = network.run({'x': x}, wanted)
        for name, result in zip(wanted, results, strict=True):
            np.testing.assert_array_equal(result, x + (1 if name == 'one_more' else 2))


def test_a_result_stays_as_it_is_when_the_network_runs_again(runtime, counting_network):
    network = load(counting_network, 1, runtime)
    x = np.zeros((2, 3), np.float32)
    [before] = network.run({'x': x}, ['one_more'])
    network.run({'x': x + 9}, ['one_more'])
    np.testing.assert_array_equal(before, 1)


@pytest.fixture
def small_photo():
    """Return a real picture: in noise, which no network has learnt, roundings grow."""
    return Frame.from_array(cv2.resize(open_photos().photos[0].pixels, (160, 120)))


@pytest.fixture
def in_float32(monkeypatch):
    """Let OpenVINO compute in float32: how its bfloat16 is rounded depends on the processor."""
    monkeypatch.setitem(OpenVinoNetwork.SETTINGS, 'INFERENCE_PRECISION_HINT', 'f32')


@pytest.mark.usefixtures('in_float32')
def test_the_engine_gives_the_same_masks_with_every_runtime(runtime, small_photo):
    prompts = [Prompt.from_point(80, 60), Prompt.from_box(Box(20, 30, 99, 80), object_id=2)]
    options = {'model': FAST_MODEL, 'threads': 1}
    with HostEngine(**options) as reference, HostEngine(**options, runtime=runtime) as engine:
        assert engine.description['runtime'] == runtime
        answers = (each.segment(small_photo, prompts) for each in (reference, engine))
        for expected, mask in zip(*answers, strict=True):
            assert mask.roi == expected.roi
            assert mask.logits.dtype == np.float32
            assert mask.logits.flags.c_contiguous
            np.testing.assert_allclose(mask.logits, expected.logits, rtol=0.01, atol=0.05)
            assert np.mean(mask.to_image() != expected.to_image()) < 0.001


@pytest.mark.usefixtures('in_float32')
def test_a_network_that_takes_prompts_proposes_the_same_with_every_runtime(runtime, small_photo):
    prompts = [Prompt.from_point(80, 60, roi_size=112), Prompt.from_box(Box(20, 30, 99, 80))]
    options = {'model': DEFAULT_MODEL, 'threads': 1}
    with HostEngine(**options) as reference, HostEngine(**options, runtime=runtime) as engine:
        for prompt in prompts:
            # All of them: which one is the best, roundings may decide.
            masks = engine.candidates(small_photo, prompt)
            for expected in reference.candidates(small_photo, prompt):
                mask = min(masks, key=lambda mask: np.abs(mask.logits - expected.logits).mean())
                assert mask.roi == expected.roi
                near = np.abs(expected.logits) < 4
                assert np.abs(mask.logits - expected.logits)[near].mean() < 0.01
                assert np.mean(mask.to_image() != expected.to_image()) < 0.001


def test_the_masks_are_nearly_the_same_in_the_precision_that_the_processor_has(
    runtime, small_photo
):
    prompt = Prompt.from_box(Box(20, 30, 99, 80))
    options = {'model': DEFAULT_MODEL, 'threads': 1}
    with HostEngine(**options) as reference, HostEngine(**options, runtime=runtime) as engine:
        [expected], [mask] = (each.segment(small_photo, [prompt]) for each in (reference, engine))
        assert np.mean(mask.to_image() != expected.to_image()) < 0.05


@pytest.mark.parametrize('content', [b'', b'buy milk'], ids=['empty', 'a note'])
def test_a_file_that_is_no_network_is_refused(runtime, tmp_path, content):
    path = tmp_path / 'broken.onnx'
    path.write_bytes(content)
    with pytest.raises(ModelError) as refusal:
        load(path, 1, runtime)
    title = RUNTIMES[runtime].title
    assert str(refusal.value).startswith(f'model file {path} cannot be loaded by {title}')
    assert '\n' not in str(refusal.value)


def test_openvino_is_loaded_without_what_reports_its_use():
    need('openvino')
    program = (
        'import sys; from picosam_ros.engines.host import HostEngine\n'
        "HostEngine(runtime='openvino').open()\n"
        "print([name for name in sys.modules if 'openvino_telemetry.' in name])"
    )
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert done.stdout == '[]\n', done.stderr


def test_an_unknown_runtime_is_refused_with_the_known_ones():
    with pytest.raises(EngineError) as refusal:
        HostEngine(runtime='tpu')
    assert str(refusal.value) == f"runtime 'tpu' was given; allowed are {', '.join(RUNTIMES)}"


def test_a_misspelt_runtime_is_refused_with_the_nearest_one():
    with pytest.raises(EngineError, match=r"'opnvino' was given \(did you mean 'openvino'\?\)"):
        HostEngine(runtime='opnvino')


@pytest.mark.parametrize('name', RUNTIMES)
def test_a_runtime_that_is_not_installed_says_how_to_install_it(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EngineError, match=re.escape(f'pip install {name}')):
        load(find_model(DEFAULT_MODEL).path, 1, name)
