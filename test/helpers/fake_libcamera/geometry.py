"""libcamera's geometry, written after the documentation of `geometry.h`.

It is not written after the simulation's own: what agrees was worked out twice.
"""


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __neg__(self):
        return Point(-self.x, -self.y)


class Size:
    def __init__(self, width, height):
        self.width, self.height = int(width), int(height)

    def to_tuple(self):
        return self.width, self.height

    def bounded_to_aspect_ratio(self, ratio):
        if self.width * ratio.height > self.height * ratio.width:
            return Size(self.height * ratio.width // ratio.height, self.height)
        return Size(self.width, self.width * ratio.height // ratio.width)

    def centered_to(self, point):
        left, top = point.x - self.width // 2, point.y - self.height // 2
        return Rectangle(left, top, self.width, self.height)


class Rectangle:
    def __init__(self, x, y, width, height):
        self.x, self.y, self.width, self.height = int(x), int(y), int(width), int(height)

    def __eq__(self, other):
        return self.to_tuple() == other.to_tuple()

    __hash__ = None

    def to_tuple(self):
        return self.x, self.y, self.width, self.height

    @property
    def size(self):
        return Size(self.width, self.height)

    @property
    def center(self):
        return Point(self.x + self.width // 2, self.y + self.height // 2)

    @property
    def topLeft(self):  # noqa: N802
        return Point(self.x, self.y)

    def _edges(self):
        return self.x, self.y, self.x + self.width, self.y + self.height

    def bounded_to(self, bound):
        mine, its = self._edges(), bound._edges()
        left, top = max(mine[0], its[0]), max(mine[1], its[1])
        right, bottom = min(mine[2], its[2]), min(mine[3], its[3])
        return Rectangle(left, top, max(0, right - left), max(0, bottom - top))

    def enclosed_in(self, bound):
        shrunk = Rectangle(
            self.x, self.y, min(self.width, bound.width), min(self.height, bound.height)
        )
        edges = bound._edges()
        shrunk.x = max(edges[0], min(shrunk.x, edges[2] - shrunk.width))
        shrunk.y = max(edges[1], min(shrunk.y, edges[3] - shrunk.height))
        return shrunk

    def translated_by(self, point):
        return Rectangle(self.x + point.x, self.y + point.y, self.width, self.height)

    def scaled_by(self, numerator, denominator):
        def across(value):
            return int(value * numerator.width / denominator.width)

        def down(value):
            return int(value * numerator.height / denominator.height)

        return Rectangle(across(self.x), down(self.y), across(self.width), down(self.height))
