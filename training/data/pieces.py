"""Crops packed into files: the format, and the stream of crops for training that is read of them.

A piece is an .npz file of NumPy: `about` (JSON), and of its N crops `images` and `logits` (WebP
files end to end, `image_ends` and `logit_ends` int64 [N] tell where each of them ends), `masks`
(uint8 [N, S·S/8], a bit a pixel), `seen` and `confidence` (float32 [N]).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from training.data.augment import augment
from training.data.compositing import compose
from training.data.sample import Sample

# What can be sent to another machine in one go.
LARGEST = 60_000_000
# 42 dB, less than the random changes add, in a third of the bytes of lossless WebP; JPEG needs
# 1.4 times as many for the same. A photo was compressed more than this when it was taken.
PICTURE = (cv2.IMWRITE_WEBP_QUALITY, 95)
LOSSLESS = (cv2.IMWRITE_WEBP_QUALITY, 101)  # above 100: as OpenCV has it


def save(path: Path, samples: Iterable[Sample], about: dict) -> None:
    """Write a piece, whole or not at all.

    Args:
        path: .npz.
        samples: crops of the same size.
        about: `size`, and whatever else they depend on; it must be possible as JSON.

    Raises:
        ValueError: it would be larger than can be sent.

    """
    images, masks, seen, logits, confidence = zip(*map(_packed, samples), strict=True)
    partial = path.with_suffix('.partial')
    with partial.open('wb') as file:
        np.savez_compressed(
            file,
            about=json.dumps(about),
            images=np.concatenate(images),
            image_ends=np.cumsum([len(image) for image in images]),
            masks=np.stack(masks),
            seen=np.array(seen, np.float32),
            logits=np.concatenate(logits),
            logit_ends=np.cumsum([len(plane) for plane in logits]),
            confidence=np.array(confidence, np.float32),
        )
    if partial.stat().st_size > LARGEST:
        partial.unlink()
        raise ValueError(
            f'{path} would have more than {LARGEST / 1e6:.0f} MB with {len(seen)} crops: '
            'give --piece a smaller number'
        )
    partial.replace(path)


def _packed(sample: Sample) -> tuple:
    return (
        cv2.imencode('.webp', sample.image[..., ::-1], PICTURE)[1],
        np.packbits(sample.mask),
        sample.seen,
        # Pictures have no sign: 128 stands for zero.
        cv2.imencode('.webp', sample.logits.view(np.uint8) ^ 128, LOSSLESS)[1],
        sample.confidence,
    )


def describe(path: Path) -> tuple[dict, int]:
    """What the crops of a piece depend on, and their number."""
    with np.load(path) as arrays:
        return json.loads(str(arrays['about'])), len(arrays['seen'])


class Piece(Sequence):
    """The samples of a file, in memory; each is unpacked when it is asked for."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as arrays:
            self._arrays = dict(arrays)
        self.size = json.loads(str(self._arrays['about']))['size']

    def __len__(self) -> int:
        return len(self._arrays['seen'])

    def __getitem__(self, row: int) -> Sample:
        arrays, size = self._arrays, self.size
        image = _unpacked(arrays['images'], arrays['image_ends'], row, cv2.IMREAD_COLOR)
        logits = _unpacked(arrays['logits'], arrays['logit_ends'], row, cv2.IMREAD_GRAYSCALE)
        mask = np.unpackbits(arrays['masks'][row], count=size * size).reshape(size, size)
        return Sample(
            cv2.cvtColor(image, cv2.COLOR_BGR2RGB),
            mask,
            arrays['seen'][row],
            (logits ^ 128).view(np.int8),
            arrays['confidence'][row],
        )


def _unpacked(files: np.ndarray, ends: np.ndarray, row: int, how: int) -> np.ndarray:
    start = ends[row - 1] if row else 0
    return cv2.imdecode(files[start : ends[row]], how)


class Shards:
    """Endless stream of the crops of a folder, all of them once an epoch, never twice the same.

    They are read once and stay in memory as they are packed, so no step waits for a disk.

    Args:
        folder: of pieces.
        pasted: how often a crop is composed with another one.
        turned: how often it is turned.

    Raises:
        FileNotFoundError: there is no piece.
        ValueError: the pieces are of several sizes.

    """

    def __init__(self, folder: Path, pasted: float, turned: float = 0.2) -> None:
        # As in Sampler: the cores belong to the network.
        cv2.setNumThreads(1)
        paths = sorted(folder.glob('*.npz'))
        if not paths:
            raise FileNotFoundError(
                f'no .npz in {folder}: `python -m training.data.shards` makes them'
            )
        self._pieces = [Piece(path) for path in tqdm(paths, unit=' pieces', leave=False)]
        sizes = {piece.size for piece in self._pieces}
        if len(sizes) > 1:
            raise ValueError(
                f'{folder} has crops of the sides {sorted(sizes)}: a network has one, so give '
                'each its own folder'
            )
        [self.size] = sizes
        self._starts = np.cumsum([0, *map(len, self._pieces)])
        self._pasted = pasted
        self._turned = turned
        self.reseed(0)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def reseed(self, *seed: int, part: int = 0, parts: int = 1) -> None:
        """Start another stream, or one part of it: together the parts take each crop once."""
        self._order = np.random.default_rng(seed)
        self._rng = np.random.default_rng((*seed, part))
        self._share = slice(part, None, parts)

    def __iter__(self) -> Iterator[Sample]:
        """Yield samples, changed at random, without end."""
        while True:
            for index in self._order.permutation(len(self))[self._share]:
                sample = self[index]
                if self._rng.random() < self._pasted:
                    sample = compose(sample, self[self._rng.integers(len(self))], self._rng)
                if sample.mask.any():
                    yield augment(sample, self._rng, self._turned)

    def __getitem__(self, index: int) -> Sample:
        """Give a crop as it is kept."""
        piece = int(np.searchsorted(self._starts, index, 'right')) - 1
        return self._pieces[piece][int(index - self._starts[piece])]
