"""A network that a host engine takes, and that does not end."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def endless(path):
    """Write a network with the right signature whose loop ends after 2⁶² rounds."""
    body = helper.make_graph(
        [
            helper.make_node('Identity', ['go_on'], ['still']),
            helper.make_node('Sin', ['before'], ['after']),
        ],
        'round',
        [
            helper.make_tensor_value_info('round', TensorProto.INT64, []),
            helper.make_tensor_value_info('go_on', TensorProto.BOOL, []),
            helper.make_tensor_value_info('before', TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info('still', TensorProto.BOOL, []),
            helper.make_tensor_value_info('after', TensorProto.FLOAT, None),
        ],
    )
    nodes = [
        helper.make_node('Cast', ['image'], ['float'], to=TensorProto.FLOAT),
        helper.make_node('ReduceMean', ['float'], ['grey'], axes=[3], keepdims=0),
        helper.make_node('Loop', ['rounds', 'yes', 'grey'], ['logits'], body=body),
    ]
    graph = helper.make_graph(
        nodes,
        'endless',
        [helper.make_tensor_value_info('image', TensorProto.UINT8, ['N', 32, 32, 3])],
        [helper.make_tensor_value_info('logits', TensorProto.FLOAT, ['N', 32, 32])],
        [
            numpy_helper.from_array(np.array(2**62, np.int64), 'rounds'),
            numpy_helper.from_array(np.array(True), 'yes'),
        ],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid('', 13)])
    onnx.save(model, path)
    return str(path)
