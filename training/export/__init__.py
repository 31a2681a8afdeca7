"""Checkpoint to ONNX: uint8 camera pixels in, logits out; nothing to normalise outside.

`python -m training.export --checkpoint FILE --out FILE.onnx` exports the averaged weights, compares
the file with PyTorch and prints its hash.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from training import networks
from training.evaluate import onnx_predictor
from training.export import click_graph, lite_graph, picosam2_graph
from training.losses import normalise
from training.networks import Network
from training.networks.click import PROMPTS, ClickNetwork
from training.networks.lite import LiteUNet
from training.networks.picosam2 import PicoSam2

TOLERANCE = 1e-3
GRAPHS = {
    PicoSam2: picosam2_graph.to_onnx,
    LiteUNet: lite_graph.to_onnx,
    ClickNetwork: click_graph.to_onnx,
}
SHIPPED = {'picosam2': 'picosam2-96', 'lite': 'picosam-lite-96', 'click': 'picosam-click'}
# A side of squares on which a network that takes any is compared with its file.
COMPARED_AT = 96


def to_onnx(network: Network, name: str) -> onnx.ModelProto:
    """Write the network with its input and outputs as the engines expect them.

    Input `image`: uint8 [N, S, S, 3] RGB, S the network's size. Output `logits`: float32
    [N, S, S], and with a quality head `quality`: float32 [N], the IoU to expect. Those of a
    network that takes prompts: `training.export.click_graph`.
    """
    return GRAPHS[type(network)](network, name)


def averaged(checkpoint: Path) -> Network:
    """Network of a training, with its averaged weights."""
    state = torch.load(checkpoint, weights_only=True)
    network = networks.make(state['config'])
    network.load_state_dict(state['average'])
    return network.eval()


def largest_difference(network: Network, path: Path) -> float:
    """Largest difference of the logits of PyTorch and of the file, on two random pictures.

    With several masks, of the ratings, too.
    """
    if isinstance(network, ClickNetwork):
        return _largest_difference_of_candidates(network, path)
    size = network.size
    images = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), np.uint8)
    with torch.inference_mode():
        answer = network.eval()(normalise(torch.from_numpy(images)))
    expected = answer.logits[:, 0].numpy()
    return float(np.abs(onnx_predictor(path)(images) - expected).max())


def _largest_difference_of_candidates(network: ClickNetwork, path: Path) -> float:
    rng = np.random.default_rng(0)
    side = (2, COMPARED_AT, COMPARED_AT)
    image, prompt = (rng.integers(0, 256, (*side, channels), np.uint8) for channels in (3, PROMPTS))
    with torch.inference_mode():
        answer = network.eval()(
            torch.from_numpy(image).permute(0, 3, 1, 2).float(),
            torch.from_numpy(prompt).permute(0, 3, 1, 2).float() / 255,
        )
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    logits, rating = session.run(['logits', 'rating'], {'image': image, 'prompt': prompt})
    expected = answer.rating.sigmoid().numpy()
    differences = np.abs(logits - answer.logits.numpy()), np.abs(rating - expected)
    return float(max(difference.max() for difference in differences))


def export(network: Network, path: Path, name: str) -> str:
    """Write the file and check it against PyTorch.

    Returns:
        SHA-256 of the file.

    Raises:
        ValueError: the file answers otherwise than the network.

    """
    path.write_bytes(to_onnx(network.eval(), name).SerializeToString(deterministic=True))
    difference = largest_difference(network, path)
    if difference > TOLERANCE:
        raise ValueError(
            f'the logits of {path} differ by {difference:.2g} from those of PyTorch, '
            f'at most {TOLERANCE} is allowed: do not ship this file'
        )
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Export the averaged weights of a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--checkpoint', type=Path, required=True)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--name', help='of the network; by default that of the one that ships')
    arguments = parser.parse_args()
    network = averaged(arguments.checkpoint)
    name = arguments.name or SHIPPED[networks.kind_of(network)]
    digest = export(network, arguments.out, name)
    print(f'{digest}  {arguments.out} ({arguments.out.stat().st_size} bytes)')


if __name__ == '__main__':
    main()
