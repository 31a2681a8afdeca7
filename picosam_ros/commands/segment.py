"""`picosam segment`: the mask of one object in one image."""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picosam_ros.commands.arguments import (
    add_engine_arguments,
    add_prompt_arguments,
    add_range_argument,
    engine_options,
    prompt_of,
    scale_of,
)
from picosam_ros.commands.everything import (
    add_everything_arguments,
    check_everything,
    segment_everything,
)
from picosam_ros.commands.terminal import paint
from picosam_ros.errors import EngineError
from picosam_ros.prompt import Prompt

if TYPE_CHECKING:
    from picosam_ros.engines import Engine
    from picosam_ros.frame import Frame
    from picosam_ros.mask import Mask
    from picosam_ros.results import Segmentation

HELP = 'the mask of one object in an image'
DESCRIPTION = 'Segment the object that the points or the box mark, all of them one prompt.'
EXAMPLE = 'picosam segment photo.jpg --point 320,240 -o mask.png --overlay out.png'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument('image', metavar='IMAGE', type=Path, help='a JPEG, PNG, BMP or TIFF file')
    add_prompt_arguments(parser)
    add_range_argument(parser)
    add_engine_arguments(parser)
    add_everything_arguments(parser)
    parser.add_argument(
        '-o', dest='mask', metavar='MASK', type=Path, help='write the mask as an image of 0 and 255'
    )
    parser.add_argument(
        '--overlay', metavar='FILE', type=Path, help='write the image with the mask drawn on it'
    )


def run(arguments: argparse.Namespace) -> int:
    """Segment, write the requested files, and print the result."""
    check_everything(arguments)
    if arguments.everything:
        return segment_everything(arguments)
    if not arguments.points and arguments.box is None:
        arguments.usage_error(
            'give the object with --point X,Y or --box X0,Y0,X1,Y1, or --everything'
        )
    from picosam_ros.commands.media import (
        check_mask_writable,
        check_writable,
        read_image,
        write_image,
        write_mask,
    )
    from picosam_ros.engines import make_engine
    from picosam_ros.frame import Frame

    prompt = prompt_of(arguments)
    frame = Frame.from_array(read_image(arguments.image, scale_of(arguments)))
    prompt, note = prompt.fitted(frame.width, frame.height)
    if arguments.mask:
        check_mask_writable(arguments.mask, frame.width, frame.height)
    if arguments.overlay:
        check_writable(arguments.overlay, frame.width, frame.height)
    start = time.perf_counter()
    with make_engine(arguments.engine, **engine_options(arguments)) as engine:
        load_ms = 1e3 * (time.perf_counter() - start)
        mask, timing = _segment(engine, frame, prompt)
        model = engine.description.get('model', '')
    if arguments.mask:
        write_mask(arguments.mask, mask.to_image())
    if arguments.overlay:
        from picosam_ros.drawing.overlay import draw

        drawn = draw(frame.pixels, [mask], latency_ms=timing['total'])
        write_image(arguments.overlay, drawn)
    if arguments.json:
        timing = {'load': load_ms, **timing}
        print(json.dumps(_report(arguments, mask, model, note, timing), indent=2))
    else:
        _print_result(arguments, mask, note, timing['total'])
    return 0


def _segment(engine: Engine, frame: Frame, prompt: Prompt) -> tuple[Mask, dict[str, float]]:
    """Return the mask, and the milliseconds of the stages that the engine has."""
    from picosam_ros.latency import accounted
    from picosam_ros.segmenter import Segmenter

    start = time.perf_counter()
    made: Segmentation = Segmenter(engine).segment(frame, [prompt])
    if made.unanswered:
        raise EngineError(f'engine {engine.name!r} returned no mask: {made.unanswered[0].reason}')
    mask = made.masks[0]
    decoding = time.perf_counter()
    _ = mask.region.inside  # lazy: the time includes resampling to the image
    masked = 1e3 * (time.perf_counter() - decoding)
    total = 1e3 * (time.perf_counter() - start)
    timing = accounted(replace(made.timing, decode=made.timing.decode + masked), total=total)
    return mask, {name: value for name, value in asdict(timing).items() if not math.isnan(value)}


def _report(
    arguments: argparse.Namespace, mask: Mask, model: str, note: str, timing: dict[str, float]
) -> dict[str, Any]:
    box, roi = mask.box, mask.roi
    return {
        'image': str(arguments.image),
        'width': mask.image_width,
        'height': mask.image_height,
        'engine': mask.engine,
        'model': model,
        'score': round(mask.score, 4),
        'area': mask.area,
        'box': [box.x0, box.y0, box.x1, box.y1] if box else None,
        'centroid': [round(value, 2) for value in mask.centroid] if mask.centroid else None,
        'roi': {'x': roi.x, 'y': roi.y, 'width': roi.width, 'height': roi.height},
        'note': note,
        'timing': {stage: round(value, 3) for stage, value in timing.items()},
    }


def _print_result(arguments: argparse.Namespace, mask: Mask, note: str, total_ms: float) -> None:
    if note:
        print(paint(note, 'yellow'))
    timing = f'score {mask.score:.2f}  {total_ms:.1f} ms'
    if mask.box is None:
        print(f'nothing found  {timing}')
    else:
        x0, y0, x1, y1 = (int(v) for v in (mask.box.x0, mask.box.y0, mask.box.x1, mask.box.y1))
        share = mask.area / (mask.image_width * mask.image_height)
        area = f'{mask.area} px ({share:.1%})'
        print(f'{paint(f"box {x0},{y0},{x1},{y1}", "bold")}  area {area}  {timing}')
    for what, path in (('mask', arguments.mask), ('overlay', arguments.overlay)):
        if path:
            print(paint(f'{what} in {path}', 'dim'))
