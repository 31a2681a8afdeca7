"""Images of 16 bits a value, made into the 8 bits that networks take.

Few cameras use all 16 bits: sensors of 10, 12 or 14 bits fill the lower ones, a thermal camera some
hundred values anywhere. Their high bytes alone would be a handful of grey levels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from picosam_ros.errors import ImageError
from picosam_ros.frame import Pixels

Values = npt.NDArray[np.uint16]
Scale = Callable[[Values], Pixels]

AUTO, FULL = 'auto', 'full'
_HIGHEST = 65_535

# Of so many values, evenly spread, and without this share at either end: dead and glaring pixels.
_SAMPLE, _LEFT_OUT = 1 << 16, 0.001
# Stretched, a narrower range would show nothing but noise.
_LEAST = 16
# How far an image may reach beyond the range of a stream, as a share of it, before that grows.
_SLACK = 1 / 16
# So many images in a row must use less than a third of the range before it shrinks.
_PATIENCE, _SHARE = 30, 1 / 3


@dataclass(frozen=True)
class ValueRange:
    """The values that become black and white: `low` and below, `high` and above."""

    low: int
    high: int

    def __str__(self) -> str:
        return f'{self.low},{self.high}'

    @property
    def span(self) -> int:
        """Return the number of values."""
        return self.high - self.low + 1

    def scale(self, values: Values) -> Pixels:
        """Return 16 bits as 8, of the same shape. The range of all values keeps the high byte."""
        return _table(self)[values]

    def with_slack(self, slack: float) -> ValueRange:
        """Return the range that is wider by a share of it at either end."""
        more = int(slack * self.span)
        return ValueRange(self.low - more, self.high + more)

    def contains(self, other: ValueRange) -> bool:
        """Whether all values of the other are values of this one."""
        return self.low <= other.low and other.high <= self.high

    def joined(self, other: ValueRange) -> ValueRange:
        """Return the range of both."""
        return _rounded(min(self.low, other.low), max(self.high, other.high))


ALL_VALUES = ValueRange(0, _HIGHEST)


class ValueScale:
    """Scales the images of a stream, so that an object keeps its grey from image to image.

    Automatic: the range of the first image. It grows at once with an image that reaches beyond it,
    and shrinks only after 30 images in a row that use less than a third: so it does not flicker.

    Args:
        setting: `auto`; `full` for all values, of which the high byte is taken; or LOW,HIGH.
        stream: False gives every image its own range: those of a data set have nothing in common.
        told: called once, with a sentence, when a range other than that of all values is chosen.

    Raises:
        ImageError: the setting is none of these.

    Attributes:
        range: of the last image; None before the first one of 16 bits.

    """

    def __init__(
        self,
        setting: str = AUTO,
        *,
        stream: bool = True,
        told: Callable[[str], object] | None = None,
    ) -> None:
        self._fixed = read_range(setting)
        self._stream = stream
        self._told = told
        self.range: ValueRange | None = None
        self._narrow: list[ValueRange] = []

    def __call__(self, values: Values) -> Pixels:
        """Return the values of one image as 8 bits, of the same shape."""
        self.range = used = self._fixed or self._next(used_range(values))
        if self._told is not None and not self._fixed and used != ALL_VALUES:
            self._told(
                f'images of 16 bits use the values {used} of 0,{_HIGHEST}: these are stretched to '
                '8 bits; give LOW,HIGH for a fixed range, or full for the high byte '
                '(value_range:=, --range)'
            )
            self._told = None
        return used.scale(values)

    @property
    def description(self) -> str:
        """The range and where it is from, for people; empty before the first image of 16 bits."""
        if self.range is None:
            return ''
        return f'{self.range} ({"set" if self._fixed else "automatic"})'

    def _next(self, used: ValueRange) -> ValueRange:
        known = self.range
        if known is None or not self._stream:
            return used
        if not known.with_slack(_SLACK).contains(used):
            # Narrow images go on being counted: of values that drift, it would only ever grow.
            known = known.joined(used)
        self._narrow = [*self._narrow, used] if used.span < _SHARE * known.span else []
        if len(self._narrow) < _PATIENCE:
            return known
        lows, highs = ([getattr(each, end) for each in self._narrow] for end in ('low', 'high'))
        self._narrow.clear()
        return _rounded(min(lows), max(highs))


def read_range(text: str) -> ValueRange | None:
    """Read a setting; None stands for auto.

    Raises:
        ImageError: none of auto, full and LOW,HIGH with 0 <= LOW < HIGH <= 65535.

    """
    if text in (AUTO, FULL):
        return ALL_VALUES if text == FULL else None
    low, _, high = (part.strip() for part in text.partition(','))
    if low.isdecimal() and high.isdecimal() and int(low) < int(high) <= _HIGHEST:
        return ValueRange(int(low), int(high))
    raise ImageError(
        f'value range {text!r} was given; allowed are auto, full, and LOW,HIGH with whole numbers '
        f'from 0 to {_HIGHEST}, for example 0,4095 for a sensor of 12 bits'
    )


def used_range(values: Values) -> ValueRange:
    """Return the range that an image uses: that of its number of bits, if it fills a quarter of it.

    Also if it shows nothing, as behind a lid.

    Args:
        values: H×W or H×W×C.

    """
    # Odd, so that every colour of a Bayer pattern is among them.
    step = math.ceil(math.sqrt(values.size / _SAMPLE)) | 1
    counts = np.bincount(values[::step, ::step].ravel(), minlength=_HIGHEST + 1)
    up_to = np.cumsum(counts)
    left_out = int(_LEFT_OUT * up_to[-1])
    low = int(np.searchsorted(up_to, left_out, side='right'))
    return _rounded(low, int(np.searchsorted(up_to, up_to[-1] - left_out)))


def _rounded(low: int, high: int) -> ValueRange:
    highest = (1 << max(high.bit_length(), 8)) - 1
    uses = high - low
    return ValueRange(low, high) if _LEAST <= uses < highest // 4 else ValueRange(0, highest)


@lru_cache(maxsize=8)
def _table(of: ValueRange) -> Pixels:
    values = np.arange(_HIGHEST + 1)
    return np.clip((values - of.low) * 256 // of.span, 0, 255).astype(np.uint8)
