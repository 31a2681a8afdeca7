"""What a click costs in a picture of 12 megapixels, beside the same one in VGA."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from benchmarks.films.photo_files import photo_file
from benchmarks.report import Row
from benchmarks.sections.tracking import iou
from benchmarks.timing import medians
from picosam_ros.engines.host import HostEngine
from picosam_ros.frame import Frame, Pixels
from picosam_ros.mask import Mask
from picosam_ros.models import DEFAULT_MODEL
from picosam_ros.prompt import Prompt

TITLE = 'A picture of 4000×3000 over the same in 640×480, from pixels to the mask in the image'
# The most that a click may take, in clicks in VGA. A box is a single run, beside which the pixels
# of a large picture count for more.
LARGE_OVER_SMALL = 1.5
LARGE, SMALL = (4000, 3000), (640, 480)

# Shares of the width and height of `coffee`: what fills little, half and all of the picture.
PLACES = {'the spoon': (0.613, 0.71), 'the cup': (0.45, 0.62), 'the table': (0.05, 0.9)}


def measure(frames: int) -> Iterator[Row]:
    """Interleave the two sizes, each time with a frame that nothing is known of."""
    bgr = cv2.imread(str(photo_file('coffee')))
    photo = np.ascontiguousarray(bgr[..., ::-1])
    large, small = (np.asarray(cv2.resize(photo, size), np.uint8) for size in (LARGE, SMALL))
    with HostEngine(model=DEFAULT_MODEL) as engine:
        for name, place in PLACES.items():
            yield _row(engine, f'a click on {name}', (large, small), place, frames)
        yield _row(engine, 'a box around the cup', (large, small), PLACES['the cup'], frames, True)


def _row(
    engine: HostEngine,
    name: str,
    pictures: tuple[Pixels, Pixels],
    place: tuple[float, float],
    frames: int,
    boxed: bool = False,
) -> Row:
    prompts = [_click(pixels, place) for pixels in pictures]
    if boxed:
        found = zip(pictures, prompts, strict=True)
        prompts = [
            replace(prompt, points=(), box=_answer(engine, pixels, prompt).box)
            for pixels, prompt in found
        ]
    asked = list(zip(pictures, prompts, strict=True))
    large, small = medians([lambda each=each: _answer(engine, *each) for each in asked], frames)
    masks = [_answer(engine, *each) for each in asked]
    seen = cv2.resize(masks[0].to_image().view(np.uint8), SMALL, interpolation=cv2.INTER_AREA)
    alike = iou(seen > 0, masks[1].to_image())
    share = masks[0].area / (LARGE[0] * LARGE[1])
    note = f'{large:.1f} ms over {small:.1f} ms, {share:.0%} of the picture, IoU {alike:.2f}'
    return Row(name, large / small, '×', None if boxed else LARGE_OVER_SMALL, note)


def _click(pixels: Pixels, place: tuple[float, float]) -> Prompt:
    rows, columns = pixels.shape[:2]
    return Prompt.from_point(place[0] * columns, place[1] * rows)


def _answer(engine: HostEngine, pixels: Pixels, prompt: Prompt) -> Mask:
    [mask] = engine.segment(Frame.from_array(pixels), [prompt])
    _ = mask.region.inside
    return mask
