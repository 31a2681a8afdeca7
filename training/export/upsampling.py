"""Twice the size in 8 bits, by copies.

ONNX Runtime's 8-bit convolutions want the channels last, and there its Resize goes value by value:
it takes a seventh of the network's time. With the channels last, twice the columns are the channels
beside themselves, and twice the rows the rows beside themselves: concatenations, which copy whole
pieces of memory. The values are the same to the bit.
"""

from collections import defaultdict

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference


def copied(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace each Resize of a quantised network, which must be nearest and by two.

    Args:
        model: QDQ, float [N, C, H, W] between the quantised tensors; N is free.

    Raises:
        ValueError: a Resize is not between tensors of one scale.

    """
    model = shape_inference.infer_shapes(model)
    graph = model.graph
    shapes = {
        value.name: [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in graph.value_info
    }
    producer = {name: node for node in graph.node for name in node.output}
    consumers = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            consumers[name].append(node)
    replaced = {}
    for node in graph.node:
        if node.op_type == 'Resize':
            before, [after] = producer[node.input[0]], consumers[node.output[0]]
            if not _alike(graph, before, after):
                raise ValueError(f'{node.name} does not keep the scale: quantise it as it is')
            _, channels, rows, columns = shapes[node.input[0]]
            sizes = channels, rows, columns
            replaced[node.name] = []
            replaced[after.name] = _copies(graph, before.input[0], after.output[0], sizes)
            if len(consumers[node.input[0]]) == 1:
                replaced[before.name] = []
    nodes = [new for node in graph.node for new in replaced.get(node.name, [node])]
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.value_info[:]
    onnx.checker.check_model(model)
    return model


def _alike(graph: onnx.GraphProto, before: onnx.NodeProto, after: onnx.NodeProto) -> bool:
    """Whether two nodes have the same scale and zero point."""
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    pairs = zip(before.input[1:], after.input[1:], strict=True)
    return all(np.array_equal(values[one], values[other]) for one, other in pairs)


def _copies(
    graph: onnx.GraphProto, source: str, target: str, sizes: tuple[int, int, int]
) -> list[onnx.NodeProto]:
    """Nodes from [N, C, H, W] to [N, C, 2H, 2W]."""
    channels, rows, columns = sizes
    shapes = {
        f'{target}.wide': np.array([-1, rows, 2 * columns, channels]),
        f'{target}.high': np.array([-1, 2 * rows, 2 * columns, channels]),
    }
    for name, shape in shapes.items():
        graph.initializer.append(numpy_helper.from_array(shape.astype(np.int64), name))
    steps = [
        ('Concat', [source, source], {'axis': 1}),
        ('Transpose', ['{}'], {'perm': [0, 2, 3, 1]}),
        ('Reshape', ['{}', f'{target}.wide'], {}),
        ('Concat', ['{}', '{}'], {'axis': 2}),
        ('Reshape', ['{}', f'{target}.high'], {}),
        ('Transpose', ['{}'], {'perm': [0, 3, 1, 2]}),
    ]
    nodes, before = [], source
    for number, (kind, inputs, attributes) in enumerate(steps):
        after = target if number == len(steps) - 1 else f'{target}.copy{number}'
        names = [name.format(before) for name in inputs]
        nodes.append(helper.make_node(kind, names, [after], after, **attributes))
        before = after
    return nodes
