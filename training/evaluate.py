"""Judge an exported network on the held-out photos.

`python -m training.evaluate --data DIR --model FILE [--protocol box] [--json]`, with NumPy, OpenCV
and ONNX Runtime only, so that what is judged is the file that ships. Beside every figure stands
that of the answer "all of the crop": on large objects, which a crop of 96 pixels cannot show
whole, it is hard to beat.
"""

import argparse
import json
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import onnxruntime

from training import data, split
from training.crops import SIZE, Window, bounds, centred, crop, cut_at_border, protocol_point
from training.data import Photo

GROUPS = {'coco': ('coco_train', 'coco_more', 'coco_tiny100'), 'ecssd': ('ecssd',)}
THRESHOLDS = np.arange(10, 20) / 20
# COCO's bounds of the mask's area in pixels of the photo.
SMALL, MEDIUM = 32**2, 96**2
# Share of the box that is added on each side (PicoSAM3, arXiv 2603.11917).
BOX_MARGIN = 0.10
BATCH = 32
_COLUMNS = ('miou', 'map', 'small', 'medium', 'large')

Predict = Callable[[np.ndarray], np.ndarray]


def crop96(mask: np.ndarray) -> Window:
    """Take 96 photo pixels around one click, as PicoSAM2 was published (arXiv 2506.18807)."""
    return cut_at_border(centred(protocol_point(mask), SIZE), mask.shape)


def box(mask: np.ndarray) -> Window:
    """Give a tight box some air and square it on its long side; padded at the photo's border."""
    tight = bounds(mask)
    side = math.ceil(max(tight.width, tight.height) * (1 + 2 * BOX_MARGIN))
    return centred((tight.x0 + tight.width // 2, tight.y0 + tight.height // 2), side)


PROTOCOLS: dict[str, Callable[[np.ndarray], Window]] = {'crop96': crop96, 'box': box}


def protocol_crops(
    photos: Iterable[Photo], protocol: str
) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Crop RGB uint8 [96, 96, 3], truth uint8 [96, 96] and area in photo pixels, per mask."""
    for photo in photos:
        pixels = photo.pixels()
        for index in range(len(photo.masks)):
            mask = photo.mask(index)
            window = PROTOCOLS[protocol](mask)
            yield *crop(pixels, mask, window, exact_mask=True), int(mask.sum())


def iou(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Intersection over union of bool masks [N, H, W]: float [N], 0 where both are empty."""
    both = (predicted & truth).sum((1, 2))
    either = (predicted | truth).sum((1, 2))
    return both / np.maximum(either, 1)


def mean_precision(ious: np.ndarray) -> float:
    """Mean over thresholds 0.50, 0.55 ... 0.95 of the share of masks that reach them."""
    return float((ious[:, None] >= THRESHOLDS).mean()) if len(ious) else 0.0


def by_size(areas: np.ndarray) -> dict[str, np.ndarray]:
    """Which masks are small, medium and large: bool [N] each."""
    return {
        'small': areas < SMALL,
        'medium': (areas >= SMALL) & (areas < MEDIUM),
        'large': areas >= MEDIUM,
    }


def summary(ious: np.ndarray, areas: np.ndarray) -> dict[str, float | None]:
    """Mean IoU and mAP over all masks, mean IoU by COCO size (None where there is no mask)."""
    means = {
        name: round(float(ious[chosen].mean()), 4) if chosen.any() else None
        for name, chosen in {'miou': areas >= 0, **by_size(areas)}.items()
    }
    return {'miou': means.pop('miou'), 'map': round(mean_precision(ious), 4), **means}


def evaluate(photos: Iterable[Photo], predict: Predict, protocol: str = 'crop96') -> dict:
    """Figures of a network and of the all-foreground answer.

    Args:
        photos: with their masks.
        predict: uint8 [N, 96, 96, 3] to logits [N, 96, 96].
        protocol: a name of PROTOCOLS; figures of different ones are not comparable.

    """
    images, truths, areas = zip(*protocol_crops(photos, protocol), strict=True)
    images, truths, areas = np.stack(images), np.stack(truths).astype(bool), np.array(areas)
    ious = np.concatenate(
        [
            iou(predict(images[i : i + BATCH]) > 0, truths[i : i + BATCH])
            for i in range(0, len(images), BATCH)
        ]
    )
    numbers = {f'n_{name}': int(chosen.sum()) for name, chosen in by_size(areas).items()}
    return {
        'protocol': protocol,
        'n': len(ious),
        **numbers,
        **summary(ious, areas),
        'all_foreground': summary(truths.mean((1, 2)), areas),
    }


def onnx_predictor(model: Path, threads: int = 2) -> Predict:
    """Network of an ONNX file on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, providers=['CPUExecutionProvider'])
    return lambda images: session.run(['logits'], {'image': images})[0]


def main() -> None:
    """Print the figures of each group of sources."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, required=True, help='folder with one folder a source')
    parser.add_argument('--model', type=Path, required=True, help='.onnx file')
    parser.add_argument('--protocol', choices=PROTOCOLS, default='crop96')
    parser.add_argument('--json', action='store_true', help='one JSON object instead of a table')
    arguments = parser.parse_args()
    predict, held_out = onnx_predictor(arguments.model), split.read()
    results = {
        group: evaluate(
            data.validation_photos(arguments.data, held_out, sources), predict, arguments.protocol
        )
        for group, sources in GROUPS.items()
    }
    if arguments.json:
        print(json.dumps(results, indent=2))
        return
    print(f'{arguments.protocol:24}' + ''.join(f'{name:>9}' for name in _COLUMNS))
    for group, result in results.items():
        print(f'{group + " (" + str(result["n"]) + " masks)":24}' + _row(result))
        print(f'{"  all foreground":24}' + _row(result['all_foreground']))


def _row(figures: dict) -> str:
    values = (figures[name] for name in _COLUMNS)
    return ''.join('        -' if value is None else f'{value:9.3f}' for value in values)


if __name__ == '__main__':
    main()
