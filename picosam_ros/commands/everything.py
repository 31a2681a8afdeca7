"""`picosam segment --everything`: all things in an image, and what is written of them."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picosam_ros.commands.arguments import engine_options, positive, scale_of
from picosam_ros.commands.terminal import paint

if TYPE_CHECKING:
    from picosam_ros.engines.everything import Everything
    from picosam_ros.mask import Mask

# Formats that hold 16 bits a pixel.
LABEL_SUFFIXES = ('.png', '.tif', '.tiff')


def add_everything_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of --everything."""
    parser.add_argument(
        '--everything',
        action='store_true',
        help='all things in the image, instead of one object; -o writes a label image then: 16 '
        'bits a pixel, 0 where nothing is, and smaller things on top of larger ones',
    )
    parser.add_argument(
        '--budget',
        metavar='SECONDS',
        type=positive,
        help='time that --everything may take (default: 5)',
    )
    parser.add_argument(
        '--coco', metavar='FILE', type=Path, help='write the things of --everything as COCO JSON'
    )


def check_everything(arguments: argparse.Namespace) -> None:
    """Raise a usage error for options that do not go together."""
    if not arguments.everything:
        if arguments.budget or arguments.coco:
            arguments.usage_error('--budget and --coco are options of --everything')
        return
    if arguments.points or arguments.box is not None or arguments.size_step or arguments.roi_size:
        arguments.usage_error(
            '--everything looks for all things itself; leave out --point, --box, --roi-size and '
            '--size-step'
        )


def segment_everything(arguments: argparse.Namespace, picture: Path) -> int:
    """Find all things in a picture, write the requested files, and print the result."""
    from picosam_ros.commands.media import check_writable, read_image, write_image
    from picosam_ros.commands.outputs import check_place, write_file
    from picosam_ros.engines import make_engine
    from picosam_ros.engines.everything import BUDGET_S, everything
    from picosam_ros.errors import ImageError
    from picosam_ros.frame import Frame

    frame = Frame.from_array(read_image(picture, scale_of(arguments)))
    labels, coco, overlay = arguments.mask, arguments.coco, arguments.overlay
    if labels:
        if labels.suffix.lower() not in LABEL_SUFFIXES:
            raise ImageError(
                f'label image {labels.name!r} is of a format without 16 bits a pixel; use one of '
                f'the suffixes {", ".join(LABEL_SUFFIXES)}'
            )
        check_place(labels)
    if coco:
        check_place(coco)
    if overlay:
        check_writable(overlay, frame.width, frame.height)
    with make_engine(arguments.engine, **engine_options(arguments)) as engine:
        begun = time.perf_counter()
        found = everything(engine, frame, budget_s=arguments.budget or BUDGET_S)
        seconds = time.perf_counter() - begun
    if labels:
        write_file(labels, _encoded_labels(found, labels.suffix))
    if coco:
        text = json.dumps(coco_of(found, picture.name))
        write_file(coco, text.encode() + b'\n')
    if overlay:
        from picosam_ros.drawing.everything import draw_everything

        write_image(overlay, draw_everything(frame.pixels, found))
    if arguments.json:
        print(json.dumps(_report(picture, found, seconds), indent=2))
    else:
        _print_result(arguments, found, seconds)
    return 0


def coco_of(found: Everything, file_name: str) -> dict[str, Any]:
    """Return what was found as a COCO data set of one image; masks as compressed run lengths."""
    image = {'id': 1, 'file_name': file_name, 'width': found.width, 'height': found.height}
    return {
        'info': {'description': 'picosam segment --everything'},
        'images': [image],
        'categories': [{'id': 1, 'name': 'thing'}],
        'annotations': [_annotation(mask) for mask in found.masks],
    }


def _annotation(mask: Mask) -> dict[str, Any]:
    return {
        'id': mask.prompt.object_id,
        'image_id': 1,
        'category_id': 1,
        'segmentation': mask.to_rle(),
        'area': mask.area,
        'bbox': _box_of(mask),
        'iscrowd': 0,
        'score': round(mask.score, 4),
    }


def _box_of(mask: Mask) -> list[int]:
    """Return x, y, width and height, as COCO has them."""
    box = mask.box
    if box is None:
        return [0, 0, 0, 0]
    x, y = int(box.x0), int(box.y0)
    return [x, y, int(box.x1) - x + 1, int(box.y1) - y + 1]


def _encoded_labels(found: Everything, suffix: str) -> bytes:
    import cv2

    _, encoded = cv2.imencode(suffix.lower(), found.labels())
    return encoded.tobytes()


def _report(picture: Path, found: Everything, seconds: float) -> dict[str, Any]:
    return {
        'image': str(picture),
        'width': found.width,
        'height': found.height,
        'asked': found.asked,
        'planned': found.planned,
        'seconds': round(seconds, 3),
        'objects': [
            {
                'id': mask.prompt.object_id,
                'score': round(mask.score, 4),
                'area': mask.area,
                'bbox': _box_of(mask),
            }
            for mask in found.masks
        ],
    }


def _print_result(arguments: argparse.Namespace, found: Everything, seconds: float) -> None:
    count = len(found.masks)
    things = f'{count} thing{"s" * (count != 1)}'
    clicks = f'{found.asked} of {found.planned} clicks answered in {seconds:.1f} s'
    print(f'{paint(things, "bold")}  {clicks}')
    if found.asked < found.planned:
        print(paint('more time finds more: --budget SECONDS', 'yellow'))
    outputs = (
        ('label image', arguments.mask),
        ('COCO JSON', arguments.coco),
        ('overlay', arguments.overlay),
    )
    for what, path in outputs:
        if path:
            print(paint(f'{what} in {path}', 'dim'))
