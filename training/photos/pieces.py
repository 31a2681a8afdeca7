"""The format of packed photos; NumPy and OpenCV read it.

A piece is an .npz file of NumPy. Of its P photos it has `pictures` (WebP or JPEG files end to end)
and `picture_ends` int64 [P], `sizes` int32 [P, 2] (rows, columns), `sources` int32 [P] (places in
`names`), `held` bool [P]. Of its M masks it has `masks` (zlib of the bits of each one's window,
rows padded to whole bytes, end to end) and `mask_ends` int64 [M], `owners` int32 [M] (the photo),
`windows` int32 [M, 4] (left, top, right, bottom; the box of the mask, right and bottom excluded)
and `areas` int64 [M] in pixels.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

LARGEST = 30 << 20
# For what NumPy writes beside the pictures and masks of a piece.
HEADERS = 1 << 14
LONGEST_SIDE = 512
FEWEST_PIXELS = 16
PICTURE = (cv2.IMWRITE_WEBP_QUALITY, 90)
NUMBERS_OF_A_MASK = 8 + 4 + 16 + 8


@dataclass(frozen=True)
class Mask:
    """An object.

    Attributes:
        window: left, top, right, bottom of its box, the last two excluded.
        bits: uint8 [rows, columns / 8] of the window, a bit a pixel.

    """

    window: tuple[int, int, int, int]
    bits: np.ndarray
    area: int

    @classmethod
    def of(cls, mask: np.ndarray) -> 'Mask':
        """Take a mask, [height, width], that is somewhere not 0."""
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        window = mask[top:bottom, left:right] > 0
        edges = (int(left), int(top), int(right), int(bottom))
        return cls(edges, np.packbits(window, axis=1), int(window.sum()))

    def pixels(self) -> np.ndarray:
        """uint8 of the window's shape, 1 on the object."""
        left, _, right, _ = self.window
        return np.unpackbits(self.bits, axis=1, count=right - left)


@dataclass(frozen=True)
class PackedPhoto:
    """A photo and its objects.

    Attributes:
        source: name of its source.
        held: whether it is held out of training.
        picture: uint8, a file that OpenCV reads.
        shape: rows, columns.
        masks: of its objects.

    """

    source: str
    held: bool
    picture: np.ndarray
    shape: tuple[int, int]
    masks: tuple[Mask, ...]

    def pixels(self) -> np.ndarray:
        """RGB uint8 [height, width, 3]."""
        return _decoded(self.picture)


def pack(
    source: str, held: bool, pixels: np.ndarray, masks: Iterable[np.ndarray], file: bytes = b''
) -> PackedPhoto | None:
    """Shrink a photo to LONGEST_SIDE and pack it with its masks; None if no mask is left.

    Args:
        source, held: see PackedPhoto.
        pixels: RGB uint8 [height, width, 3].
        masks: [height, width] each, above 0 on the object.
        file: the photo as it was read: kept as it is if it need not be shrunk, and shows the same
            pixels here. One with an EXIF orientation may be turned, where its masks are not.

    """
    scale = min(1.0, LONGEST_SIDE / max(pixels.shape[:2]))
    rows, columns = (max(1, round(side * scale)) for side in pixels.shape[:2])
    if scale < 1:
        pixels = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA)
        masks = (_shrunk(mask, columns, rows) for mask in masks)
    kept = tuple(Mask.of(mask) for mask in masks if np.count_nonzero(mask) >= FEWEST_PIXELS)
    if not kept:
        return None
    picture = np.frombuffer(file, np.uint8)
    if not file or scale < 1 or not np.array_equal(_decoded(picture), pixels):
        picture = cv2.imencode('.webp', pixels[..., ::-1], PICTURE)[1].ravel()
    return PackedPhoto(source, held, picture, (rows, columns), kept)


def _decoded(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(cv2.imdecode(picture, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def _shrunk(mask: np.ndarray, columns: int, rows: int) -> np.ndarray:
    shares = (mask > 0).astype(np.uint8) * 255
    return cv2.resize(shares, (columns, rows), interpolation=cv2.INTER_AREA) > 127


def write(photos: Iterable[PackedPhoto], folder: Path, largest: int = LARGEST) -> list[Path]:
    """Write photos in order into as few pieces as hold them, photos-0000.npz and so on.

    Args:
        photos: to be packed.
        folder: must exist, without pieces.
        largest: bytes of a piece.

    Returns:
        the files.

    Raises:
        ValueError: a photo alone is larger than a piece, or the folder has pieces.

    """
    if any(folder.glob('*.npz')):
        raise ValueError(f'{folder} has pieces already: give an empty folder, or a new one')
    paths: list[Path] = []
    batch: list[PackedPhoto] = []
    room = largest - HEADERS
    for photo in photos:
        packed = _compressed(photo)
        if packed > largest - HEADERS:
            raise ValueError(
                f'a photo of {photo.source} takes {packed} bytes, a piece at most {largest}: '
                'leave it out, or make its picture smaller'
            )
        if packed > room:
            paths.append(_write_piece(batch, folder, len(paths)))
            batch, room = [], largest - HEADERS
        batch.append(photo)
        room -= packed
    if batch:
        paths.append(_write_piece(batch, folder, len(paths)))
    return paths


def _compressed(photo: PackedPhoto) -> int:
    masks = sum(len(_deflated(mask)) + NUMBERS_OF_A_MASK for mask in photo.masks)
    return len(photo.picture) + masks + NUMBERS_OF_A_MASK


def _deflated(mask: Mask) -> bytes:
    return zlib.compress(mask.bits.tobytes(), 9)


def _write_piece(photos: list[PackedPhoto], folder: Path, number: int) -> Path:
    masks = [mask for photo in photos for mask in photo.masks]
    deflated = [_deflated(mask) for mask in masks]
    names = sorted({photo.source for photo in photos})
    path = folder / f'photos-{number:04}.npz'
    partial = path.with_suffix('.partial')
    with partial.open('wb') as file:
        np.savez(
            file,
            names=np.array(names),
            pictures=np.concatenate([photo.picture for photo in photos]),
            picture_ends=np.cumsum([len(photo.picture) for photo in photos]),
            sizes=np.array([photo.shape for photo in photos], np.int32),
            sources=np.array([names.index(photo.source) for photo in photos], np.int32),
            held=np.array([photo.held for photo in photos]),
            masks=np.frombuffer(b''.join(deflated), np.uint8),
            mask_ends=np.cumsum([len(mask) for mask in deflated]),
            owners=np.repeat(
                np.arange(len(photos), dtype=np.int32), [len(photo.masks) for photo in photos]
            ),
            windows=np.array([mask.window for mask in masks], np.int32),
            areas=np.array([mask.area for mask in masks]),
        )
    partial.replace(path)
    return path


def read(folder: Path) -> Iterator[PackedPhoto]:
    """Photos of all pieces of a folder, in the order in which they were packed.

    Raises:
        FileNotFoundError: there is no piece.

    """
    paths = sorted(folder.glob('photos-*.npz'))
    if not paths:
        raise FileNotFoundError(
            f'no photos-*.npz in {folder}: `python -m training.photos` packs photos'
        )
    for path in paths:
        with np.load(path) as arrays:
            yield from _unpacked(dict(arrays))


def _unpacked(arrays: dict[str, np.ndarray]) -> Iterator[PackedPhoto]:
    picture_starts = np.concatenate([[0], arrays['picture_ends']])
    mask_starts = np.concatenate([[0], arrays['mask_ends']])
    firsts = np.searchsorted(arrays['owners'], np.arange(len(arrays['held']) + 1))
    for number, held in enumerate(arrays['held']):
        masks = []
        for index in range(firsts[number], firsts[number + 1]):
            window = tuple(arrays['windows'][index].tolist())
            deflated = arrays['masks'][mask_starts[index] : mask_starts[index + 1]]
            bits = np.frombuffer(zlib.decompress(deflated.tobytes()), np.uint8)
            bits = bits.reshape(window[3] - window[1], -1)
            masks.append(Mask(window, bits, int(arrays['areas'][index])))
        yield PackedPhoto(
            str(arrays['names'][arrays['sources'][number]]),
            bool(held),
            arrays['pictures'][picture_starts[number] : picture_starts[number + 1]],
            tuple(arrays['sizes'][number].tolist()),
            tuple(masks),
        )
