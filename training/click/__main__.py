"""Train the network that takes prompts, from packed photos, for a budget of minutes or steps.

`python -m training.click --photos pieces --config training/configs/click.yaml --out runs/click
--minutes 600`; a run that was stopped goes on from its checkpoint. `torchrun --nproc-per-node 2 -m
training.click …` trains with a batch in each of two processes.
"""

import argparse
import math
from pathlib import Path

import cv2
import torch

from training import configuration, ranks
from training.click.photos import Photos
from training.click.running import run
from training.click.settings import Settings
from training.click.trainer import ClickTrainer
from training.click.validation import Validation
from training.schedule import Budget


def train(
    pieces: Path, config: dict, out: Path, budget: Budget, init: Path | None, device: torch.device
) -> None:
    """Train, or go on; see `main`."""
    settings = Settings.of(config)
    out.mkdir(parents=True, exist_ok=True)
    crowding = settings.mixture.crowding
    photos = Photos(pieces, device, settings.weights, crowding)
    held = Photos(pieces, device, settings.weights, crowding, held=True)
    if ranks.rank() == 0:
        print(
            f'{len(photos)} photos, {len(photos.objects.areas)} masks; held out {len(held)}',
            flush=True,
        )
    if device.type == 'cuda':
        photos.decode()
    trainer = ClickTrainer(config, device)
    checkpoint = out / 'checkpoint.pt'
    if ranks.first(checkpoint.is_file()):
        trainer.load(checkpoint)
    else:
        trainer.begin_with(init, photos)
    validation = Validation(held, settings.mixture, list(settings.sizes)) if len(held) else None
    run(trainer, photos, validation, out, budget)


def main() -> None:
    """Train as the configuration says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--photos', type=Path, required=True, help='folder of training.photos')
    configuration.add_option(parser)
    parser.add_argument('--out', type=Path, required=True, help='checkpoint.pt and log.csv')
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument('--minutes', type=float, default=math.inf)
    length.add_argument('--steps', type=int, default=math.inf, help='a run that can be repeated')
    parser.add_argument('--init', type=Path, help='checkpoint.pt or .onnx file to begin with')
    parser.add_argument('--device', default='', help='cpu, or cuda, which is taken if it is there')
    parser.add_argument('--threads', type=int, default=2, help='of the CPU')
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)
    device = ranks.join(arguments.device)
    config = configuration.read(arguments.config)
    budget = Budget(60 * arguments.minutes, arguments.steps)
    train(arguments.photos, config, arguments.out, budget, arguments.init, device)
    ranks.leave()


if __name__ == '__main__':
    main()
