"""Random changes of a crop that keep the prompt at its place."""

import cv2
import numpy as np

from training.data.sample import Sample


def augment(sample: Sample, rng: np.random.Generator, turned: float = 0.2) -> Sample:
    """Change a copy: mirror and, that often, turn all that lies in it; recolour the picture."""
    if rng.random() < 0.5:
        sample = _mirror(sample)
    if rng.random() < turned:
        sample = _turn(sample, rng)
    return sample._replace(
        image=np.ascontiguousarray(_change_colours(sample.image, rng)),
        mask=np.ascontiguousarray(sample.mask),
        logits=np.ascontiguousarray(sample.logits),
    )


def _change_colours(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.7:
        image = _recolour(image, rng)
    if rng.random() < 0.1:
        image = image.mean(2, keepdims=True).astype(np.uint8).repeat(3, 2)
    if rng.random() < 0.15:
        image = cv2.GaussianBlur(np.ascontiguousarray(image), (0, 0), rng.uniform(0.4, 1.5))
    if rng.random() < 0.2:
        image = _add_noise(image, rng)
    if rng.random() < 0.2:
        image = _compress(image, rng)
    return image


def _mirror(sample: Sample) -> Sample:
    return sample._replace(
        image=sample.image[:, ::-1], mask=sample.mask[:, ::-1], logits=sample.logits[:, ::-1]
    )


def _turn(sample: Sample, rng: np.random.Generator) -> Sample:
    size = sample.mask.shape[0]
    centre = ((size - 1) / 2, (size - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, rng.uniform(-15, 15), rng.uniform(0.85, 1.2))

    def turned(picture: np.ndarray, method: int = cv2.INTER_LINEAR) -> np.ndarray:
        return cv2.warpAffine(
            np.ascontiguousarray(picture),
            matrix,
            (size, size),
            flags=method,
            borderMode=cv2.BORDER_REFLECT_101,
        )

    logits = sample.logits  # OpenCV does not turn int8
    return sample._replace(
        image=turned(sample.image),
        mask=turned(sample.mask, cv2.INTER_NEAREST),
        logits=np.rint(turned(logits.astype(np.float32))).astype(np.int8),
    )


def _recolour(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brightness, contrast, gamma and white balance, as one table a channel."""
    ramp = np.linspace(0, 1, 256)
    contrast, brightness = rng.uniform(0.65, 1.4), rng.uniform(-0.15, 0.15)
    gamma = np.exp(rng.uniform(-0.35, 0.35))
    tone = np.clip((ramp**gamma - 0.5) * contrast + 0.5 + brightness, 0, 1)
    table = np.clip(tone[:, None] * rng.uniform(0.85, 1.15, 3) * 255, 0, 255).astype(np.uint8)
    return cv2.LUT(np.ascontiguousarray(image), table.reshape(1, 256, 3))


def _add_noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(2, 12))
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _compress(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))]
    _, buffer = cv2.imencode('.jpg', np.ascontiguousarray(image), quality)
    return cv2.imdecode(buffer, cv2.IMREAD_COLOR)
