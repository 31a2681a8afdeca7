"""Rectangles of whole pixels, with the arithmetic of libcamera's `geometry.h`."""

from __future__ import annotations

import operator
from dataclasses import dataclass

from picosam_ros.roi import Roi


@dataclass(frozen=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    def bounded_to_aspect_ratio(self, ratio: Size) -> Size:
        """Return the largest size of this aspect ratio that fits, rounded down."""
        if self.width * ratio.height > ratio.width * self.height:
            return Size(ratio.width * self.height // ratio.height, self.height)
        return Size(self.width, self.width * ratio.height // ratio.width)


@dataclass(frozen=True)
class PixelRectangle:
    """Columns x … x + width − 1, rows likewise.

    Raises:
        TypeError: a number that is not whole, or a negative size, as with libcamera's.

    """

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        for name in ('x', 'y', 'width', 'height'):
            object.__setattr__(self, name, operator.index(getattr(self, name)))
        if self.width < 0 or self.height < 0:
            raise TypeError(f'{self} was given; width and height must not be negative')

    @classmethod
    def of(cls, size: Size) -> PixelRectangle:
        """Return the rectangle of this size at the origin."""
        return cls(0, 0, size.width, size.height)

    @property
    def roi(self) -> Roi:
        """The same rectangle, as the rest of the package knows it."""
        return Roi(self.x, self.y, self.width, self.height)

    def to_tuple(self) -> tuple[int, int, int, int]:
        """Return x, y, width, height."""
        return self.x, self.y, self.width, self.height

    def bounded_to(self, bound: PixelRectangle) -> PixelRectangle:
        """Return the part that both have; of size 0 if they do not meet."""
        x, y = max(self.x, bound.x), max(self.y, bound.y)
        right = min(self.x + self.width, bound.x + bound.width)
        bottom = min(self.y + self.height, bound.y + bound.height)
        return PixelRectangle(x, y, max(right - x, 0), max(bottom - y, 0))

    def enclosed_in(self, boundary: PixelRectangle) -> PixelRectangle:
        """Shrink to the boundary's size, then move inside."""
        width, height = min(self.width, boundary.width), min(self.height, boundary.height)
        x = min(max(self.x, boundary.x), boundary.x + boundary.width - width)
        y = min(max(self.y, boundary.y), boundary.y + boundary.height - height)
        return PixelRectangle(x, y, width, height)

    def scaled_by(self, numerator: Size, denominator: Size) -> PixelRectangle:
        """Multiply and divide every number, rounded towards zero."""
        return PixelRectangle(
            _ratio(self.x, numerator.width, denominator.width),
            _ratio(self.y, numerator.height, denominator.height),
            _ratio(self.width, numerator.width, denominator.width),
            _ratio(self.height, numerator.height, denominator.height),
        )

    def centred(self, size: Size) -> PixelRectangle:
        """Return a rectangle of another size with this one's centre."""
        x = self.x + self.width // 2 - size.width // 2
        y = self.y + self.height // 2 - size.height // 2
        return PixelRectangle(x, y, size.width, size.height)


def _ratio(value: int, numerator: int, denominator: int) -> int:
    size = abs(value) * numerator // denominator
    return size if value >= 0 else -size


# All pixels of the sensor: the grid of ROI and ScalerCrop.
FULL_SIZE = Size(4056, 3040)
FULL = PixelRectangle.of(FULL_SIZE)
