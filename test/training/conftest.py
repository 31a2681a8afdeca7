"""A store of synthetic photos, in the format that training and evaluation read."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers.labelled import compress
from helpers.photo_masks import disc

SOURCES = {'coco_train': 12, 'ecssd': 8, 'mushrooms': 1}


def write_source(store: Path, source: str, photos: int, rng: np.random.Generator) -> None:
    """Photos of light discs on a dark ground; file names of one source do not occur in another."""
    folder = store / source / 'img'
    folder.mkdir(parents=True)
    lines = []
    for number in range(photos):
        shape, masks = (120, 160), []
        pixels = rng.integers(0, 60, (*shape, 3)).astype(np.uint8)
        for _ in range(3):
            x, y, radius = rng.integers((15, 15, 6), (145, 105, 30)).tolist()
            mask = disc(shape, (x, y), radius)
            pixels[mask > 0] = rng.integers(150, 255, 3)
            masks.append({'rle': compress(mask), 'area': int(mask.sum()), 'cat': 'disc'})
        cv2.imwrite(str(folder / f'{number:04}.png'), pixels)
        file, original = f'img/{number:04}.png', f'origin:{source}/{number:04}.jpg'
        lines.append(json.dumps({'file': file, 'src_path': original, 'masks': masks}))
    (store / source / 'masks.jsonl').write_text('\n'.join(lines) + '\n')


@pytest.fixture(scope='session')
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('store')
    rng = np.random.default_rng(7)
    for source, photos in SOURCES.items():
        write_source(folder, source, photos, rng)
    return folder


@pytest.fixture(scope='session')
def uneven():
    """Give a network in evaluation with batch statistics far from the identity, as after training.

    Nothing that begins as zero stays so.
    """
    torch = pytest.importorskip('torch')

    def uneven(network, seed: int = 0):
        torch.manual_seed(seed)
        for layer in network.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(layer.running_mean, -0.3, 0.3)
                torch.nn.init.uniform_(layer.running_var, 0.3, 1.0)
                torch.nn.init.uniform_(layer.weight, 0.7, 1.3)
                torch.nn.init.uniform_(layer.bias, -0.2, 0.2)
        if hasattr(network, 'prompt'):
            *_, last = [m for m in network.prompt.modules() if isinstance(m, torch.nn.Conv2d)]
            torch.nn.init.normal_(last.weight)
        return network.eval()

    return uneven
