"""The network in 8 bits for the host: u8 activations and s8 weights, one scale a channel.

`python -m training.export.quantise --data DIR` quantises the network that ships with ONNX Runtime
(static, QDQ) and publishes `picosam2-96-int8` as `training.publish` does, or refuses. The ranges
are those of crops that training draws, without random changes: not one of the photos that it is
measured on.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from training import configuration, registry
from training.evaluate import held_out_photos
from training.export.calibration import calibration_crops
from training.export.upsampling import copied
from training.publish import publish, report
from training.registry import MODELS

# Numbers that are exact as they are, and the rating, which costs nothing. And convolutions of three
# channels at full size, which take longer in 8 bits than in floating point.
KEPT = ('input.', 'normalise', 'position', 'quality', 'stem', 'finest')


class Crops(CalibrationDataReader):
    """Crops one by one, as the quantiser asks for them."""

    def __init__(self, images: Sequence[np.ndarray]) -> None:
        self._images: Iterator[np.ndarray] = iter(images)

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self._images, None)
        return None if image is None else {'image': image[None]}


def quantise(source: Path, target: Path, crops: Sequence[np.ndarray]) -> None:
    """Write the 8-bit network.

    Args:
        source: a network of `training.export`.
        target: the file to write; same input and outputs.
        crops: RGB uint8 [S, S, 3] to find the ranges of the activations with.

    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / 'prepared.onnx'
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        names = [node.name for node in onnx.load(prepared).graph.node]
        quantize_static(
            str(prepared),
            str(target),
            Crops(crops),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            calibrate_method=CalibrationMethod.MinMax,
            nodes_to_exclude=[name for name in names if name.startswith(KEPT)],
            extra_options={'CalibMovingAverage': True},
        )
    onnx.save(copied(onnx.load(target)), target)


def side(path: Path) -> int:
    """Side of the crop that the network of a file takes."""
    [image] = onnx.load(path).graph.input
    return image.type.tensor_type.shape.dim[1].dim_value


def main() -> int:
    """Quantise, measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--data', type=Path, required=True, help='folder of the sources, see training/README.md'
    )
    configuration.add_option(parser, default='picosam2-96.yaml')
    parser.add_argument('--name', default='picosam2-96')
    parser.add_argument('--models', type=Path, default=MODELS)
    parser.add_argument('--dry-run', action='store_true', help='compare only')
    arguments = parser.parse_args()
    name, known = f'{arguments.name}-int8', registry.entries(arguments.models)
    if arguments.name not in known:
        parser.error(f'--name {arguments.name} was given: known are {", ".join(known)}')
    made_of = known[arguments.name]
    source, config = arguments.models / made_of['file'], configuration.read(arguments.config)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f'{name}.onnx'
        quantise(source, path, calibration_crops(arguments.data, config, side(source)))
        short = publish(
            path,
            name,
            made_of['parameters'],
            held_out_photos(arguments.data),
            arguments.models,
            training=[{'quantised': arguments.name, 'sha256': registry.digest(source)}],
            made_of=arguments.name,
            dry_run=arguments.dry_run,
        )
    return report(short, name, arguments.dry_run)


if __name__ == '__main__':
    raise SystemExit(main())
