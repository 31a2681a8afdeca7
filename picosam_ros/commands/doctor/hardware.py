"""Cameras."""

from __future__ import annotations

import os
from pathlib import Path

from picosam_ros.commands.doctor.finding import Finding, State
from picosam_ros.commands.probe import attempt, is_installed

BOARD = Path('/proc/device-tree/model')


def video_devices(
    folder: Path = Path('/dev'), described: Path = Path('/sys/class/video4linux')
) -> Finding:
    """Look for USB cameras, and for the permission to open them."""
    found = sorted(path for path in folder.glob('video*') if path.name[5:].isdecimal())
    # A camera's second device gives its metadata, no pictures.
    found = [path for path in found if _read(described / path.name / 'index') in ('', '0')]
    if not found:
        detail = f'there is no {folder}/video*; without one, photographs serve as a camera'
        return Finding('USB camera', State.MISSING, detail, 'make demo CAMERA=photos')
    closed = [path for path in found if not os.access(path, os.R_OK | os.W_OK)]
    if closed:
        detail = f'no permission to open {", ".join(map(str, closed))}'
        command = 'sudo usermod -aG video $USER && exec su - $USER'
        return Finding('USB camera', State.BROKEN, detail, command)
    names = (f'{path} {_read(described / path.name / "name")}'.strip() for path in found)
    return Finding('USB camera', State.OK, ', '.join(names))


def picamera2() -> Finding:
    """Look for the driver of Raspberry Pi cameras, the IMX500 among them."""
    if is_installed('picamera2'):
        outcome = attempt('import picamera2')
        if outcome.works:
            return Finding('picamera2', State.OK, 'Raspberry Pi cameras, IMX500 among them')
        command = 'sudo apt install --reinstall python3-picamera2 python3-libcamera'
        return Finding('picamera2', State.BROKEN, outcome.text, command)
    if 'Raspberry Pi' in _read(BOARD):
        detail = 'the cameras of a Raspberry Pi need it'
        return Finding('picamera2', State.MISSING, detail, 'sudo apt install python3-picamera2')
    return Finding('picamera2', State.MISSING, 'no Raspberry Pi; nothing to do')


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding='utf-8', errors='replace').strip('\0\n ')
    except OSError:
        return ''
