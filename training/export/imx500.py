"""The network for the sensor: quantised by Sony's Model Compression Toolkit, as ONNX.

`python -m training.export.imx500 --data DIR --checkpoint FILE --out picosam2-96-imx500.onnx`, in an
environment of its own (requirements-imx500.lock; `make imx500-model` makes it). What comes then,
the converter and the packager, is Sony's and runs under Sony's terms: docs/raspberry-pi.md has the
two commands.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from picosam_ros.evaluation.metrics import (
    iou,
    summary,
    table_header,
    table_row,
)
from picosam_ros.evaluation.protocols import crop96
from training import configuration
from training.data.crops import resize
from training.data.readers import Photo
from training.evaluate import held_out_photos
from training.export import averaged
from training.export.calibration import calibration_crops
from training.export.restored import restored
from training.export.sensor import for_sensor
from training.networks import Network

BATCH = 16
# What the toolkit chooses by itself with this PyTorch.
OPSET = 20


def quantise(network: Network, crops: Sequence[np.ndarray], path: Path) -> None:
    """Quantise for the sensor (8 bits, thresholds that are powers of two) and write the ONNX file.

    Args:
        network: trained.
        crops: RGB uint8 [S, S, 3] to find the ranges with.
        path: the file to write; the converter reads it.

    """
    import model_compression_toolkit as toolkit
    from edgemdt_tpc import get_target_platform_capabilities

    quantised, _ = toolkit.ptq.pytorch_post_training_quantization(
        for_sensor(network),
        batches(crops),
        target_platform_capabilities=get_target_platform_capabilities(
            tpc_version='1.0', device_type='imx500'
        ),
    )
    toolkit.exporter.pytorch_export_model(
        quantised, str(path), batches(crops), onnx_opset_version=OPSET
    )


def batches(crops: Sequence[np.ndarray]) -> Callable[[], Iterator[list[Tensor]]]:
    """What the toolkit calls a representative data set."""

    def generate() -> Iterator[list[Tensor]]:
        for start in range(0, len(crops), BATCH):
            stacked = torch.from_numpy(np.stack(crops[start : start + BATCH]))
            yield [stacked.permute(0, 3, 1, 2).float()]

    return generate


def measure(path: Path, photos: Iterable[Photo], size: int) -> dict:
    """Figures of the file, which no engine of ours runs, by the published protocol."""
    import mct_quantizers
    import onnxruntime

    session = onnxruntime.InferenceSession(
        str(path), mct_quantizers.get_ort_session_options(), providers=['CPUExecutionProvider']
    )
    [image] = session.get_inputs()
    ious, areas = [], []
    for photo in photos:
        pixels = photo.pixels()
        masks = [photo.mask(index) for index in range(len(photo.masks))]
        trials = [crop96(pixels, mask) for mask in masks]
        # All of a photo in one run: the kernels are quantised in each.
        squares = np.stack([resize(trial.frame.pixels, size) for trial in trials])
        [logits] = session.run(None, {image.name: squares.transpose(0, 3, 1, 2).astype(np.float32)})
        for trial, mask, answer in zip(trials, masks, logits[:, 0], strict=True):
            ious.append(iou(resize(answer, len(trial.truth)) > 0, trial.truth))
            areas.append(mask.sum())
    return summary(np.array(ious), np.array(areas))


def main() -> None:
    """Quantise the averaged weights of a checkpoint, or those of an exported file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--data', type=Path, required=True, help='folder of the sources, see training/README.md'
    )
    parser.add_argument(
        '--checkpoint', type=Path, required=True, help='of a training, or an exported .onnx file'
    )
    configuration.add_option(parser, default='picosam2-96.yaml')
    parser.add_argument('--out', type=Path, required=True)
    arguments = parser.parse_args()
    config = configuration.read(arguments.config)
    read = restored if arguments.checkpoint.suffix == '.onnx' else averaged
    network = read(arguments.checkpoint)
    size = network.size
    quantise(network, calibration_crops(arguments.data, config, size), arguments.out)
    print(f'{arguments.out} ({arguments.out.stat().st_size} bytes)')
    held_out = held_out_photos(arguments.data)
    if 'coco' in held_out:
        print(table_header('crop96'))
        print(table_row('held-out photos of COCO', measure(arguments.out, held_out['coco'], size)))


if __name__ == '__main__':
    main()
