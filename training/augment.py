"""Random changes of a crop that keep the prompt at its place."""

import cv2
import numpy as np


def augment(
    image: np.ndarray, mask: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Change a copy of an RGB uint8 [96, 96, 3] crop and its uint8 [96, 96] mask."""
    if rng.random() < 0.5:
        image, mask = image[:, ::-1], mask[:, ::-1]
    if rng.random() < 0.2:
        image, mask = _turn(image, mask, rng)
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
    return np.ascontiguousarray(image), np.ascontiguousarray(mask)


def _turn(
    image: np.ndarray, mask: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    size = image.shape[0]
    centre = ((size - 1) / 2, (size - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, rng.uniform(-15, 15), rng.uniform(0.85, 1.2))
    image = cv2.warpAffine(
        np.ascontiguousarray(image), matrix, (size, size), borderMode=cv2.BORDER_REFLECT_101
    )
    mask = cv2.warpAffine(
        np.ascontiguousarray(mask),
        matrix,
        (size, size),
        flags=cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return image, mask


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
