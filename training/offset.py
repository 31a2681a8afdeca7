"""How far above 0 a logit must be for the best mean IoU, moved into the network's last bias.

`python -m training.offset --data DIR --config FILE.yaml --network mean.onnx --out moved.onnx`. A
pixel that is as likely as not on the object belongs into the mask where the IoU is what counts: it
costs less than it brings. The losses do not know that. It is measured on crops of the training
photos, never on held-out ones; a network that has learnt their masks by heart needs less, which
`--by` gives.
"""

import argparse
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from training import configuration
from training.data.sample import Sample
from training.evaluate import onnx_predictor
from training.train import open_crops

OFFSETS = tuple(np.arange(-1.5, 1.51, 0.125).tolist())
BATCH = 64


def best_offset(logits: np.ndarray, masks: np.ndarray) -> float:
    """What to add to logits float [N, S, S] for the best mean IoU with masks [N, S, S]."""
    truth = masks > 0

    def mean_iou(offset: float) -> float:
        answers = logits + offset > 0
        both, either = (answers & truth).sum((1, 2)), (answers | truth).sum((1, 2))
        return float((both / either).mean())

    return max(OFFSETS, key=mean_iou)


def move(network: onnx.ModelProto, offset: float) -> onnx.ModelProto:
    """Return a network of `training.export` with that added to its logits."""
    moved = onnx.ModelProto()
    moved.CopyFrom(network)
    [bias] = (tensor for tensor in moved.graph.initializer if tensor.name == 'head.bias')
    values = numpy_helper.to_array(bias) + np.float32(offset)
    bias.CopyFrom(numpy_helper.from_array(values, bias.name))
    return moved


def measured(network: Path, crops: Iterable[Sample], count: int) -> float:
    """The offset that is best on so many crops with an object."""
    samples = list(islice((sample for sample in crops if sample.mask.any()), count))
    predict = onnx_predictor(network)
    logits = [
        predict(np.stack([sample.image for sample in samples[start : start + BATCH]]))
        for start in range(0, len(samples), BATCH)
    ]
    return best_offset(np.concatenate(logits), np.stack([sample.mask for sample in samples]))


def main() -> None:
    """Write the network with the offset that is given, or the best one on drawn crops."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, help='folder with one folder a source')
    configuration.add_option(parser, default='picosam2-96.yaml')
    parser.add_argument('--network', type=Path, required=True, help='.onnx of training.export')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--crops', type=int, default=2000)
    parser.add_argument('--by', type=float, help='what to add, in place of what is measured')
    arguments = parser.parse_args()
    offset = arguments.by
    if offset is None:
        if not arguments.data:
            parser.error('neither --data nor --by was given: one of them tells the offset')
        sampler = open_crops(arguments.data, None, configuration.read(arguments.config))
        offset = measured(arguments.network, sampler.plain(), arguments.crops)
    print(f'{offset:+.3f} on the logits')
    onnx.save(move(onnx.load(arguments.network), offset), arguments.out)


if __name__ == '__main__':
    main()
