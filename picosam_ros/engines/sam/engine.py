"""EdgeSAM (arXiv 2312.06660) and its relatives on the host CPU; the user brings the two files."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from picosam_ros.engines.base import Capabilities, Engine
from picosam_ros.engines.runtimes import DEFAULT_RUNTIME, check_runtime, load, threads_of
from picosam_ros.engines.sam.networks import Candidates, EncodedImage, ImageEncoder, MaskDecoder
from picosam_ros.engines.sam.specs import S_LAB, check_pair, decoder_of, encoder_of
from picosam_ros.engines.trial import try_out
from picosam_ros.engines.work_limit import NotFinite
from picosam_ros.errors import EngineError, ModelError
from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask
from picosam_ros.models import Model
from picosam_ros.prompt import Prompt
from picosam_ros.results import Segmentation

_LOGGER = logging.getLogger(__name__)

WHERE = 'docs/edgesam.md says where the authors publish them, and under which licence'


class EdgeSamEngine(Engine):
    """Encodes the whole image once, and answers each prompt on it with a run of the decoder.

    The embedding is kept while the same image is given again, and a prompt that only adds points
    to the one before starts from the mask of that, if the decoder takes one. The ROI size of a
    prompt is ignored. Files of SAM and MobileSAM work, too; their signatures tell them apart.

    Args:
        encoder, decoder: paths of the two .onnx files.
        threads: of one run; 0 takes half of the cores, at most four.
        runtime: one of runtimes.RUNTIMES.

    """

    name = 'edgesam'
    capabilities = Capabilities(
        negative_points=True, boxes=True, boxes_with_points=True, corrections=True
    )

    def __init__(
        self,
        *,
        encoder: str = '',
        decoder: str = '',
        threads: int = 0,
        runtime: str = DEFAULT_RUNTIME,
    ) -> None:
        check_runtime(runtime)
        if not (encoder and decoder):
            given = f'encoder {encoder!r} and decoder {decoder!r} were given'
            raise EngineError(f"engine 'edgesam' needs two .onnx files of yours; {given}; {WHERE}")
        self.encoder, self.decoder = (Model(Path(p).name, Path(p)) for p in (encoder, decoder))
        self.threads = threads_of(threads)
        self.runtime = runtime
        self._licence = ''
        self._networks: tuple[ImageEncoder, MaskDecoder] | None = None
        # Two, for a call of another image takes turns with the stream.
        self._images: deque[EncodedImage] = deque(maxlen=2)

    @property
    def description(self) -> dict[str, str]:
        """Files, hashes, runtime, threads, and once it is open the licence of the weights."""
        return {
            'model': f'{self.encoder.name} + {self.decoder.name}',
            'sha256': f'{self.encoder.digest[:16]} + {self.decoder.digest[:16]}',
            'licence': self._licence or 'known once the files are loaded',
            'runtime': self.runtime,
            'threads': str(self.threads),
            **self._failures,
        }

    def open(self) -> None:
        """Load both files and run each once; log the licence of EdgeSAM's weights.

        Raises:
            ModelError: one is missing, truncated, or not what it should be.
            EngineError: the runtime is not installed, or `interrupt` was called meanwhile.

        """
        if self._networks is not None:
            return
        paths = self.encoder.path, self.decoder.path
        for what, path in zip(('encoder', 'decoder'), paths, strict=True):
            if not path.is_file():
                raise ModelError(f'{what} file {path} does not exist; {WHERE}')
        options = {
            'encoder': str(paths[0]),
            'decoder': str(paths[1]),
            'threads': self.threads,
            'runtime': self.runtime,
        }
        try_out(self.name, options, [self.encoder, self.decoder], lambda: self.interrupted)
        self.load()

    def load(self) -> None:
        """Do the same in this process at once."""
        paths = self.encoder.path, self.decoder.path
        first, second = (load(path, self.threads, self.runtime) for path in paths)
        specs = encoder_of(first, paths[0]), decoder_of(second, paths[1])
        check_pair(first, second, paths)
        encoder, decoder = ImageEncoder(first, specs[0]), MaskDecoder(second, specs[1])
        try:
            _warm_up(encoder, decoder)
        except NotFinite as error:
            raise ModelError(f'model files {paths[0]} and {paths[1]}: {error}') from error
        # Hashed now: diagnostics, which show them, must not wait for large files.
        _ = self.encoder.digest, self.decoder.digest
        self._networks, self._licence = (encoder, decoder), decoder.spec.licence
        if self._licence == S_LAB:
            _LOGGER.warning('the weights of EdgeSAM are under the %s', S_LAB)

    def close(self) -> None:
        """Free the networks and the embedding."""
        self._networks = None
        self._images.clear()

    def segment_frame(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer every prompt; the encoder runs if this is another image than before."""
        encoder, decoder = self._opened()
        if not prompts:
            return Segmentation(())
        timing, inferring = Timing(preprocess=0.0, encode=0.0), 0.0

        def answer(prompt: Prompt) -> Mask:
            nonlocal timing, inferring
            image, encoding = self._encoded(frame, encoder)
            if encoding.encode:
                timing = encoding
                self.check(prompt)
            begun = time.perf_counter()
            candidates = _decode(decoder, image, prompt)
            inferring += time.perf_counter() - begun
            return self._mask(prompt, frame, image, candidates, candidates.best)

        begun = time.perf_counter()
        masks, left = self.answer_each(prompts, answer)
        took = 1e3 * (time.perf_counter() - begun)
        inference = 1e3 * inferring
        decode = took - timing.preprocess - timing.encode - inference
        return Segmentation(masks, left, replace(timing, inference=inference, decode=decode))

    def candidates(self, frame: Frame, prompt: Prompt) -> tuple[Mask, ...]:
        """Return all masks that the decoder proposes for a prompt, the best score first."""
        encoder, decoder = self._opened()
        image, _ = self._encoded(frame, encoder)
        answer = _decode(decoder, image, prompt)
        order = map(int, np.argsort(-answer.scores, kind='stable'))
        return tuple(self._mask(prompt, frame, image, answer, index) for index in order)

    def _opened(self) -> tuple[ImageEncoder, MaskDecoder]:
        if self._networks is None:
            raise EngineError(
                "engine 'edgesam' is closed; call open(), or use it in a with statement"
            )
        return self._networks

    def _encoded(self, frame: Frame, encoder: ImageEncoder) -> tuple[EncodedImage, Timing]:
        """Encode the image, unless it is the one that was encoded last."""
        known = next((image for image in self._images if image.is_of(frame)), None)
        if known is not None:
            return known, Timing(preprocess=0.0, encode=0.0)
        begun = time.perf_counter()
        prepared, square = encoder.prepare(frame.pixels)
        ready = time.perf_counter()
        image = EncodedImage(frame, encoder(prepared, square))
        self._images.append(image)
        encoded = time.perf_counter()
        return image, Timing(preprocess=1e3 * (ready - begun), encode=1e3 * (encoded - ready))

    def _mask(
        self, prompt: Prompt, frame: Frame, image: EncodedImage, answer: Candidates, index: int
    ) -> Mask:
        logits, roi = image.embedding.square.cut(answer.logits[index])
        score = float(np.clip(answer.scores[index], 0, 1))
        return Mask(prompt, logits, roi, frame.width, frame.height, self.name, score)


def _decode(decoder: MaskDecoder, image: EncodedImage, prompt: Prompt) -> Candidates:
    answer = decoder(image.embedding, prompt, image.refined_by(prompt))
    image.remember(prompt, answer.logits[answer.best])
    return answer


def _warm_up(encoder: ImageEncoder, decoder: MaskDecoder) -> None:
    decoder(encoder(*encoder.prepare(np.zeros((64, 64, 3), np.uint8))), Prompt.from_point(32, 32))
