"""`picosam segment`: the mask of one object in a picture, or in each of several."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from contextlib import ExitStack
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
from picosam_ros.errors import EngineError, ImageError, PromptError
from picosam_ros.prompt import Prompt

if TYPE_CHECKING:
    from picosam_ros.engines import Engine
    from picosam_ros.frame import Frame
    from picosam_ros.mask import Mask
    from picosam_ros.results import Segmentation

HELP = 'the mask of one object in an image, or in each of several'
DESCRIPTION = """Segment the object that the points or the box mark, all of them one prompt.
Several pictures, folders and quoted patterns ('shots/*.jpg') are done in one process: a line each,
and -o and --overlay name folders. A picture that cannot be done is told and counted, and the
others are done; the exit code is 1 then."""
EXAMPLE = 'picosam segment photo.jpg --point 320,240 -o mask.png --overlay out.png'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        'image',
        metavar='IMAGE',
        type=Path,
        nargs='+',
        help='a JPEG, PNG, BMP or TIFF file, a folder of them, or a pattern',
    )
    add_prompt_arguments(parser)
    add_range_argument(parser)
    add_engine_arguments(parser)
    add_everything_arguments(parser)
    parser.add_argument(
        '-o',
        dest='mask',
        metavar='MASK',
        type=Path,
        help='write the mask as an image of 0 and 255; of several pictures, a folder of them',
    )
    parser.add_argument(
        '--overlay',
        metavar='FILE',
        type=Path,
        help='write the image with the mask drawn on it; of several pictures, a folder of them',
    )


def run(arguments: argparse.Namespace) -> int:
    """Segment, write the requested files, and print the results."""
    check_everything(arguments)
    from picosam_ros.commands.pictures import is_one_file

    if arguments.everything:
        if not is_one_file(arguments.image):
            arguments.usage_error('--everything takes one picture; give a single file')
        return segment_everything(arguments, *arguments.image)
    if not arguments.points and arguments.box is None:
        arguments.usage_error(
            'give the object with --point X,Y or --box X0,Y0,X1,Y1, or --everything'
        )

    with ExitStack() as stack:
        command = Segment(arguments, stack)
        if not is_one_file(arguments.image):
            return _each(command, arguments)
        [picture] = arguments.image
        command.do(picture, arguments.mask, arguments.overlay)
    for what, path in (('mask', arguments.mask), ('overlay', arguments.overlay)):
        if path and not arguments.json:
            print(paint(f'{what} in {path}', 'dim'))
    return 0


def _each(command: Segment, arguments: argparse.Namespace) -> int:
    """Segment several pictures; return the exit code."""
    from picosam_ros.commands.pictures import OutputFolder, find_pictures

    pictures = find_pictures(arguments.image)
    masks, overlays = (
        OutputFolder(path, suffix) if path else None
        for path, suffix in ((arguments.mask, '.png'), (arguments.overlay, '.jpg'))
    )
    for folder in (masks, overlays):
        if folder:
            folder.begin(pictures)
    failed = 0
    for number, picture in enumerate(pictures, 1):
        command.heading = f'{number}/{len(pictures)} {picture}  '
        files = (folder.file_of(picture) if folder else None for folder in (masks, overlays))
        try:
            command.do(picture, *files)
        except (ImageError, PromptError, NoMaskError) as error:
            failed += 1
            named = str(error) if str(picture) in str(error) else f'{picture}: {error}'
            command.tell_failure(picture, named)
    if failed or not arguments.json:
        told = f'; {failed} of them could not be done' if failed else ''
        print(f'{len(pictures)} pictures{told}', file=sys.stderr)
    return int(failed > 0)


class NoMaskError(EngineError):
    """The engine answered a picture without a mask."""


class Segment:
    """The command at work: one engine for all pictures.

    Args:
        arguments: of the command line.
        stack: closes the engine.

    Attributes:
        heading: printed before the result of a picture.

    """

    def __init__(self, arguments: argparse.Namespace, stack: ExitStack) -> None:
        self.heading = ''
        self._arguments = arguments
        self._stack = stack
        self._prompt = prompt_of(arguments)
        self._scale = scale_of(arguments)
        self._engine: Engine | None = None

    def do(self, picture: Path, mask_file: Path | None, overlay_file: Path | None) -> None:
        """Segment a picture, write what was asked for, and print the result.

        Raises:
            ImageError: the picture cannot be read, or its format cannot hold the output.
            PromptError: the prompt does not lie on it.
            NoMaskError: the engine has no answer.
            OutputError: a file cannot be written.

        """
        from picosam_ros.commands import media
        from picosam_ros.frame import Frame

        frame = Frame.from_array(media.read_image(picture, self._scale))
        prompt, note = self._prompt.fitted(frame.width, frame.height)
        if mask_file:
            media.check_mask_writable(mask_file, frame.width, frame.height)
        if overlay_file:
            media.check_writable(overlay_file, frame.width, frame.height)
        engine, load_ms = self._opened()
        mask, timing = _segment(engine, frame, prompt)
        if mask_file:
            media.write_mask(mask_file, mask.to_image())
        if overlay_file:
            from picosam_ros.drawing.overlay import draw

            drawn = draw(frame.pixels, [mask], latency_ms=timing['total'])
            media.write_image(overlay_file, drawn)
        if self._arguments.json:
            model = engine.description.get('model', '')
            timing = {'load': load_ms, **timing}
            print(json.dumps(_report(picture, mask, model, note, timing)), flush=True)
        else:
            _print_result(self.heading, mask, note, timing['total'])

    def tell_failure(self, picture: Path, sentence: str) -> None:
        """Say why there is nothing of a picture."""
        print(sentence, file=sys.stderr, flush=True)
        if self._arguments.json:
            print(json.dumps({'image': str(picture), 'error': sentence}), flush=True)

    def _opened(self) -> tuple[Engine, float]:
        """Return the engine, and the milliseconds that this call took to load it."""
        if self._engine is not None:
            return self._engine, 0.0
        from picosam_ros.engines import make_engine

        start = time.perf_counter()
        engine = make_engine(self._arguments.engine, **engine_options(self._arguments))
        self._engine = self._stack.enter_context(engine)
        return self._engine, 1e3 * (time.perf_counter() - start)


def _segment(engine: Engine, frame: Frame, prompt: Prompt) -> tuple[Mask, dict[str, float]]:
    """Return the mask, and the milliseconds of the stages that the engine has."""
    from picosam_ros.latency import accounted
    from picosam_ros.segmenter import Segmenter

    start = time.perf_counter()
    made: Segmentation = Segmenter(engine).segment(frame, [prompt])
    if made.unanswered:
        raise NoMaskError(f'engine {engine.name!r} returned no mask: {made.unanswered[0].reason}')
    mask = made.masks[0]
    decoding = time.perf_counter()
    _ = mask.region.inside  # lazy: the time includes resampling to the image
    masked = 1e3 * (time.perf_counter() - decoding)
    total = 1e3 * (time.perf_counter() - start)
    timing = accounted(replace(made.timing, decode=made.timing.decode + masked), total=total)
    return mask, {name: value for name, value in asdict(timing).items() if not math.isnan(value)}


def _report(
    picture: Path, mask: Mask, model: str, note: str, timing: dict[str, float]
) -> dict[str, Any]:
    box, roi = mask.box, mask.roi
    return {
        'image': str(picture),
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


def _print_result(heading: str, mask: Mask, note: str, total_ms: float) -> None:
    if note:
        print(paint(f'{heading}{note}', 'yellow'))
    timing = f'score {mask.score:.2f}  {total_ms:.1f} ms'
    if mask.box is None:
        print(f'{heading}nothing found  {timing}', flush=True)
        return
    x0, y0, x1, y1 = (int(v) for v in (mask.box.x0, mask.box.y0, mask.box.x1, mask.box.y1))
    share = mask.area / (mask.image_width * mask.image_height)
    area = f'{mask.area} px ({share:.1%})'
    box = paint(f'box {x0},{y0},{x1},{y1}', 'bold')
    print(f'{heading}{box}  area {area}  {timing}', flush=True)
