"""Lines of text as shares of ink, in the font that comes with Pillow.

Pillow is imported at use: a node that draws nothing starts without it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# Of the height of a digit, in the font Aileron: its size, and the stroke that makes it bold.
_SIZE_PER_DIGIT = 1.42
_BOLD_STROKE = 0.03
# A fraction of a pixel of stroke is drawn large and averaged down.
_SUPERSAMPLING = 4


@lru_cache(maxsize=512)
def render_text(text: str, height: float, *, bold: bool = False) -> npt.NDArray[np.float32]:
    """Render a line of ASCII text.

    Args:
        text: one line.
        height: of a digit, in pixels.
        bold: with thicker strokes.

    Returns:
        H×W float32, read-only: the share of each pixel that ink covers, 0 to 1. The middle row is
        that of a digit's middle; the columns end at the text.

    """
    from PIL import Image, ImageDraw

    zoom = _SUPERSAMPLING
    font = _font(height * zoom * _SIZE_PER_DIGIT)
    stroke = round(height * zoom * _BOLD_STROKE) if bold else 0
    _, above, _, below = font.getbbox('0')
    length = font.getlength(text) + 2 * stroke
    # Room for what reaches below the line, and as much above.
    rows = 2 * round(height)
    columns = max(1, -int(-length // zoom))
    image = Image.new('L', (columns * zoom, rows * zoom))
    at = (float(stroke), rows * zoom / 2 - (above + below) / 2)
    ImageDraw.Draw(image).text(at, text, 255, font, stroke_width=stroke)
    ink = np.asarray(
        cv2.resize(np.asarray(image), (columns, rows), interpolation=cv2.INTER_AREA)
        / np.float32(255),
        np.float32,
    )
    ink.flags.writeable = False
    return ink


@lru_cache(maxsize=64)
def _font(size: float) -> Font:
    from PIL import ImageFont

    try:
        return ImageFont.load_default(size)
    except TypeError:  # Pillow before 10.1 comes with a bitmap of one size only
        pass
    try:
        return ImageFont.truetype('DejaVuSans.ttf', round(size * 0.97))
    except OSError:
        return ImageFont.load_default()
