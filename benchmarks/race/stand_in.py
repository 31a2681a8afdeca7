"""Networks as large as EdgeSAM's, with random weights: the user's own files cannot ship.

Signatures are those of EdgeSAM's export, widths and depths those of the papers (RepViT-M1,
arXiv 2307.09283; the decoder of SAM, arXiv 2304.02643): the speed depends on these alone. Masks
are noise. The code is our own; normalisations, which the exports fold or spend little on, are left
out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, DIM, HEADS, MLP, MASKS = 1024, 256, 8, 2048, 4
NAMES = 'stand_in_encoder.onnx', 'stand_in_decoder.onnx'
STAGES = ((48, 2), (96, 2), (192, 14), (384, 2))


def write(folder: Path) -> tuple[str, str]:
    """Write encoder and decoder; return their paths."""
    encoder, decoder = (folder / name for name in NAMES)
    onnx.save(_encoder(), encoder)
    onnx.save(_decoder(), decoder)
    return str(encoder), str(decoder)


class Graph:
    """ONNX nodes and seeded weights in the making; every method returns the name of its output."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def model(
        self, inputs: dict[str, list[int | str]], outputs: dict[str, list[int]]
    ) -> onnx.ModelProto:
        """Return the finished model."""
        ends = [
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in ports.items()]
            for ports in (inputs, outputs)
        ]
        graph = helper.make_graph(self._nodes, 'stand_in', *ends, self._weights)
        return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid('', 17)])

    def node(self, kind: str, *inputs: str, name: str = '', **attributes: object) -> str:
        output = name or f'{kind}{len(self._nodes)}'
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, values: object, dtype: type = np.float32) -> str:
        name = f'constant{len(self._weights)}'
        self._weights.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def weight(self, *shape: int, inputs: int) -> str:
        return self.constant(self._random.normal(0, inputs**-0.5, shape))

    def convolution(
        self, x: str, source: int, target: int, kernel: int, stride: int = 1, group: int = 1
    ) -> str:
        weight = self.weight(
            target, source // group, kernel, kernel, inputs=source // group * kernel**2
        )
        around = [kernel // 2] * 4
        return self.node('Conv', x, weight, strides=[stride] * 2, pads=around, group=group)

    def gelu(self, x: str) -> str:
        error = self.node('Erf', self.node('Div', x, self.constant(2**0.5)))
        half = self.node('Mul', x, self.constant(0.5))
        return self.node('Mul', half, self.node('Add', error, self.constant(1)))

    def linear(self, x: str, source: int, target: int) -> str:
        return self.node('MatMul', x, self.weight(source, target, inputs=source))

    def attention(self, queries: str, keys: str, values: str, width: int) -> str:
        """Eight heads over 1×N×256, `width` channels in all."""
        depth = width // HEADS
        split = self.constant([1, -1, HEADS, depth], np.int64)
        parts = [
            self.node('Reshape', self.linear(x, DIM, width), split) for x in (queries, keys, values)
        ]
        q, v = (self.node('Transpose', parts[i], perm=[0, 2, 1, 3]) for i in (0, 2))
        k = self.node('Transpose', parts[1], perm=[0, 2, 3, 1])
        scores = self.node('Div', self.node('MatMul', q, k), self.constant(depth**0.5))
        mixed = self.node('MatMul', self.node('Softmax', scores, axis=-1), v)
        mixed = self.node('Transpose', mixed, perm=[0, 2, 1, 3])
        joined = self.node('Reshape', mixed, self.constant([1, -1, width], np.int64))
        return self.node('Add', queries, self.linear(joined, width, DIM))


def _encoder() -> onnx.ModelProto:
    graph, width = Graph(), STAGES[0][0]
    x = graph.gelu(graph.convolution('image', 3, width // 2, 3, 2))
    x = graph.convolution(x, width // 2, width, 3, 2)
    kept = {}
    for target, depth in STAGES:
        if target != width:
            x = graph.convolution(x, width, width, 3, 2, group=width)
            x = graph.convolution(x, width, target, 1)
            width = target
        for _ in range(depth):
            x = graph.convolution(x, width, width, 3, group=width)
            hidden = graph.gelu(graph.convolution(x, width, 2 * width, 1))
            x = graph.node('Add', x, graph.convolution(hidden, 2 * width, width, 1))
        kept[width] = x
    coarse = graph.convolution(kept[384], 384, DIM, 1)
    scales = graph.constant([1, 1, 2, 2])
    larger = graph.node('Resize', coarse, '', scales, mode='linear')
    fused = graph.node('Add', larger, graph.convolution(kept[192], 192, DIM, 1))
    graph.node('Identity', graph.convolution(fused, DIM, DIM, 3), name='image_embeddings')
    return graph.model({'image': [1, 3, SIDE, SIDE]}, {'image_embeddings': [1, DIM, 64, 64]})


def _decoder() -> onnx.ModelProto:
    graph = Graph()
    tokens = _tokens(graph)
    flat = graph.node('Reshape', 'image_embeddings', graph.constant([1, DIM, -1], np.int64))
    image = graph.node('Transpose', flat, perm=[0, 2, 1])
    for _ in range(2):
        tokens = graph.attention(tokens, tokens, tokens, DIM)
        tokens = graph.attention(tokens, image, image, DIM // 2)
        hidden = graph.node('Relu', graph.linear(tokens, DIM, MLP))
        tokens = graph.node('Add', tokens, graph.linear(hidden, MLP, DIM))
        image = graph.attention(image, tokens, tokens, DIM // 2)
    tokens = graph.attention(tokens, image, image, DIM // 2)
    _masks(graph, tokens, image)
    inputs: dict[str, list[int | str]] = {
        'image_embeddings': [1, DIM, 64, 64],
        'point_coords': [1, 'num_points', 2],
        'point_labels': [1, 'num_points'],
    }
    return graph.model(inputs, {'scores': [1, MASKS], 'masks': [1, MASKS, 256, 256]})


def _tokens(graph: Graph) -> str:
    """A token for the scores, one for each mask, one for each point."""
    places = graph.node('Div', 'point_coords', graph.constant(SIDE))
    waves = graph.linear(places, 2, DIM // 2)
    points = graph.node('Concat', graph.node('Sin', waves), graph.node('Cos', waves), axis=2)
    labels = graph.node('Unsqueeze', 'point_labels', graph.constant([2], np.int64))
    points = graph.node('Add', points, labels)
    return graph.node('Concat', graph.weight(1, 1 + MASKS, DIM, inputs=DIM), points, axis=1)


def _masks(graph: Graph, tokens: str, image: str) -> None:
    grid = graph.node('Transpose', image, perm=[0, 2, 1])
    grid = graph.node('Reshape', grid, graph.constant([1, DIM, 64, 64], np.int64))
    for source, target in ((DIM, 64), (64, 32)):
        weight = graph.weight(source, target, 2, 2, inputs=4 * source)
        grid = graph.gelu(graph.node('ConvTranspose', grid, weight, strides=[2, 2]))
    pixels = graph.node('Reshape', grid, graph.constant([1, 32, -1], np.int64))
    numbers = graph.constant(range(1, 1 + MASKS), np.int64)
    hidden = graph.linear(graph.node('Gather', tokens, numbers, axis=1), DIM, DIM)
    mixed = graph.node('MatMul', graph.linear(graph.node('Relu', hidden), DIM, 32), pixels)
    shape = graph.constant([1, MASKS, 256, 256], np.int64)
    graph.node('Reshape', mixed, shape, name='masks')
    first = graph.node('Gather', tokens, graph.constant(0, np.int64), axis=1)
    graph.node('Sigmoid', graph.linear(first, DIM, MASKS), name='scores')
