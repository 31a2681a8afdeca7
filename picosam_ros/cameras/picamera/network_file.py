"""The network file of the IMX500 (network.rpk), checked before it goes to the driver.

The layout is what picamera2 (devices/imx500/imx500.py) and Raspberry Pi's kernel driver (imx500.c)
read: blocks of firmware, then a cpio archive of the format "newc" with a network_info.txt in it.
The driver takes any file; a wrong one fails minutes later, or answers with nothing.
"""

from __future__ import annotations

import re
import shlex
import struct
from collections.abc import Iterator
from pathlib import Path

from picosam_ros.errors import CameraError

INFO = 'network_info.txt'

# The sensor has 8 MiB for a network; a file holds little besides.
LARGEST_BYTES = 32 << 20

_BLOCK, _BLOCK_END, _BLOCK_EXTRA_BYTES = b'9464', b'3695', 64
# Follow a block whose flags say that it is encrypted for one device.
_KEY_BYTES = 32
_ZIP = b'PK\x03\x04'
_CPIO_HEADER = re.compile(rb'07070[12][0-9A-Fa-f]{104}')
_CPIO_HEADER_BYTES = 110


def convert_command(onnx: str | Path = 'MODEL.onnx') -> str:
    """Return the command that makes build/packerOut.zip of a quantised ONNX file, on a PC."""
    return f'imxconv-pt -i {shlex.quote(str(onnx))} -o build --no-input-persistency'


def package_command(packed: str | Path = 'build/packerOut.zip') -> str:
    """Return the command that makes network.rpk of the converter's zip, on a Raspberry Pi."""
    folder = Path(packed).parent
    return f'imx500-package -i {shlex.quote(str(packed))} -o {shlex.quote(str(folder))}'


def both_commands(onnx: str | Path = 'MODEL.onnx') -> str:
    """Return in words the two commands that make a network.rpk of a quantised ONNX file."""
    return (
        f'two commands make one: `{convert_command(onnx)}`, then on a Raspberry Pi '
        f'`{package_command()}`; see docs/raspberry-pi.md'
    )


NO_NETWORK = (
    'no network was given; the camera imx500 needs the path of a network.rpk (parameter '
    f'sensor_network, option --sensor-network): {both_commands()}'
)


def check_network_file(path: str | Path, input_size: tuple[int, int] = (96, 96)) -> None:
    """Check that a file is a network for the IMX500 that the engine `in_sensor` can use.

    Args:
        path: of the network.rpk.
        input_size: width and height in pixels that the network's input must have.

    Raises:
        CameraError: it is missing, damaged, another kind of file, or a network with another size
            or order of colours than RGB; with the command that makes the right one.

    """
    path = Path(path)
    data = _read(path)
    if data.startswith(_ZIP):
        raise CameraError(
            f'{path} is a zip, as the converter makes it; the camera imx500 needs the network.rpk '
            f'that `{package_command(path)}` makes of it on a Raspberry Pi'
        )
    if not data.startswith(_BLOCK):
        onnx = path.suffix.lower() == '.onnx'
        raise CameraError(
            f'{path} is {"an ONNX file" if onnx else "no network of the IMX500"}; the camera '
            f'imx500 needs a network.rpk: {both_commands(path if onnx else "MODEL.onnx")}'
        )
    try:
        info = _info(data)
        size = int(info['inputTensorWidth']), int(info['inputTensorHeight'])
        order = info['inputTensorFormat']
    except (_DamagedError, LookupError, ValueError) as error:
        reason = error if isinstance(error, _DamagedError) else f'{INFO} in it cannot be read'
        raise CameraError(
            f'{path} is not a whole network.rpk ({reason}); copy it again, or make it anew on a '
            f'Raspberry Pi with `{package_command()}`'
        ) from error
    if size != input_size:
        raise CameraError(_unsuitable(path, f'{_by(size)} pixels', f'{_by(input_size)} pixels'))
    if order != 'RGB':
        raise CameraError(_unsuitable(path, f'{order!r} pixels', 'RGB pixels'))


class _DamagedError(Exception):
    """What is wrong with the bytes of the file."""


def _read(path: Path) -> bytes:
    try:
        if not path.exists():
            raise CameraError(
                f'the network {path} does not exist; the camera imx500 needs the path of a '
                'network.rpk (parameter sensor_network, option --sensor-network): '
                f'{both_commands()}'
            )
        if not path.is_file():
            kind = 'a folder' if path.is_dir() else 'no regular file'
            raise CameraError(
                f'{path} is {kind}; the camera imx500 needs the path of the network.rpk that '
                '`imx500-package` writes into the folder after its `-o`'
            )
        with path.open('rb') as file:
            data = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise CameraError(
            f'the network {str(path)!r} cannot be read ({error}); `ls -l` shows who may read it'
        ) from error
    if not data:
        raise CameraError(
            f'{path} is empty; copy it again, or make it anew on a Raspberry Pi with '
            f'`{package_command()}`'
        )
    if len(data) > LARGEST_BYTES:
        raise CameraError(
            f'{path} has more than {LARGEST_BYTES >> 20} MiB, the sensor room for 8; the camera '
            f'imx500 needs a network.rpk: {both_commands()}'
        )
    return data


def _info(data: bytes) -> dict[str, str]:
    """Return the keys and values that describe the first network of a network.rpk."""
    files = dict(_files(data, _end_of_blocks(data)))
    if INFO not in files:
        raise _DamagedError(f'there is no {INFO} in it')
    _, *networks = files[INFO].decode('ascii').split('networkOrdinal=')
    for network in networks:
        ordinal, *lines = network.splitlines()
        if int(ordinal) == 0:
            # As strict as picamera2, which stumbles over a line without a value.
            return dict(line.strip().split('=') for line in lines)
    raise _DamagedError(f'{INFO} in it describes no network')


def _end_of_blocks(data: bytes) -> int:
    """Return the offset after the blocks of firmware, where the archive begins."""
    at = 0
    while data[at : at + 4] == _BLOCK:
        header = data[at + 4 : at + 16]
        if len(header) < 12:
            raise _DamagedError('it is cut short')
        size, flags = struct.unpack('>I8s', header)
        end = at + size + _BLOCK_EXTRA_BYTES
        if end > len(data):
            raise _DamagedError('it is cut short')
        if data[end - 4 : end] != _BLOCK_END:
            raise _DamagedError('a block of its firmware does not end as it should')
        at = end + (_KEY_BYTES if flags[6] & 1 else 0)
    return at


def _files(data: bytes, start: int) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files in an archive of the format newc (cpio(5))."""
    if not data.startswith(b'0707', start):
        raise _DamagedError(f'there is no {INFO} in it')
    at = start
    while True:
        header = data[at : at + _CPIO_HEADER_BYTES]
        if not _CPIO_HEADER.fullmatch(header):
            cut = len(header) < _CPIO_HEADER_BYTES
            raise _DamagedError('it is cut short' if cut else 'its archive is not of the form newc')
        fields = struct.unpack('>13I', bytes.fromhex(header[6:].decode('ascii')))
        size, name_size = fields[6], fields[11]
        begin = _aligned(at + _CPIO_HEADER_BYTES + name_size, start)
        if begin + size > len(data):
            raise _DamagedError('it is cut short')
        name = data[at + _CPIO_HEADER_BYTES : begin].partition(b'\0')[0].decode()
        if name == 'TRAILER!!!':
            return
        yield name, data[begin : begin + size]
        at = _aligned(begin + size, start)


def _aligned(at: int, start: int) -> int:
    return at + (start - at) % 4


def _unsuitable(path: Path, given: str, needed: str) -> str:
    return (
        f'the network {path} takes {given}; the engine in_sensor needs one that takes {needed}, '
        f'of an ONNX file in picosam_ros/models/imx500: {both_commands()}'
    )


def _by(size: tuple[int, int]) -> str:
    return f'{size[0]}x{size[1]}'
