"""Small networks with the signatures of the SAM family's exports, and their answers in NumPy.

Names, shapes and free axes are those of EdgeSAM's and SAM's scripts/export_onnx_model.py, and of
samexporter's encoder with the preprocessing inside. What they compute is ours: an embedding is the
picture averaged over 16×16 and mixed by seeded weights; a mask is a hill around every positive
point and box corner, a hollow around every negative one, and a little of the embedding.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, CELLS, LOW, CHANNELS, MASKS = 1024, 64, 256, 256, 4
# Of the labels -1 to 3: padding, background, foreground, the corners of a box.
WEIGHTS = np.array([0.5, -9.0, 6.0, 4.0, 3.0], np.float32)
WIDTHS = np.array([60, 110, 170, 240], np.float32)
BIAS = -2.0
MIX = np.random.default_rng(3).normal(0, 0.2, (CHANNELS, 3)).astype(np.float32)
BACK = np.random.default_rng(4).normal(0, 0.02, (MASKS, CHANNELS)).astype(np.float32)
CENTRES = (np.arange(LOW, dtype=np.float32) + 0.5) * (SIDE / LOW) - 0.5
MEAN = np.array([123.675, 116.28, 103.53], np.float32)
DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)


@dataclass(frozen=True)
class Pair:
    """Two files."""

    encoder: str
    decoder: str

    @property
    def options(self) -> dict[str, str]:
        """For open_engine."""
        return {'encoder': self.encoder, 'decoder': self.decoder}


def write_pair(folder, kind='edgesam', *, scores=(0.4, 0.9, 0.2, 0.6), inside=False) -> Pair:
    """Write both files: `kind` is edgesam or sam; `inside` puts preprocessing into the graph."""
    pair = Pair(str(folder / f'{kind}_encoder.onnx'), str(folder / f'{kind}_decoder.onnx'))
    write_encoder(pair.encoder, inside=inside)
    write_decoder(pair.decoder, sam=kind == 'sam', scores=scores)
    return pair


def write_encoder(path, *, inside=False, channels=CHANNELS) -> None:
    """EdgeSAM's, or samexporter's with --use-preprocess."""
    nodes, constants, source = [], [_constant('mix', MIX[:channels, :, None, None])], 'image'
    shape = [1, 3, SIDE, SIDE]
    if inside:
        shape = ['image_height', 'image_width', 3]
        nodes, more = _preprocessing()
        constants += more
        source = 'padded'
    nodes += [
        helper.make_node(
            'AveragePool', [source], ['cells'], kernel_shape=[16, 16], strides=[16, 16]
        ),
        helper.make_node('Conv', ['cells', 'mix'], ['image_embeddings']),
    ]
    name = 'input_image' if inside else 'image'
    if inside:
        nodes[0].input[0] = name
    outputs = [('image_embeddings', [1, channels, CELLS, CELLS])]
    _save(path, nodes, [(name, shape)], outputs, constants)


def write_decoder(path, *, sam=False, scores=(0.4, 0.9, 0.2, 0.6)) -> None:
    """EdgeSAM's; or SAM's, whose mask grows by half of an earlier one."""
    masks, extra = ('low_res_masks', 'iou_predictions') if sam else ('masks', 'scores')
    count = len(scores)
    inputs = [
        ('image_embeddings', [1, CHANNELS, CELLS, CELLS]),
        ('point_coords', [1, 'num_points', 2]),
        ('point_labels', [1, 'num_points']),
    ]
    outputs = [(extra, [1, count]), (masks, [1, count, LOW, LOW])]
    nodes, constants = _hills(count)
    constants.append(_constant('given_scores', np.array([scores], np.float32)))
    nodes.append(helper.make_node('Identity', ['given_scores'], [extra]))
    if sam:
        inputs += [
            ('mask_input', [1, 1, LOW, LOW]),
            ('has_mask_input', [1]),
            ('orig_im_size', [2]),
        ]
        outputs = [('masks', [1, count, 'height', 'width']), outputs[0], outputs[1]]
        nodes += _earlier(masks)
        constants.append(_constant('half', np.float32(0.5)))
        constants.append(_constant('leading', np.array([1, count], np.int64)))
        constants.append(_constant('no_scales', np.zeros(0, np.float32)))
    else:
        nodes.append(helper.make_node('Identity', ['hills'], [masks]))
    _save(path, nodes, inputs, outputs, constants)


def normalised(pixels) -> np.ndarray:
    """What an encoder must be given for a picture whose long side is 1024."""
    height, width = pixels.shape[:2]
    padded = np.zeros((1, 3, SIDE, SIDE), np.float32)
    padded[0, :, :height, :width] = ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1)
    return padded


def embedding(padded) -> np.ndarray:
    """What the encoder makes of that."""
    cells = padded[0].reshape(3, CELLS, 16, CELLS, 16).mean((2, 4))
    return np.einsum('ck,khw->chw', MIX, cells)[None]


def low_masks(values, points, labels, *, count=MASKS, earlier=None) -> np.ndarray:
    """What the decoder makes of an embedding and N×2 points with N labels: count×256×256."""
    masks = np.einsum('mc,chw->mhw', BACK[:count], values[0]).repeat(4, 1).repeat(4, 2) + BIAS
    for (x, y), label in zip(points, labels, strict=True):
        squared = (CENTRES[None, :] - x) ** 2 + (CENTRES[:, None] - y) ** 2
        hills = np.exp(-squared[None] / (2 * WIDTHS[:count, None, None] ** 2))
        masks = masks + WEIGHTS[int(label) + 1] * hills
    return masks if earlier is None else masks + earlier / 2


def _hills(count):
    """Mask k: a sum over the points of weight · exp(-(dx² + dy²) / 2 width²), and the embedding."""
    constants = [
        _constant('weights', WEIGHTS),
        _constant('one', np.float32(1)),
        _constant('columns', CENTRES[None, None, None, :]),
        _constant('rows', CENTRES[None, None, :, None]),
        _constant('narrow', (-0.5 / WIDTHS[:count] ** 2)[:, None, None, None].astype(np.float32)),
        _constant('bias', np.float32(BIAS)),
        _constant('back', BACK[:count, :, None, None]),
        _constant('scales', np.array([1, 1, 4, 4], np.float32)),
        _constant('x', np.int64(0)),
        _constant('y', np.int64(1)),
        _constant('last_two', np.array([2, 3], np.int64)),
        _constant('points_axis', np.array([1], np.int64)),
        _constant('first_axis', np.array([0], np.int64)),
    ]

    nodes = [
        _node('Add', 'point_labels one', 'shifted'),
        _node('Cast', 'shifted', 'index', to=TensorProto.INT64),
        _node('Gather', 'weights index', 'weight'),
        _node('Unsqueeze', 'weight last_two', 'weight4'),
        *(
            made
            for axis, grid in (('x', 'columns'), ('y', 'rows'))
            for made in (
                _node('Gather', f'point_coords {axis}', f'{axis}_of', axis=2),
                _node('Unsqueeze', f'{axis}_of last_two', f'{axis}4'),
                _node('Sub', f'{grid} {axis}4', f'd{axis}'),
                _node('Mul', f'd{axis} d{axis}', f'd{axis}2'),
            )
        ),
        _node('Add', 'dx2 dy2', 'squared'),
        _node('Mul', 'squared narrow', 'exponent'),
        _node('Exp', 'exponent', 'hill'),
        _node('Mul', 'hill weight4', 'weighted'),
        _node('ReduceSum', 'weighted points_axis', 'summed', keepdims=0),
        _node('Unsqueeze', 'summed first_axis', 'summed4'),
        _node('Conv', 'image_embeddings back', 'background'),
        helper.make_node(
            'Resize',
            ['background', '', 'scales'],
            ['enlarged'],
            mode='nearest',
            coordinate_transformation_mode='asymmetric',
            nearest_mode='floor',
        ),
        _node('Add', 'summed4 enlarged', 'unbiased'),
        _node('Add', 'unbiased bias', 'hills'),
    ]
    return nodes, constants


def _earlier(masks):
    """SAM's further inputs: the earlier mask, and the masks at the size of the picture."""
    return [
        _node('Mul', 'mask_input half', 'halved'),
        _node('Mul', 'halved has_mask_input', 'used'),
        _node('Add', 'hills used', masks),
        _node('Cast', 'orig_im_size', 'size', to=TensorProto.INT64),
        _node('Concat', 'leading size', 'sizes', axis=0),
        helper.make_node('Resize', [masks, '', 'no_scales', 'sizes'], ['masks'], mode='linear'),
    ]


def _preprocessing():
    """H×W×3 of 0 to 255 to the padded 1×3×1024×1024."""
    constants = [
        _constant('mean', MEAN),
        _constant('deviation', DEVIATION),
        _constant('full', np.array([3, SIDE, SIDE], np.int64)),
        _constant('zeros3', np.zeros(3, np.int64)),
        _constant('batch_axis', np.array([0], np.int64)),
    ]
    nodes = [
        _node('Sub', 'input_image mean', 'centred'),
        _node('Div', 'centred deviation', 'scaled'),
        _node('Transpose', 'scaled', 'planes', perm=[2, 0, 1]),
        _node('Shape', 'planes', 'present'),
        _node('Sub', 'full present', 'lacking'),
        _node('Concat', 'zeros3 lacking', 'pads', axis=0),
        _node('Pad', 'planes pads', 'padded3'),
        _node('Unsqueeze', 'padded3 batch_axis', 'padded'),
    ]
    return nodes, constants


def _node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def _constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def _save(path, nodes, inputs, outputs, constants) -> None:
    def described(pairs):
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in pairs]

    graph = helper.make_graph(nodes, 'exported', described(inputs), described(outputs), constants)
    opset = [helper.make_opsetid('', 13)]
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=opset), path)
