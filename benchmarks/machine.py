"""The machine and the versions that figures belong to, in general words."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ('onnxruntime', 'numpy', 'opencv-python-headless', 'rclpy')


def describe() -> dict[str, str]:
    """Name to value, as one reads it aloud."""
    return {
        'processor': f'{_processor()}, {os.cpu_count()} cores',
        'memory': f'{_memory_gib():.0f} GiB',
        'system': f'{platform.system()} {platform.machine()}',
        'python': platform.python_version(),
        **{name: found for name in PACKAGES if (found := _version(name))},
        'load': f'{os.getloadavg()[0]:.1f} before the first measurement',
    }


def busy() -> bool:
    """Whether other programs take so much of the machine that the figures suffer."""
    return os.getloadavg()[0] > 0.5


def _processor() -> str:
    lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
    fields = dict(map(str.strip, line.split(':', 1)) for line in lines if ':' in line)
    return fields.get('model name') or fields.get('Model') or platform.machine()


def _memory_gib() -> float:
    return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ''
