"""ClickNetwork as an ONNX graph: a square and its prompt in, three masks and their ratings out.

Beside the number of squares their side is free, too: any multiple of 32.
"""

import numpy as np
import onnx
import torch
from onnx import TensorProto
from torch import nn

from training.export.graph import UPSAMPLING, to_model
from training.export.lite_graph import LiteGraph
from training.networks.click import MASKS, PROMPTS, ClickNetwork, Rating, Up

INPUTS = {'image': ['N', 'S', 'S', 3], 'prompt': ['N', 'S', 'S', PROMPTS]}
# The rating's convolution in three parts, for features of S/32, S/16 and S/8.
MIXES = tuple(f'rating.mix.{part}.weight' for part in range(3))
MIXED_BIAS = 'rating.mix.2.bias'
OUTPUTS = {'logits': ['N', MASKS, 'M', 'M'], 'rating': ['N', MASKS]}


class ClickGraph(LiteGraph):
    """What prompts and several masks need beside LiteUNet's parts."""

    def __init__(self) -> None:
        super().__init__()
        self.constant('one', np.float32(1))
        self.constant('half', np.float32(0.5))
        self.constant('four', np.float32(4))
        self.constant('flat', np.array([0, 0, -1], np.int64))

    def prompts(self) -> str:
        """Bring uint8 [N, S, S, 4] to float [N, 4, S, S], 0 to 1."""
        maps = self.node('Transpose', ['prompt'], 'prompt.nchw', perm=[0, 3, 1, 2])
        maps = self.node('Cast', [maps], 'prompt.float', to=TensorProto.FLOAT)
        return self.node(
            'Div', [maps, self.constant('prompt.range', np.float32(255))], 'prompt.div'
        )

    def branch(self, maps: str, layers: nn.Sequential) -> str:
        """Add the convolutions through which the prompt enters the encoder."""
        features = self.convolution(maps, 'prompt.0', layers[0])
        features = self.node('Relu', [features], 'prompt.0_relu')
        return self.convolution(features, 'prompt.2', layers[2])

    def pool(self, source: str, name: str, side: int) -> str:
        """Add means of squares of pixels."""
        pooled = {'kernel_shape': [side, side], 'strides': [side, side]}
        return self.node('AveragePool', [source], name, **pooled)

    def grown(self, source: str, name: str, times: int) -> str:
        """Add copies: `times` as many rows and columns."""
        scales = self.constant(f'{name}.scales', np.array([1, 1, times, times], np.float32))
        return self.node('Resize', [source, '', scales], name, **UPSAMPLING['nearest'])

    def up_with_prompt(self, source: str, skipped: str, maps: str, name: str, block: Up) -> str:
        """Add a decoder stage."""
        features = self.convolution(source, f'{name}.narrow', block.narrow)
        features = self.node('Resize', [features, '', 'twice'], name, **UPSAMPLING['nearest'])
        skipped = self.node('Concat', [skipped, maps], f'{name}.prompt', axis=1)
        skipped = self.convolution(skipped, f'{name}.skip', block.skip)
        features = self.node('Concat', [features, skipped], f'{name}.concat', axis=1)
        for index, part in enumerate(block.blocks):
            features = self.block(features, f'{name}.{index}', part)
        return features

    def mixed(self, coarse: str, middle: str, fine: str, rating: Rating) -> str:
        """Mix features of S/32, S/16 and S/8, each at its own size; the sum is of S/8."""
        by_32, by_16, by_8 = (weight.detach().numpy() for weight in rating.mixes())
        fine = self.mix(fine, 'rating.mix.2', by_8, rating.mix.bias.detach().numpy())
        middle = self.grown(self.mix(middle, 'rating.mix.1', by_16), 'rating.middle', 2)
        coarse = self.grown(self.mix(coarse, 'rating.mix.0', by_32), 'rating.coarse', 4)
        total = self.node('Add', [fine, middle], 'rating.mix.fine')
        total = self.node('Add', [total, coarse], 'rating.mix')
        return self.node('Relu', [total], 'rating.mix_relu')

    def mix(
        self, source: str, name: str, weight: np.ndarray, bias: np.ndarray | None = None
    ) -> str:
        """Add a part of the convolution."""
        inputs = [source, self.constant(f'{name}.weight', weight)]
        if bias is not None:
            inputs.append(self.constant(f'{name}.bias', bias))
        return self.node('Conv', inputs, name, kernel_shape=[1, 1])

    def rating(self, mixed: str, rating: Rating) -> str:
        """Predict the IoU of each mask, float [N, 3], 0 to 1, from what is mixed."""
        masks = self.pool(self.node('Sigmoid', ['head'], 'rating.masks'), 'rating.small', 4)
        rims = self.node('Sub', ['one', masks], 'rating.others')
        rims = self.node('Mul', [masks, rims], 'rating.products')
        rims = self.node('Mul', [rims, 'four'], 'rating.rims')
        flat = self.node('Reshape', [mixed, 'flat'], 'rating.flat')
        flat = self.node('Transpose', [flat], 'rating.pixels', perm=[0, 2, 1])
        known = [
            self.mean_inside(flat, masks, 'rating.inside'),
            self.mean_inside(flat, rims, 'rating.on_rim'),
            self.everywhere(mixed, masks),
            self.mean(masks, 'rating.share'),
            self.mean(rims, 'rating.rim'),
            self.cut(masks),
            self.certainty(masks),
        ]
        seen = self.node('Concat', known, 'rating.known', axis=2)
        hidden = self.linear(seen, 'rating.hidden', rating.hidden)
        hidden = self.node('Relu', [hidden], 'rating.hidden_relu')
        rated = self.linear(hidden, 'rating.head', rating.head)
        rated = self.node('Sigmoid', [rated], 'rating.sigmoid')
        last = self.constant('rating.last', np.array([2], np.int64))
        return self.node('Squeeze', [rated, last], 'rating')

    def mean_inside(self, pixels: str, weights: str, name: str) -> str:
        """Mean of features [N, P, C] under weights [N, K, H, W] of P pixels: [N, K, C]."""
        flat = self.node('Reshape', [weights, 'flat'], f'{name}.flat')
        sums = self.node('MatMul', [flat, pixels], f'{name}.sums')
        axis = self.constant(f'{name}.axis', np.array([2], np.int64))
        total = self.node('ReduceSum', [flat, axis], f'{name}.total', keepdims=1)
        total = self.node('Add', [total, 'half'], f'{name}.weight')
        return self.node('Div', [sums, total], name)

    def everywhere(self, mixed: str, masks: str) -> str:
        """Mean of the features, the same for each mask: [N, K, C]."""
        means = self.node('ReduceMean', [mixed], 'rating.means', axes=[2, 3], keepdims=0)
        axis = self.constant('rating.masks_axis', np.array([1], np.int64))
        means = self.node('Unsqueeze', [means, axis], 'rating.mean')
        times = self.constant('rating.times', np.array([1, MASKS, 1], np.int64))
        return self.node('Expand', [means, times], 'rating.everywhere')

    def mean(self, planes: str, name: str) -> str:
        """Mean of each plane: [N, K, H, W] to [N, K, 1]."""
        means = self.node('ReduceMean', [planes], f'{name}.mean', axes=[2], keepdims=0)
        return self.node('ReduceMean', [means], name, axes=[2], keepdims=1)

    def cut(self, masks: str) -> str:
        """Mean of the four sides of each mask: [N, K, 1]."""
        first = self.constant('rating.first', np.array([0], np.int64))
        final = self.constant('rating.final', np.array([-1], np.int64))
        sides = []
        for axis, way in ((2, 'rows'), (3, 'columns')):
            for place in (first, final):
                name = f'{place}.{way}'
                side = self.node('Gather', [masks, place], name, axis=axis)
                sides.append(self.mean(side, f'{name}.share'))
        total = self.node('Sum', sides, 'rating.sides')
        return self.node('Div', [total, 'four'], 'rating.cut')

    def certainty(self, masks: str) -> str:
        """Mean distance of each mask's probabilities from one half: [N, K, 1]."""
        distance = self.node('Sub', [masks, 'half'], 'rating.distance')
        distance = self.node('Abs', [distance], 'rating.distance_abs')
        return self.mean(distance, 'rating.certainty')

    def linear(self, source: str, name: str, layer: nn.Linear) -> str:
        """Add a linear layer; its weight is stored as inputs x outputs."""
        weight = self.constant(f'{name}.weight', layer.weight.detach().numpy().T)
        bias = self.constant(f'{name}.bias', layer.bias.detach().numpy())
        features = self.node('MatMul', [source, weight], f'{name}.matmul')
        return self.node('Add', [features, bias], name)


@torch.no_grad()
def to_onnx(network: ClickNetwork, name: str) -> onnx.ModelProto:
    """Write the network; see `training.export.to_onnx`.

    Inputs `image` uint8 [N, S, S, 3] and `prompt` uint8 [N, S, S, 4], outputs `logits` float32
    [N, 3, S/2, S/2] and `rating` float32 [N, 3].
    """
    graph = ClickGraph()
    maps = graph.prompts()
    entering = graph.branch(maps, network.prompt)
    *shallow, deepest = graph.encoder(graph.pixels(), network.encoder, entering, 'prompted')
    prompts = [graph.pool(maps, 'prompt.half', 2)]
    for number in range(1, len(shallow)):
        prompts.append(graph.pool(prompts[-1], f'prompt.half.{number}', 2))
    by_8 = prompts[2]
    features, kept = deepest, []
    for index, block in enumerate(network.decoder):
        skipped, maps = shallow.pop(), prompts.pop()
        features = graph.up_with_prompt(features, skipped, maps, f'up.{index}', block)
        kept.append(features)
    graph.convolution(features, 'head', network.head)
    graph.node('Identity', ['head'], 'logits')
    fine = graph.node('Concat', [kept[1], by_8], 'rating.fine', axis=1)
    graph.rating(graph.mixed(deepest, kept[0], fine, network.rating), network.rating)
    about = {'kind': 'click', 'encoder': network.encoder_name}
    prompt = 'positive points, negative points, previous mask, box'
    return to_model(graph, name, INPUTS, OUTPUTS, about, prompt)
