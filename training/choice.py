"""Fit the choice among the masks that the click network proposes for a click; into its file.

`python -m training.choice --data DIR --network FILE.onnx --out runs/choice` clicks at objects of
the training photos, keeps the numbers of all proposals in `runs/choice/numbers.npz` for the next
time, fits a small network to them, and writes a copy of the network's file that has it as its
property `choice`.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import onnx
import torch
from torch import Tensor, nn
from tqdm import tqdm

from picosam_ros.engines import open_engine
from picosam_ros.engines.base import Engine
from picosam_ros.engines.host.candidates import NAMES, describe
from picosam_ros.engines.host.choice import CLIP, PROPERTY, LearntChoice
from picosam_ros.evaluation.metrics import iou
from picosam_ros.evaluation.protocols import click
from picosam_ros.frame import Frame
from picosam_ros.models import find_model
from picosam_ros.prompt import Prompt
from training import configuration
from training.data import readers
from training.data.readers import Photo

# Steepness of the shares that masks get by their IoU: what is 0.1 worse gets a third.
STEEPNESS = 12

# Entries of the configuration that the numbers depend on; the others are of the fit.
DRAWN_BY = ('seed', 'clicks', 'middle', 'least', 'weights', 'without')

# An object and a click at it: its photo, its uint8 mask, the prompt.
Drawn = tuple[Photo, np.ndarray, Prompt]


def clicks(photos: list[Photo], config: dict) -> Iterator[Drawn]:
    """Draw objects and clicks at them, without end."""
    rng = np.random.default_rng(config['seed'])
    sources = sorted({photo.source for photo in photos})
    shares = np.array([config['weights'][source] for source in sources])
    of_source = {name: [photo for photo in photos if photo.source == name] for name in sources}
    while True:
        chosen = of_source[rng.choice(sources, p=shares / shares.sum())]
        crowd = np.array([len(photo.masks) ** 0.75 for photo in chosen])
        photo = chosen[rng.choice(len(chosen), p=crowd / crowd.sum())]
        mask = photo.mask(int(rng.integers(len(photo.masks))))
        if mask.sum() < config['least']:
            continue
        x, y = click(mask) if rng.random() < config['middle'] else _anywhere(mask, rng)
        yield photo, mask, Prompt.from_point(x, y)


def _anywhere(mask: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    """Draw x, y of a pixel of the object, where it is wide enough not of its rim."""
    depth = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    rows, columns = np.nonzero(depth >= min(2, depth.max()))
    drawn = rng.integers(len(rows))
    return int(columns[drawn]), int(rows[drawn])


def collect(photos: list[Photo], network: Path, config: dict) -> tuple[np.ndarray, np.ndarray]:
    """Ask for the proposals of clicks.

    Returns:
        float32 [clicks, proposals, numbers] and their IoU with the object, [clicks, proposals].
        Images so small that two squares are one have fewer proposals and are left out.

    """
    with TemporaryDirectory() as folder:
        # The choice that it has may be for other numbers, with which no engine opens.
        bare = Path(folder) / network.name
        put_into(network, None, bare)
        with open_engine('host', model=str(bare), threads=1) as engine:
            return _proposed(engine, clicks(photos, config), config['clicks'])


def _proposed(engine: Engine, drawn: Iterator[Drawn], count: int) -> tuple[np.ndarray, np.ndarray]:
    numbers, reached = [], []
    for _ in tqdm(range(count), unit=' clicks', mininterval=10):
        photo, mask, prompt = next(drawn)
        proposals = engine.candidates(Frame.from_array(photo.pixels()), prompt)
        numbers.append(describe(proposals))
        reached.append([iou(proposal.to_image(), mask > 0) for proposal in proposals])
    most = max(map(len, numbers))
    whole = [index for index, rows in enumerate(numbers) if len(rows) == most]
    return (
        np.stack([numbers[index] for index in whole]),
        np.array([reached[index] for index in whole], np.float32),
    )


def made_of(network: Path, config: dict) -> str:
    """Tell what `collect` depends on: the network without its choice, and entries, as JSON."""
    with TemporaryDirectory() as folder:
        bare = Path(folder) / network.name
        put_into(network, None, bare)
        told = {'network': hashlib.sha256(bare.read_bytes()).hexdigest()}
    return json.dumps(told | {name: config.get(name) for name in DRAWN_BY}, sort_keys=True)


def keep(path: Path, numbers: np.ndarray, reached: np.ndarray, about: str) -> None:
    """Write what was collected, whole or not at all."""
    partial = path.with_suffix('.partial')
    with partial.open('wb') as file:
        np.savez(file, numbers=numbers, reached=reached, about=about)
    partial.replace(path)


def fit(numbers: np.ndarray, reached: np.ndarray, config: dict) -> LearntChoice:
    """Fit the choice so that the IoU to expect is as high as can be.

    Args:
        numbers: float32 [clicks, proposals, numbers].
        reached: float32 [clicks, proposals], the IoU of each.
        config: of `training/configs/choice.yaml`.

    """
    torch.manual_seed(config['seed'])
    width = numbers.shape[-1]
    mean = numbers.reshape(-1, width).mean(0)
    deviation = numbers.reshape(-1, width).std(0) + 1e-3
    given = torch.from_numpy(((numbers - mean) / deviation).astype(np.float32)).clamp(-CLIP, CLIP)
    wanted = torch.from_numpy(reached)
    hidden = config['hidden']
    network = nn.Sequential(
        nn.Linear(width, hidden),
        nn.ReLU(),
        nn.Dropout(config['dropout']),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, 1),
    )
    rate, batch = config['learning_rate'], config['batch']
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=config['weight_decay'])
    steps = config['epochs'] * -(-len(given) // batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(config['epochs']):
        for rows in torch.randperm(len(given)).split(batch):
            loss = choice_loss(network(given[rows])[..., 0], wanted[rows], config['likeness'])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    return LearntChoice(
        mean.astype(np.float32),
        deviation.astype(np.float32),
        tuple((_array(layer.weight.T), _array(layer.bias)) for layer in layers),
    )


def choice_loss(scores: Tensor, reached: Tensor, likeness: float) -> Tensor:
    """Return the IoU that is lost by drawing a mask by its score, and how unlike the IoUs that is.

    Args:
        scores, reached: float [clicks, proposals].
        likeness: weight of the second term, the cross-entropy to shares by IoU.

    """
    shares = scores.softmax(-1)
    lost = reached.max(-1).values - (shares * reached).sum(-1)
    alike = -((reached * STEEPNESS).softmax(-1) * scores.log_softmax(-1)).sum(-1)
    return (lost + likeness * alike).mean()


def _array(values: Tensor) -> np.ndarray:
    return np.ascontiguousarray(values.detach().numpy())


def put_into(network: Path, choice: LearntChoice | None, out: Path) -> None:
    """Write a network's file with a choice, or none, in place of the one that it had."""
    model = onnx.load(network)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    properties.pop(PROPERTY, None)
    if choice is not None:
        properties[PROPERTY] = choice.to_json()
    onnx.helper.set_model_props(model, properties)
    onnx.save(model, out)


def main() -> None:
    """Collect, fit, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--data', type=Path, required=True, help='folder of the sources, see training/README.md'
    )
    configuration.add_option(parser, 'choice.yaml')
    parser.add_argument('--network', required=True, help='name, or .onnx file, of a click network')
    parser.add_argument('--out', type=Path, required=True, help='folder for both files')
    arguments = parser.parse_args()
    config = configuration.read(arguments.config)
    network = find_model(arguments.network).path
    arguments.out.mkdir(parents=True, exist_ok=True)
    kept, about = arguments.out / 'numbers.npz', made_of(network, config)
    if not kept.is_file():
        photos = readers.configured_photos(arguments.data, config)
        numbers, reached = collect(photos, network, config)
        keep(kept, numbers, reached, about)
    with np.load(kept) as arrays:
        numbers, reached = arrays['numbers'], arrays['reached']
        same = 'about' in arrays and str(arrays['about']) == about
    if numbers.shape[-1] != len(NAMES):
        given = f'{numbers.shape[-1]} numbers of a mask, and this version has {len(NAMES)}'
        parser.error(f'{kept} is of another version: it has {given}; delete it')
    if not same:
        parser.error(
            f'{kept} is of another network, or was drawn by other {", ".join(DRAWN_BY)}: delete '
            'it, or give another --out'
        )
    choice = fit(numbers, reached, config)
    out = arguments.out / network.name
    put_into(network, choice, out)
    rated = zip(numbers, reached, strict=True)
    chosen = [ious[np.argmax(choice.scores(rows))] for rows, ious in rated]
    print(
        f'{len(chosen)} clicks at the photos that it was fitted to: mIoU {np.mean(chosen):.4f}, '
        f'best proposal {reached.max(1).mean():.4f}; the file is {out}'
    )


if __name__ == '__main__':
    main()
