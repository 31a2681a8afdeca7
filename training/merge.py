"""The mean of the weights of networks of one kind that began with the same ones.

`python -m training.merge --out mean.onnx runs/a/checkpoint.pt runs/b/checkpoint.pt [--shares 1 2]`.
What two runs have learnt differently, their mean often has both of, without a run more in use
(model soups, arXiv 2203.05482). Each file's batch normalisations are folded before.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from training.export import averaged, to_onnx


def merge(networks: Sequence[onnx.ModelProto], shares: Sequence[float]) -> onnx.ModelProto:
    """Return the first network with the mean of the weights of all.

    Args:
        networks: as `training.export` writes them.
        shares: of each, above 0.

    Raises:
        ValueError: they have not the same weights, by name and shape.

    """
    weights = [
        {tensor.name: numpy_helper.to_array(tensor) for tensor in network.graph.initializer}
        for network in networks
    ]
    first = {name: values.shape for name, values in weights[0].items()}
    for other in weights[1:]:
        shapes = {name: values.shape for name, values in other.items()}
        if different := sorted(dict(first.items() ^ shapes.items())):
            raise ValueError(
                f'{", ".join(different)} are not alike: give networks of the same architecture, '
                'written by this version of training.export'
            )
    merged = onnx.ModelProto()
    merged.CopyFrom(networks[0])
    for tensor in merged.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            values = [given[tensor.name].astype(np.float64) for given in weights]
            mean = np.average(values, axis=0, weights=shares).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(mean, tensor.name))
    return merged


def read(path: Path) -> onnx.ModelProto:
    """An exported file as it is, or a checkpoint's averaged weights, exported."""
    if path.suffix == '.onnx':
        return onnx.load(path)
    return to_onnx(averaged(path).float(), path.parent.name)


def main() -> None:
    """Write the mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('files', type=Path, nargs='+', help='checkpoint.pt or .onnx')
    parser.add_argument('--shares', type=float, nargs='+', help='one a file; else all the same')
    parser.add_argument('--out', type=Path, required=True, help='.onnx, for --init')
    arguments = parser.parse_args()
    shares = arguments.shares or [1.0] * len(arguments.files)
    if len(shares) != len(arguments.files):
        parser.error(f'--shares has {len(shares)} numbers for {len(arguments.files)} files')
    onnx.save(merge([read(file) for file in arguments.files], shares), arguments.out)


if __name__ == '__main__':
    main()
