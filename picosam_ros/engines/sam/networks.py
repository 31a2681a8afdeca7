"""The two networks: images to embeddings, embeddings and prompts to masks."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np

from picosam_ros.engines.runtimes import LoadedNetwork, check_finite
from picosam_ros.engines.sam.specs import (
    DEVIATION,
    MEAN,
    SIDE,
    DecoderSpec,
    EncoderSpec,
)
from picosam_ros.engines.sam.square import Floats, Square
from picosam_ros.frame import Frame, Pixels
from picosam_ros.prompt import Prompt


@dataclass(frozen=True, eq=False)
class Embedding:
    """The encoder's output for an image: 1×C×h×w, and where the image lies in its input."""

    values: Floats
    square: Square


@dataclass(frozen=True, eq=False)
class Candidates:
    """The masks that the decoder proposes for a prompt.

    Attributes:
        logits: N×n×n of the whole square; above 0 is the object.
        scores: N; the predicted IoU, or the stability, as the file was exported.
        best: index of the answer.

    """

    logits: Floats
    scores: Floats
    best: int


class ImageEncoder:
    """Computes the embedding of an image."""

    def __init__(self, network: LoadedNetwork, spec: EncoderSpec) -> None:
        self._network = network
        self._spec = spec
        self._input, self._output = network.inputs[0].name, network.outputs[0].name
        side = network.inputs[0].shape[-1] if spec.normalised else SIDE
        self.side = side if isinstance(side, int) else SIDE

    def prepare(self, pixels: Pixels) -> tuple[Floats, Square]:
        """Resize, normalise and pad an image, H×W×3 of R, G, B, as the spec says."""
        square = Square(pixels.shape[1], pixels.shape[0], self.side)
        resized = square.resized(pixels)
        if not self._spec.normalised:
            return resized.astype(np.float32), square
        padded = np.zeros((1, 3, self.side, self.side), np.float32)
        for channel, (mean, deviation) in enumerate(zip(MEAN, DEVIATION, strict=True)):
            plane = padded[0, channel, : square.height, : square.width]
            np.subtract(resized[..., channel], np.float32(mean), out=plane)
            plane /= np.float32(deviation)
        return padded, square

    def __call__(self, prepared: Floats, square: Square) -> Embedding:
        """Run it on what `prepare` returned."""
        [values] = self._network.run({self._input: prepared}, [self._output])
        check_finite([values], [self._output])
        return Embedding(values, square)


class MaskDecoder:
    """Computes masks from an embedding and a prompt."""

    def __init__(self, network: LoadedNetwork, spec: DecoderSpec) -> None:
        self.spec = spec
        self._network = network
        shapes = {port.name: port.shape for port in network.inputs}
        sides = shapes.get('mask_input', (1, 1, 256, 256))
        self._no_mask = np.zeros([s if isinstance(s, int) else 1 for s in sides], np.float32)

    def __call__(
        self, embedding: Embedding, prompt: Prompt, earlier: Floats | None = None
    ) -> Candidates:
        """Run it.

        Args:
            embedding: of the image.
            prompt: in pixels of the image.
            earlier: n×n logits of the same object in the same image, which this prompt
                refines; only for a decoder that takes them.

        """
        points, labels = embedding.square.tokens(prompt)
        feed = {
            'image_embeddings': embedding.values,
            'point_coords': points,
            'point_labels': labels,
        }
        if self.spec.takes_mask:
            feed.update(self._refinement(embedding.square, earlier))
        wanted = [self.spec.scores, self.spec.masks]
        scores, logits = self._network.run(feed, wanted)
        check_finite([scores, logits], wanted)
        return Candidates(logits[0], scores[0], self._best(scores[0], prompt))

    def _refinement(self, square: Square, earlier: Floats | None) -> dict[str, Floats]:
        return {
            'mask_input': self._no_mask if earlier is None else earlier[None, None],
            'has_mask_input': np.array([earlier is not None], np.float32),
            # Only for the masks that the graph enlarges to that size, which are not read: so the
            # smallest size of the image's shape.
            'orig_im_size': np.array([square.height, square.width], np.float32),
        }

    def _best(self, scores: Floats, prompt: Prompt) -> int:
        if len(scores) == 1:
            return 0
        allowed = self.spec.clicks if len(prompt.points) > 1 else self.spec.click
        if prompt.box is not None:
            allowed = self.spec.box
        indices = range(len(scores))[allowed]
        return max(indices, key=lambda index: float(scores[index]))


class EncodedImage:
    """The image that was encoded last, and what was answered on it.

    Attributes:
        embedding: of the image.

    """

    def __init__(self, frame: Frame, embedding: Embedding) -> None:
        self.embedding = embedding
        # Not the pixels themselves: they may be a camera's buffer, which it needs back.
        self._pixels = weakref.ref(frame.pixels)
        self._stamp_ns = frame.stamp_ns
        self._answers: dict[int, tuple[Prompt, Floats]] = {}

    def is_of(self, frame: Frame) -> bool:
        """Return whether that is the same image: the same pixels, captured at the same time."""
        return self._pixels() is frame.pixels and self._stamp_ns == frame.stamp_ns

    def remember(self, prompt: Prompt, logits: Floats) -> None:
        """Keep the mask of the whole square, n×n, that answered a prompt."""
        self._answers[prompt.object_id] = prompt, logits

    def refined_by(self, prompt: Prompt) -> Floats | None:
        """Return the mask of the earlier prompt that this one only adds points to, if any."""
        earlier, logits = self._answers.get(prompt.object_id, (prompt, None))
        count = len(earlier.points)
        grows = len(prompt.points) > count and prompt.points[:count] == earlier.points
        return logits if grows and prompt.box == earlier.box else None
