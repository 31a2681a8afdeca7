"""Compressed parts of recordings: chunks of MCAP files, messages and files of rosbag2."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from picosam_ros.errors import BagError

# How every zstd frame begins; no CDR message does.
ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'

# More than any chunk or image that a recorder writes; a few bytes could ask for all memory.
LARGEST = 2**30


def zstd_module() -> Any:
    """Return Python's own zstd, or the one that rosbags brings."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def decompress(data: bytes, method: str) -> bytes:
    """Return what was compressed by '' (nothing), 'zstd' or 'lz4'.

    Raises:
        BagError: another method, damaged data, or more than LARGEST bytes.

    """
    if not method:
        return data
    try:
        if method == 'zstd':
            reader = zstd_module().ZstdDecompressor()
        elif method == 'lz4':
            from lz4.frame import LZ4FrameDecompressor

            reader = LZ4FrameDecompressor()
        else:
            raise BagError(f'it is compressed by {method!r}; allowed are zstd and lz4')
        whole: bytes = reader.decompress(data, max_length=LARGEST)
    except (ValueError, RuntimeError, EOFError, zstd_module().ZstdError) as error:
        raise BagError(f'its {method} data are damaged ({error})') from error
    if not reader.eof:
        raise BagError(f'its {method} data are cut off, or hold more than {LARGEST} bytes')
    return whole


def decompress_message(data: bytes) -> bytes:
    """Return a message, which rosbag2 may have compressed by itself. Raises BagError as above."""
    return decompress(data, 'zstd') if data[:4] == ZSTD_MAGIC else data


def decompress_file(source: Path, target: Path) -> None:
    """Write what a .zstd file holds, as far as it is whole.

    Raises:
        BagError: it is damaged; what came before is in `target`.
        OSError: it cannot be read, or the copy not written.

    """
    zstd = zstd_module()
    try:
        with zstd.open(source, 'rb') as reading, target.open('wb') as writing:
            shutil.copyfileobj(reading, writing)
    except (zstd.ZstdError, EOFError) as error:
        raise BagError(f'its zstd data are damaged ({error})') from error
