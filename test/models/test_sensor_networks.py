"""The sensor's networks hold nothing but what is publicly said to run in an IMX500.

Sony's converter is not run here. What it takes is told by, of most authority first:

* https://developer.aitrios.sony-semicon.com/en/docs/raspberry-pi-ai-camera/imx500-converter, the
  converter's manual. It could not be read for this test: the list below is that of the others.
* edge-mdt-tpc 1.3.0, Sony's description of the sensor, `tpc_v1_0.py`: convolution, ReLU, ReLU6 and
  addition by name; 8 bits for activations and kernels, thresholds of activations that are powers of
  two, kernels symmetric by channel, biases left in floating point; constants of an addition are not
  quantised. https://github.com/SonySemiconductorSolutions/aitrios-edge-mdt-tpc tests it with the
  converter 3.18 and the toolkit 2.5, on MobileNetV2: `tests/network_deployment_tests.py`.
* https://docs.ultralytics.com/integrations/sony-imx500: YOLOv8n and YOLO11n run there by the same
  way, with nearest upsampling by two and concatenation of channels.
* https://github.com/raspberrypi/imx500-models: they ship there, and so do DeepLabV3+, with dilated
  convolutions, and SqueezeNet 1.0, with kernels of 7x7 and strides of 2.
* https://pypi.org/project/edge-mdt/ 1.3.0 asks for model-compression-toolkit 2.5.1, which asks for
  mct-quantizers 1.6.0.
* The opset is what that toolkit chooses (`DEFAULT_ONNX_OPSET_VERSION` with PyTorch 2.4 or newer).
* https://github.com/SonySemiconductorSolutions/mct-model-optimization/issues/1271: the converter
  refuses nodes without a name.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import picosam_ros.models

FOLDER = Path(picosam_ros.models.__file__).parent / 'imx500'
FILES = sorted(FOLDER.glob('*.onnx'))
QUANTISED = 'ActivationPOTQuantizer'
QUANTISER = {'mctq_version': (b'1.6.0',), 'num_bits': (8,)}
# Attributes of each operator and the values that each may have; None is any.
OPERATORS: dict[tuple[str, str], dict[str, tuple | None]] = {
    ('', 'Constant'): {'value': None},
    ('', 'Conv'): {
        'dilations': ([1, 1], [2, 2]),
        'group': None,
        'kernel_shape': ([1, 1], [3, 3], [5, 5], [7, 7]),
        'pads': ([0] * 4, [1] * 4, [2] * 4, [3] * 4),
        'strides': ([1, 1], [2, 2]),
    },
    ('', 'Relu'): {},
    ('', 'Clip'): {},
    ('', 'Add'): {},
    ('', 'Concat'): {'axis': (1,)},
    ('', 'Resize'): {
        'coordinate_transformation_mode': (b'asymmetric',),
        'cubic_coeff_a': None,
        'mode': (b'nearest',),
        'nearest_mode': (b'floor',),
    },
    ('mct_quantizers', QUANTISED): QUANTISER | {'signed': (0, 1), 'threshold': None},
    ('mct_quantizers', 'WeightsSymmetricQuantizer'): QUANTISER
    | {'signed': (1,), 'per_channel': (1,), 'channel_axis': (0,)},
}


@pytest.fixture(scope='module', params=FILES, ids=lambda file: file.stem)
def model(request: pytest.FixtureRequest) -> onnx.ModelProto:
    return onnx.load(request.param)


def attributes(node: onnx.NodeProto) -> dict:
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Initialisers and constant nodes, by the name of the tensor."""
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    return values | {
        node.output[0]: numpy_helper.to_array(attributes(node)['value'])
        for node in model.graph.node
        if node.op_type == 'Constant'
    }


def problems(model: onnx.ModelProto) -> Iterator[str]:
    """What stands in a graph and not in the list above, a line each."""
    for node in model.graph.node:
        allowed = OPERATORS.get((node.domain, node.op_type))
        if allowed is None:
            yield f'{node.name}: operator {node.domain}:{node.op_type}'
            continue
        if not node.name:
            yield f'{node.op_type} without a name'
        for name, value in attributes(node).items():
            if name not in allowed or (allowed[name] is not None and value not in allowed[name]):
                yield f'{node.name}: {node.op_type} with {name}={value}'
    for name, values in constants(model).items():
        if values.dtype != np.float32:
            yield f'{name}: constant of {values.dtype}'
    for port in [*model.graph.input, *model.graph.output]:
        if port.type.tensor_type.elem_type != TensorProto.FLOAT:
            yield f'{port.name}: not float32'
    yield from unquantised(model)


def unquantised(model: onnx.ModelProto) -> Iterator[str]:
    """Data of an operator that no quantiser gave, which a constant map is, too."""
    makers = {name: node.op_type for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        data = {'Add': node.input, 'Concat': node.input, 'Conv': node.input[:1]}
        for name in data.get(node.op_type, node.input[:1] if node.op_type == 'Resize' else ()):
            if makers.get(name) != QUANTISED:
                yield f'{node.name}: {node.op_type} of {name}, which is not quantised'
        if node.op_type == 'Conv' and makers.get(node.input[1]) != 'WeightsSymmetricQuantizer':
            yield f'{node.name}: its kernel is not quantised'


def test_two_networks_ship() -> None:
    assert [file.stem for file in FILES] == ['picosam-lite-96-imx500', 'picosam2-96-imx500']


def test_nothing_stands_in_the_graph_that_is_not_known_to_run_in_the_sensor(model) -> None:
    assert list(problems(model)) == []


def test_the_opset_is_that_of_the_toolkit(model) -> None:
    assert {entry.domain: entry.version for entry in model.opset_import} == {
        '': 20,
        'mct_quantizers': 1,
    }


def test_thresholds_of_activations_are_powers_of_two(model) -> None:
    thresholds = [
        attributes(node)['threshold'] for node in model.graph.node if node.op_type == QUANTISED
    ]
    assert all(np.frexp(threshold)[0] == 0.5 for threshold in thresholds)


def test_it_takes_pixels_of_0_to_255_and_its_logits_have_steps_of_an_eighth(model) -> None:
    [taken], [given] = model.graph.input, model.graph.output
    assert [axis.dim_value for axis in taken.type.tensor_type.shape.dim] == [0, 3, 96, 96]
    first = next(node for node in model.graph.node if taken.name in node.input)
    last = next(node for node in model.graph.node if given.name in node.output)
    assert first.op_type == last.op_type == QUANTISED
    assert (attributes(first)['threshold'], attributes(first)['signed']) == (256, 0)
    assert (attributes(last)['threshold'] / 2**7, attributes(last)['signed']) == (1 / 8, 1)


@pytest.mark.parametrize(
    ('change', 'problem'),
    [
        (lambda graph: setattr(node_of(graph, 'Relu'), 'op_type', 'Softplus'), 'Softplus'),
        (lambda graph: setattr(node_of(graph, 'Resize').attribute[0], 's', b'half_pixel'), 'half'),
        (lambda graph: setattr(node_of(graph, 'Conv'), 'name', ''), 'without a name'),
        (lambda graph: add_map(graph, np.float32), 'not quantised'),
        (lambda graph: add_map(graph, np.float64), 'float64'),
    ],
    ids=['operator', 'attribute', 'name', 'constant map', 'dtype'],
)
def test_what_is_not_known_to_run_there_is_found(model, change, problem) -> None:
    spoiled = onnx.ModelProto()
    spoiled.CopyFrom(model)
    change(spoiled.graph)
    assert any(problem in line for line in problems(spoiled))


def node_of(graph: onnx.GraphProto, kind: str) -> onnx.NodeProto:
    return next(node for node in graph.node if node.op_type == kind)


def add_map(graph: onnx.GraphProto, dtype: type) -> None:
    """Put a constant in place of what one addition adds."""
    graph.initializer.append(numpy_helper.from_array(np.zeros((1, 40, 96, 96), dtype), 'map'))
    node_of(graph, 'Add').input[1] = 'map'
