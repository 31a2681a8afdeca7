"""The machine and the versions that figures belong to, in general words."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# x86 (VNNI, AMX), Arm (dot product, matrix multiplication).
DOT_PRODUCTS = ('avx_vnni', 'avx512_vnni', 'amx_int8', 'asimddp', 'i8mm')
PACKAGES = ('onnxruntime', 'openvino', 'torch', 'numpy', 'opencv-python-headless', 'rclpy')


def describe() -> dict[str, str]:
    """Name to value, as one reads it aloud."""
    return {
        'processor': f'{_processor()}, {os.cpu_count()} cores',
        'dot products': _dot_products() or 'none',
        'memory': f'{_memory_gib():.0f} GiB',
        'system': f'{platform.system()} {platform.machine()}',
        'python': platform.python_version(),
        **{name: found for name in PACKAGES if (found := _version(name))},
        'load': f'{os.getloadavg()[0]:.1f} before the first measurement',
    }


def busy() -> bool:
    """Whether other programs take so much of the machine that the figures suffer."""
    return os.getloadavg()[0] > 0.5


def slowness() -> float:
    """How many times longer work takes here now than where it has the cores for itself; 1 or more.

    A limit in seconds that is meant for such a machine is multiplied by it.
    """
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _processor() -> str:
    lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
    fields = dict(map(str.strip, line.split(':', 1)) for line in lines if ':' in line)
    return fields.get('model name') or fields.get('Model') or platform.machine()


def _dot_products() -> str:
    """Instructions for 8-bit networks that the processor has."""
    words = set(Path('/proc/cpuinfo').read_text(encoding='utf-8').split())
    return ', '.join(name for name in DOT_PRODUCTS if name in words)


def _memory_gib() -> float:
    return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ''
