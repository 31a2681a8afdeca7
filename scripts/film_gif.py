"""A small GIF of a film of the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH = 720
COLOURS = 128
# A pixel that changes less than this, of 255, stays as it was: a GIF pays for each that changes.
SAME = 14
# The last frame is to be seen before it begins again.
LAST_S = 1.6


def write_gif(path: Path, frames: Sequence[tuple[Image.Image, float]]) -> None:
    """Write a film that goes on for ever.

    Args:
        path: of the file.
        frames: each with its time in seconds.

    """
    height = round(WIDTH * frames[0][0].height / frames[0][0].width)
    pictures = [picture.resize((WIDTH, height), Image.Resampling.LANCZOS) for picture, _ in frames]
    held = _held([np.asarray(picture, np.int16) for picture in pictures])
    palette = _palette(pictures)
    mapped = [
        Image.fromarray(each).quantize(palette=palette, dither=Image.Dither.NONE) for each in held
    ]
    times = [at for _, at in frames]
    seconds = [*np.diff(times), LAST_S]
    mapped[0].save(
        path,
        save_all=True,
        append_images=mapped[1:],
        # A GIF counts in hundredths.
        duration=[max(20, 10 * round(100 * each)) for each in seconds],
        loop=0,
        optimize=True,
    )


def _held(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    kept = pictures[0]
    held = [kept]
    for picture in pictures[1:]:
        changed = np.abs(picture - kept).max(axis=2, keepdims=True) > SAME
        kept = np.where(changed, picture, kept)
        held.append(kept)
    return [each.astype(np.uint8) for each in held]


def _palette(pictures: Sequence[Image.Image]) -> Image.Image:
    """Return colours for all of the film: of the same place of each frame the same one."""
    some = pictures[:: max(1, len(pictures) // 8)]
    sheet = Image.new('RGB', (some[0].width, some[0].height * len(some)))
    for row, picture in enumerate(some):
        sheet.paste(picture, (0, row * picture.height))
    return sheet.quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
