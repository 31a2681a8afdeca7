"""The answer for one prompt: the logits of its ROI, and what is derived from them on demand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from picosam_ros.frame import Logits, Pixels
from picosam_ros.prompt import Box, Point, PreviousMask, Prompt
from picosam_ros.resample import covered, paste, paste_inside
from picosam_ros.roi import Affine, Roi


class Scored(Protocol):
    """What has a score, as a Mask has."""

    @property
    def score(self) -> float: ...


S = TypeVar('S', bound=Scored)


@dataclass(frozen=True, eq=False)
class Region:
    """The image pixels of a mask, and some around them; `logits` and `inside` on demand.

    Attributes:
        values: h×w float32 in network pixels of the ROI.
        roi: the rectangle of the image that they cover.
        image_width, image_height: in pixels.

    """

    values: Logits
    roi: Roi
    image_width: int
    image_height: int

    @cached_property
    def logits(self) -> Logits:
        """Rows × columns float32, at image resolution; around the mask no more than 0."""
        return paste(self.values, self.roi, self.image_width, self.image_height)[2]

    @cached_property
    def inside(self) -> npt.NDArray[np.bool_]:
        """The same shape, bool: the object."""
        return paste_inside(self.values, self.roi, self.image_width, self.image_height)

    @property
    def x(self) -> int:
        """Column of the top-left pixel."""
        return self.slices[1].start

    @property
    def y(self) -> int:
        """Row of the top-left pixel."""
        return self.slices[0].start

    @cached_property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the image."""
        columns, rows = covered(self.roi, self.image_width, self.image_height)
        return slice(*rows), slice(*columns)


@dataclass(frozen=True)
class Extent:
    """Where the pixels of a mask are that is not empty; the names are those of Mask."""

    box: Box
    centroid: tuple[float, float]
    area: int


@dataclass(frozen=True, eq=False, repr=False)
class Mask:
    """One object in one frame.

    Attributes:
        prompt: what it answers, with id and generation.
        logits: h×w float32 in network pixels of the ROI; above 0 is the object. C-contiguous.
        roi: the rectangle of the image that the network saw.
        image_width, image_height: of the frame, in pixels.
        engine: who made it.
        score: 0 to 1: the IoU to expect where the network rates its masks, else how sure its
            outline is.
        candidates: how many masks it was chosen from; `Prompt.size_step` chooses another.

    All that is derived is in pixels of the image, computed at first use and kept.

    """

    prompt: Prompt
    logits: Logits
    roi: Roi
    image_width: int
    image_height: int
    engine: str
    score: float
    candidates: int = 1

    def __repr__(self) -> str:
        shown = f'score={self.score:.2f}, engine={self.engine!r}'
        return f'Mask(object_id={self.prompt.object_id}, {self.roi}, {shown})'

    @cached_property
    def region(self) -> Region:
        """The mask at image resolution: nothing of it lies elsewhere."""
        logits, roi = self.logits, self.roi
        if not roi.whole:
            # Resampling is dear there, and most pixels are nowhere near the object.
            logits, roi = self._cut_out()
        return Region(logits, roi.snapped(1e-6), self.image_width, self.image_height)

    def _cut_out(self) -> tuple[Logits, Roi]:
        """Return the network's pixels of the object and those around it, and what they cover."""
        x, y, width, height = cv2.boundingRect((self.logits > 0).view(np.uint8))
        x0, y0 = max(x - 1, 0), max(y - 1, 0)
        logits = self.logits[y0 : y + height + 1, x0 : x + width + 1]
        part = Roi(x0, y0, logits.shape[1], logits.shape[0])
        return logits, part.through(self._from_image.inverse())

    def to_image(self) -> npt.NDArray[np.bool_]:
        """Return a new H×W bool array of the image's size."""
        image = np.zeros((self.image_height, self.image_width), np.bool_)
        image[self.region.slices] = self.region.inside
        return image

    def to_rle(self) -> dict[str, Any]:
        """Return COCO's compressed run lengths: {'size': [height, width], 'counts': str}.

        The string is what `pycocotools.mask.encode` returns as bytes; it fits into JSON, and
        `pycocotools.mask.decode` takes it.
        """
        return encode_rle(self.to_image())

    def to_png(self) -> bytes:
        """Return a PNG of the image's size: one channel, 255 on the object, else 0."""
        _, encoded = cv2.imencode('.png', 255 * self.to_image().view(np.uint8))
        return encoded.tobytes()

    @property
    def area(self) -> int:
        """Pixels of the image."""
        return self._extent.area if self._extent else 0

    @property
    def empty(self) -> bool:
        """The network ran and found nothing."""
        return self._extent is None

    @property
    def box(self) -> Box | None:
        """The smallest box around it; None if empty."""
        return self._extent.box if self._extent else None

    @property
    def centroid(self) -> tuple[float, float] | None:
        """Mean x and y of its pixels; None if empty."""
        return self._extent.centroid if self._extent else None

    @cached_property
    def _extent(self) -> Extent | None:
        region = self.region
        inside = region.inside.view(np.uint8)
        x, y, width, height = cv2.boundingRect(inside)
        if not width:
            return None
        moments = cv2.moments(inside[y : y + height, x : x + width])
        area = moments['m00']
        x, y = region.x + x, region.y + y
        return Extent(
            Box(x, y, x + width - 1, y + height - 1),
            (x + moments['m10'] / area, y + moments['m01'] / area),
            int(area),
        )

    @cached_property
    def polygon(self) -> tuple[npt.NDArray[np.int32], ...]:
        """Outlines, each N×2 of x, y: the pixels on the rim of each connected part."""
        contours, _ = cv2.findContours(
            self.region.inside.view(np.uint8),
            cv2.RETR_EXTERNAL,
            cv2.CHAIN_APPROX_SIMPLE,
            offset=(self.region.x, self.region.y),
        )
        return tuple(np.asarray(contour, np.int32)[:, 0] for contour in contours)

    def release(self) -> None:
        """Free the pixels at image resolution; box, centroid and area are kept."""
        _ = self._extent
        self.__dict__.pop('region', None)

    def agrees_with(self, point: Point) -> bool:
        """Whether a point is in the mask, if it is positive; whether it is not, if negative."""
        return self.as_previous().agrees_with(point)

    @property
    def agreeing_points(self) -> int:
        """How many points of the prompt agree with the mask."""
        return sum(map(self.agrees_with, self.prompt.points))

    def as_previous(self) -> PreviousMask:
        """Return it as a part of the object's next prompt."""
        known = self.prompt.previous
        chosen = bool(self.prompt.size_step) or (known is not None and known.chosen)
        return PreviousMask(self.logits, self.roi, chosen)

    def within(self, roi: Roi, side: int) -> Mask:
        """The same mask as side×side logits of another ROI; what no network saw is outside."""
        to_logits = roi.affine_to(side, side).inverse().then(self._from_image)
        logits = cv2.warpAffine(
            self.logits,
            to_logits.matrix,
            (side, side),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=-1,
        )
        return replace(self, logits=np.asarray(logits, np.float32), roi=roi)

    @property
    def _from_image(self) -> Affine:
        rows, columns = self.logits.shape
        return self.roi.affine_to(columns, rows)

    @property
    def probability(self) -> Pixels:
        """h×w uint8 in network pixels, 255 for certain; 128 and above is the object."""
        return to_probability(self.logits)


def stability(logits: Logits) -> float:
    """Return how little the mask changes when the threshold moves by one logit: 0 to 1.

    SAM's measure (arXiv 2304.02643, appendix): the IoU of the masks above +1 and above -1.
    A network that found nothing at all scores 0.
    """
    loose = np.count_nonzero(logits > -1)
    return float(np.count_nonzero(logits > 1) / loose) if loose else 0.0


def to_probability(logits: Logits) -> Pixels:
    """255 times the sigmoid, as uint8: at least 128 exactly where the logit is above 0."""
    # In place: temporaries of a cold cache cost more than the arithmetic.
    scaled = np.maximum(logits, -20)
    np.negative(scaled, out=scaled)
    np.exp(scaled, out=scaled)
    scaled += 1
    np.divide(255, scaled, out=scaled)
    return np.maximum(scaled.astype(np.uint8), (logits > 0).view(np.uint8) << 7)


def painting_order(masks: Iterable[S]) -> list[S]:
    """Return masks of one frame in the order to paint them in, each over those before.

    So where masks overlap the one with the best score has the pixel, of equal ones the first.
    """
    return sorted(masks, key=lambda mask: mask.score, reverse=True)[::-1]


def label_image(masks: Iterable[Mask], width: int, height: int) -> tuple[Pixels, Pixels]:
    """Return masks of one frame as one label image, as Nav2's semantic layers read it.

    Where masks overlap, the one with the best score has the pixel.

    Returns:
        height × width uint8 of object ids (0 is nothing), and the probability of that object
        (0 to 255; 0 where there is none).

    """
    labels = np.zeros((height, width), np.uint8)
    confidence = np.zeros((height, width), np.uint8)
    for mask in painting_order(masks):
        region = mask.region
        inside = region.inside
        np.copyto(labels[region.slices], mask.prompt.object_id, where=inside)
        np.copyto(confidence[region.slices], to_probability(region.logits), where=inside)
    return labels, confidence


def encode_rle(inside: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return COCO's compressed run lengths of H×W pixels, see Mask.to_rle."""
    pixels = inside.ravel(order='F')
    changes = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    runs = np.diff(np.concatenate(([0], changes, [pixels.size]))).tolist()
    counts = [0, *runs] if pixels[0] else runs  # background first
    return {'size': list(inside.shape), 'counts': _compressed(counts)}


def _compressed(counts: list[int]) -> str:
    """Return run lengths as `maskApi.c` of cocoapi writes them.

    Groups of five bits, low ones first, a printable character each; from the fourth count on, the
    difference to the count two before.
    """
    text = []
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != (-1 if bits & 0x10 else 0)
            text.append(chr(bits + 0x20 * more + 48))
    return ''.join(text)
