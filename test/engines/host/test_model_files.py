"""Which file the host engine runs, and which files it refuses."""

import numpy as np
import onnx
import pytest
from helpers.photo_clicks import answer, click_on, clicked, frame_of
from onnx import helper, numpy_helper

from picosam_ros import Prompt
from picosam_ros.engines.host import HostEngine
from picosam_ros.engines.host import engine as host
from picosam_ros.engines.host.click_network import SIDE_SHARES
from picosam_ros.errors import ModelError
from picosam_ros.models import DEFAULT_MODEL, FAST_MODEL, find_model

NEW_CLICK = len(SIDE_SHARES) + 1

SCENE = 'coffee/handle'


@pytest.fixture
def timed(monkeypatch):
    """Return a function that opens an engine while a run may take so long."""

    def open_with(slowest_ms, **options):
        monkeypatch.setattr(host, 'SLOWEST_RUN_MS', slowest_ms)
        engine = HostEngine(threads=1, **options)
        engine.open()
        return engine

    return open_with


@pytest.mark.parametrize(
    ('slowest_ms', 'model'), [(0.0, FAST_MODEL), (1e9, DEFAULT_MODEL)], ids=['slow', 'fast']
)
def test_the_processor_decides_which_network_runs_and_the_engine_says_why(timed, slowest_ms, model):
    engine = timed(slowest_ms)
    assert engine.description['model'] == model
    assert engine.description['sha256'] == find_model(model).sha256[:16]
    because = engine.description['model chosen because']
    assert because.startswith(f'{DEFAULT_MODEL} took ')
    assert because.endswith(f' ms a run; up to {slowest_ms:g} are accepted')
    assert engine.capabilities.boxes_with_points == (model == DEFAULT_MODEL)
    frame, prompt = frame_of(SCENE), click_on(SCENE)
    assert not answer(engine, frame, prompt).empty


def test_an_engine_that_opens_again_measures_again(timed, monkeypatch):
    engine = timed(0.0)
    engine.close()
    monkeypatch.setattr(host, 'SLOWEST_RUN_MS', 1e9)
    engine.open()
    assert engine.description['model'] == DEFAULT_MODEL


@pytest.mark.parametrize('model', [DEFAULT_MODEL, FAST_MODEL])
def test_a_network_that_was_named_is_never_replaced(timed, model):
    for slowest_ms in (0.0, 1e9):
        description = timed(slowest_ms, model=model).description
        assert description['model'] == model
        assert 'model chosen because' not in description


@pytest.fixture
def altered(tmp_path):
    """Return a function that writes the shipped network after a change of its graph."""

    def write(change):
        model = onnx.load(find_model(DEFAULT_MODEL).path)
        change(model.graph)
        path = tmp_path / 'mine.onnx'
        onnx.save(model, path)
        return str(path)

    return write


def fixed(side):
    """Return a change that fixes the side of the square."""

    def change(graph):
        for port in graph.input:
            for axis in port.type.tensor_type.shape.dim[1:3]:
                axis.dim_value = side
        del graph.value_info[:]

    return change


def test_a_file_of_a_fixed_size_is_run_at_that(altered, runs):
    with HostEngine(model=altered(fixed(160)), threads=1) as engine:
        runs.clear()
        assert engine.description['model'] == 'mine.onnx'
        _, _, mask = clicked(engine, SCENE)
    assert {run.side for run in runs} == {160}
    assert len(runs) == NEW_CLICK
    assert mask.logits.shape == (80, 80)
    assert mask.agreeing_points == 1


def renamed(port, name):
    """Return a change of a port's name."""

    def change(graph):
        for node in graph.node:
            node.input[:] = [name if it == port else it for it in node.input]
            node.output[:] = [name if it == port else it for it in node.output]
        for it in (*graph.input, *graph.output):
            it.name = name if it.name == port else it.name

    return change


def test_a_file_that_leaves_the_size_free_and_takes_one_alone_is_refused(altered):
    def of_96(graph):
        for node in graph.node:
            node.input[:] = ['squares' if it == 'image' else it for it in node.input]
        graph.node.insert(0, helper.make_node('Reshape', ['image', 'square'], ['squares']))
        graph.initializer.append(numpy_helper.from_array(np.array([1, 96, 96, 3]), 'square'))

    path = altered(of_96)
    with pytest.raises(ModelError) as refusal:
        HostEngine(model=path).open()
    sentence = str(refusal.value)
    assert sentence.startswith(
        f'model file {path} has the right signature, but ONNX Runtime cannot run it: '
        'export it again, with a fixed S if it takes one alone ('
    )
    assert '\n' not in sentence


def more_logits(graph):
    renamed('logits', 'three')(graph)
    graph.node.append(helper.make_node('Concat', ['three', 'three'], ['logits'], axis=1))
    for port in graph.output:
        port.name = port.name.replace('three', 'logits')
    _shape_of(graph.output, 'logits').dim[1].dim_value = 6


def flat_image(graph):
    graph.node.insert(0, helper.make_node('Reshape', ['image', 'square'], ['squares']))
    for node in graph.node[1:]:
        node.input[:] = ['squares' if it == 'image' else it for it in node.input]
    square = np.array([1, 96, 96, 3])
    graph.initializer.append(numpy_helper.from_array(square, 'square'))
    del _shape_of(graph.input, 'image').dim[1:]


def _shape_of(ports, name):
    [port] = (port for port in ports if port.name == name)
    return port.type.tensor_type.shape


@pytest.mark.parametrize(
    ('change', 'given'),
    [
        (more_logits, 'logits float32 N×6×'),
        (flat_image, 'image uint8 N, '),
        (renamed('rating', 'quality'), 'quality float32 N×3'),
        (renamed('prompt', 'clicks'), 'clicks uint8 N×S×S×4'),
    ],
    ids=['more masks', 'no square', 'another output', 'another input'],
)
def test_a_file_with_another_signature_is_refused_with_both_kinds(altered, change, given):
    path = altered(change)
    with pytest.raises(ModelError) as refusal:
        HostEngine(model=path).open()
    sentence = str(refusal.value)
    assert sentence.startswith(f'model file {path} has another signature (image uint8 N')
    assert given in sentence
    assert 'the uint8 inputs image N×S×S×3 (R, G, B) and prompt N×S×S×4' in sentence
    assert 'logits N×3×S/2×S/2 and rating N×3' in sentence
    assert '; or one uint8 input N×S×S×3' in sentence


# Answers that are no numbers


@pytest.fixture
def rooted(tiny_network, tmp_path):
    """Return a function that writes a network: logits = √(limit - red), NaN where red is higher."""

    def write(limit):
        model = onnx.load(tiny_network())
        model.graph.node.pop()
        model.graph.node.append(helper.make_node('Sub', ['limit', 'red_channel'], ['below']))
        model.graph.node.append(helper.make_node('Sqrt', ['below'], ['logits']))
        limits = numpy_helper.from_array(np.array(limit, np.float32), 'limit')
        model.graph.initializer.append(limits)
        path = tmp_path / f'rooted{limit:g}.onnx'
        onnx.save(model, path)
        return str(path)

    return write


def test_a_network_that_returns_nan_is_refused_and_the_output_named(rooted):
    with pytest.raises(ModelError, match=r"rooted-1\.onnx: .* NaN or infinity in its output 'log"):
        HostEngine(model=rooted(-1)).open()


def test_a_prompt_on_which_a_network_returns_nan_is_unanswered_and_counted(rooted):
    image = np.full((120, 160, 3), 50, np.uint8)
    image[:, 80:] = 200
    prompts = [
        Prompt.from_point(x, 60, object_id=number, roi_size=40)
        for number, x in enumerate((140, 30), 1)
    ]
    with HostEngine(model=rooted(128)) as engine:
        assert 'answers not finite' not in engine.description
        made = engine.segment(image, prompts)
        assert [mask.prompt.object_id for mask in made] == [2]
        [left] = made.unanswered
        assert left.prompt.object_id == 1
        assert "NaN or infinity in its output 'logits'" in left.reason
        assert engine.description['answers not finite'] == '1'
