"""A network file with which nothing can be computed, but which is read like a true one.

It is a block of firmware, and behind it a cpio archive with what the network's input is.
"""

import os
from pathlib import Path

CPIO_HEADER = 110
CPIO_MAGIC = b'070701'
INFO = 'network_info.txt'


def write_rpk(path, input_size=(96, 96)):
    """Write a network.rpk for an input of this width and height; return its path."""
    archive = _entry(INFO, _info(*input_size)) + _entry('TRAILER!!!', b'')
    Path(path).write_bytes(_block(bytes(256)) + archive)
    return str(path)


def _block(firmware):
    """Return a block whose length does not count 64 bytes around the firmware."""
    flags, rest = bytes(8), bytes(44)
    return b'9464' + len(firmware).to_bytes(4, 'big') + flags + firmware + rest + b'3695'


def _info(width, height):
    norms = {'K00': '0x400', 'K02': '0x0', 'K03': '0x0', 'K11': '0x400', 'K13': '0x0'}
    norms |= {'K20': '0x0', 'K22': '0x400', 'K23': '0x0'}
    lines = ['networkID=000001', 'apParamSize=0', 'networkNum=1', 'networkOrdinal=0']
    lines += [f'inputTensorWidth={width}', f'inputTensorHeight={height}', 'inputTensorFormat=RGB']
    lines += [f'inputTensorNorm_{name}={value}' for name, value in norms.items()]
    return '\n'.join(lines).encode()


def _entry(name, data):
    fields = [0] * 13
    fields[1], fields[4] = 0o100644, 1
    fields[6], fields[11] = len(data), len(name) + 1
    head = CPIO_MAGIC + b''.join(b'%08x' % field for field in fields) + name.encode() + b'\0'
    return _padded(head) + _padded(data)


def _padded(data):
    return data + bytes(-len(data) % 4)


class ArchiveError(Exception):
    """What libarchive raises of a file that is no archive."""


class Entry:
    def __init__(self, name, data):
        self._name, self._data = name, data

    def __str__(self):
        return self._name

    def get_blocks(self):
        yield self._data


class fd_reader:  # noqa: N801
    """`libarchive.read.fd_reader`: the entries of the archive that begins where a file stands."""

    def __init__(self, fd):
        self._fd = fd

    def __enter__(self):
        start = os.lseek(self._fd, 0, os.SEEK_CUR)
        self._left = os.pread(self._fd, os.fstat(self._fd).st_size - start, start)
        if not self._left.startswith(CPIO_MAGIC):
            raise ArchiveError('Unrecognized archive format')
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        while True:
            fields = [int(self._left[at : at + 8], 16) for at in range(6, CPIO_HEADER, 8)]
            name = self._left[CPIO_HEADER : CPIO_HEADER + fields[11] - 1].decode()
            if name == 'TRAILER!!!':
                return
            begin = -(-(CPIO_HEADER + fields[11]) // 4) * 4
            yield Entry(name, self._left[begin : begin + fields[6]])
            self._left = self._left[-(-(begin + fields[6]) // 4) * 4 :]
