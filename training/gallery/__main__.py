"""`python -m training.gallery --data DIR`: held-out photos, drawn by lot, with a network's masks.

Writes `index.html` and the pictures beside it; `make gallery DATA=DIR` does it with the network
that ships.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2

from picosam_ros.engines import open_engine
from picosam_ros.errors import PicosamError
from picosam_ros.frame import Pixels
from picosam_ros.models import DEFAULT_MODEL, shipped_models
from training.data.readers import Photo
from training.evaluate import held_out_photos
from training.gallery import lot
from training.gallery.page import Card, Heading, Shown, write_page
from training.gallery.pictures import CLICKS, make_pictures

# ECSSD's photos may not be shown.
GROUP = 'coco'
QUALITY = 86


def write_gallery(
    photos: Sequence[Photo], model: str, out: Path, count: int, seed: int
) -> list[Card]:
    """Draw lots, segment, and write the page with its pictures.

    Args:
        photos: which may be shown.
        model: a name of models.yaml, or the path of an .onnx file.
        out: folder to write.
        count: of photos on the page.
        seed: of the lot.

    Raises:
        ModelError: there is no such network.
        EngineError: it returned no mask.

    """
    images = out / 'images'
    cards = []
    with open_engine('host', model=model) as engine:
        images.mkdir(parents=True, exist_ok=True)
        for number, drawn in enumerate(lot.draw_lots(photos, count, seed), 1):
            made = make_pictures(engine, drawn.photo.pixels(), drawn.photo.mask(drawn.index))
            name = f'images/{number:02}'
            _write(out / f'{name}-photo.jpg', made.photo)
            shown = []
            for place, answer in enumerate(made.answers, 1):
                _write(out / f'{name}-{place}.jpg', answer.image)
                shown.append(Shown(f'{name}-{place}.jpg', answer.title, answer.iou))
            cards.append(
                Card(drawn.category, drawn.origin, drawn.licence, f'{name}-photo.jpg', shown)
            )
    masks = sum(len(photo.masks) for photo in photos)
    heading = Heading(Path(model).name, len(photos), masks, seed, recorded_figures(model))
    (out / 'index.html').write_text(write_page(heading, cards), encoding='utf-8')
    return cards


def recorded_figures(model: str) -> dict[str, float]:
    """MIoU of all held-out masks, as far as models.yaml has them for a network."""
    group = shipped_models().get(model, {}).get('metrics', {}).get(GROUP, {})
    figures = {
        title: group[protocol]['miou']
        for title, protocol in (('One click', 'full'), ('A box', 'box'))
        if protocol in group
    }
    after = group.get('full', {}).get('clicks', {}).get('after', ())
    return figures | ({'Five clicks': after[CLICKS - 1]['miou']} if len(after) >= CLICKS else {})


def _write(path: Path, pixels: Pixels) -> None:
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
        raise OSError(f'{path} could not be written')


def main() -> None:
    """Write the page, and tell where it is."""
    parser = argparse.ArgumentParser(prog='training.gallery', description=__doc__.splitlines()[0])
    parser.add_argument(
        '--data', type=Path, required=True, help='folder of the sources, see training/README.md'
    )
    parser.add_argument('--model', default=DEFAULT_MODEL, help='a name, or an .onnx file')
    parser.add_argument('--out', type=Path, default=Path('gallery'), help='folder to write')
    parser.add_argument('--count', type=int, default=lot.COUNT, help='photos on the page')
    parser.add_argument('--seed', type=int, default=lot.SEED, help='of the lot')
    arguments = parser.parse_args()
    photos = held_out_photos(arguments.data).get(GROUP)
    if not photos:
        parser.error(f'{arguments.data} has none of the COCO photos of val_split.txt')
    if arguments.count < 1:
        parser.error(f'--count {arguments.count} was given: at least 1 is allowed')
    try:
        cards = write_gallery(
            photos, arguments.model, arguments.out, arguments.count, arguments.seed
        )
    except (PicosamError, OSError) as error:
        parser.error(str(error))
    print(f'{len(cards)} photos in {arguments.out / "index.html"}')


if __name__ == '__main__':
    main()
