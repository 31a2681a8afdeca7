"""Random changes of the colours of squares, each of some of them."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def recolour(image: Tensor, rng: np.random.Generator, noise: torch.Generator) -> Tensor:
    """Change float [B, 3, S, S], 0 to 255, in place; give it back.

    Args:
        image: the squares.
        rng: draws which, and how much.
        noise: of the image's device, for what is drawn by pixel.

    """
    for share, change in CHANGES:
        chosen = np.flatnonzero(rng.random(len(image)) < share)
        if len(chosen):
            image[chosen] = change(image[chosen], rng, noise)
    return image.clamp_(0, 255)


def blur(planes: Tensor, deviation: float) -> Tensor:
    """Convolve float [N, C, H, W] with a gaussian; the borders are repeated."""
    reach = max(1, int(3 * deviation + 0.5))
    offsets = torch.arange(-reach, reach + 1, device=planes.device, dtype=torch.float32)
    kernel = torch.exp(-(offsets**2) / (2 * deviation**2))
    kernel = kernel / kernel.sum()
    flat = planes.flatten(0, 1)[:, None]
    flat = functional.pad(flat, (reach, reach, reach, reach), mode='replicate')
    flat = functional.conv2d(flat, kernel[None, None, None])
    return functional.conv2d(flat, kernel[None, None, :, None]).view(planes.shape)


def _drawn(image: Tensor, values: np.ndarray) -> Tensor:
    """One number, or three, for each square."""
    return torch.from_numpy(values.astype(np.float32)).to(image.device)[..., None, None]


def _tone(image: Tensor, rng: np.random.Generator, noise: torch.Generator) -> Tensor:
    """Gamma, contrast, brightness and white balance."""
    one = (len(image), 1)
    gamma = _drawn(image, np.exp(rng.uniform(-0.35, 0.35, one)))
    contrast = _drawn(image, rng.uniform(0.65, 1.4, one))
    brightness = _drawn(image, rng.uniform(-0.15, 0.15, one))
    balance = _drawn(image, rng.uniform(0.85, 1.15, (len(image), 3)))
    tone = (image / 255).clamp_(1e-4, 1) ** gamma
    tone = ((tone - 0.5) * contrast + 0.5 + brightness).clamp_(0, 1)
    return (tone * balance * 255).clamp_(0, 255)


def _grey(image: Tensor, rng: np.random.Generator, noise: torch.Generator) -> Tensor:
    return image.mean(1, keepdim=True).expand_as(image)


def _blurred(image: Tensor, rng: np.random.Generator, noise: torch.Generator) -> Tensor:
    return blur(image, rng.uniform(0.4, 1.8))


def _coarse(image: Tensor, rng: np.random.Generator, noise: torch.Generator) -> Tensor:
    """As from half of the pixels."""
    halved = functional.avg_pool2d(image, 2)
    return functional.interpolate(halved, scale_factor=2.0, mode='bilinear', align_corners=False)


def _noisy(image: Tensor, rng: np.random.Generator, noise: torch.Generator) -> Tensor:
    drawn = torch.empty_like(image).normal_(generator=noise)
    return image + drawn * _drawn(image, rng.uniform(2, 12, (len(image), 1)))


# Each change and the share of the squares that it meets, in order.
CHANGES = ((0.7, _tone), (0.1, _grey), (0.15, _blurred), (0.1, _coarse), (0.2, _noisy))
