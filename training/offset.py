"""How far above 0 a logit must be for the best mean IoU, moved into the network's last bias.

`python -m training.offset --data DIR --config FILE.yaml --network mean.onnx --out moved.onnx`. A
pixel that is as likely as not on the object belongs into the mask where the IoU is what counts: it
costs less than it brings. The losses do not know that. It is measured on crops of the training
photos, never on held-out ones.
"""

import argparse
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from training import configuration
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


def main() -> None:
    """Write the network with the offset that is best on crops as the configuration draws them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, required=True, help='folder with one folder a source')
    configuration.add_option(parser)
    parser.add_argument('--network', type=Path, required=True, help='.onnx of training.export')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--crops', type=int, default=2000)
    arguments = parser.parse_args()
    sampler = open_crops(arguments.data, None, configuration.read(arguments.config))
    drawn = islice((sample for sample in sampler.plain() if sample.mask.any()), arguments.crops)
    samples = list(drawn)
    predict = onnx_predictor(arguments.network)
    logits = [
        predict(np.stack([sample.image for sample in samples[start : start + BATCH]]))
        for start in range(0, len(samples), BATCH)
    ]
    offset = best_offset(np.concatenate(logits), np.stack([sample.mask for sample in samples]))
    print(f'{offset:+.3f} on the logits')
    onnx.save(move(onnx.load(arguments.network), offset), arguments.out)


if __name__ == '__main__':
    main()
