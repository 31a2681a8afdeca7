"""Copy and paste: an object before another background, or something before the object.

It multiplies the little data there is, and shows objects apart from the places where they
usually are.
"""

import cv2
import numpy as np

from training.data.sample import CLIP, STEPS, Sample

# Of two crops, how often the second one's object is taken before the first one's background.
TRANSPLANTED = 0.6
# An object that fills the crop leaves no background to be seen.
LARGEST_SHARE = 0.6


def compose(first: Sample, second: Sample, rng: np.random.Generator) -> Sample:
    """Put one sample's object into another's crop.

    Args:
        first, second: crops of the same size.
        rng: draws which of two ways: the second object becomes the one that is meant, before the
            first crop as its background; or it stands before the first object, beside the prompt.

    Returns:
        the new sample; the first one as it was if the two do not fit. A teacher has not seen an
        object before its new background: there the mask alone is learnt. What stands before an
        object is cut out of the teacher's answer as out of the mask.

    """
    if not 0 < second.mask.mean() < LARGEST_SHARE:
        return first
    if rng.random() < TRANSPLANTED:
        image = blend(first.image, second.image, second.mask)
        return second._replace(image=image, confidence=np.float32(0))
    return _occlude(first, second, rng)


def blend(background: np.ndarray, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Lay the masked part over a background of the same size, with an edge one pixel soft."""
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)[..., None]
    return (background * (1 - alpha) + image * alpha + 0.5).astype(np.uint8)


def _occlude(first: Sample, second: Sample, rng: np.random.Generator) -> Sample:
    """Shift the second object aside, so that the middle of the first crop stays free."""
    mask, size = first.mask, first.mask.shape[0]
    angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.6) * size
    shift = np.float32([[1, 0, distance * np.cos(angle)], [0, 1, distance * np.sin(angle)]])
    moved = cv2.warpAffine(second.mask, shift, (size, size), flags=cv2.INTER_NEAREST)
    middle = slice(size // 2 - 3, size // 2 + 3)
    left = mask * (1 - moved)
    if moved[middle, middle].any() or left.sum() < 0.4 * mask.sum():
        return first
    other = cv2.warpAffine(second.image, shift, (size, size), borderMode=cv2.BORDER_REFLECT)
    logits = np.where(moved, np.int8(-CLIP * STEPS), first.logits)
    return first._replace(image=blend(first.image, other, moved), mask=left, logits=logits)
