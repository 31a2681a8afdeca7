"""This machine: Python, its packages, the network files, the compiler and USB cameras."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from picosam_ros.commands.doctor.finding import Finding, FindingState, read_text, run_isolated
from picosam_ros.commands.fixes import (
    apt_command,
    install_command,
    is_installed,
    restore_command,
)

OLDEST_PYTHON = (3, 10)


def python() -> Finding:
    """Check the interpreter's version, and that it is the one of the activated environment."""
    version, where = platform.python_version(), sys.executable
    oldest = '.'.join(map(str, OLDEST_PYTHON))
    if sys.version_info < OLDEST_PYTHON:
        detail = f'{version}; picosam needs {oldest} or newer'
        return Finding('Python', FindingState.BROKEN, detail, apt_command('python3'), required=True)
    active = os.environ.get('VIRTUAL_ENV', '')
    if active and Path(active).resolve() != Path(sys.prefix).resolve():
        detail = f'{version}, {where}; but {active} is the activated environment'
        command = f'{shlex.quote(active)}/bin/python -m picosam_ros doctor'
        return Finding('Python', FindingState.BROKEN, detail, command)
    return Finding('Python', FindingState.OK, f'{version}, {where}', required=True)


def numpy() -> Finding:
    """Check NumPy, which holds frames and masks."""
    return _package('NumPy', 'numpy', 'numpy', 'python3-numpy')


def opencv() -> Finding:
    """Check OpenCV, which resamples, draws, and reads images."""
    return _package('OpenCV', 'cv2', 'opencv-python-headless<5', 'python3-opencv')


def onnxruntime() -> Finding:
    """Check ONNX Runtime, which runs the networks on the CPU."""
    return _package('ONNX Runtime', 'onnxruntime', 'onnxruntime')


def pillow() -> Finding:
    """Check Pillow, which writes text on images."""
    return _package('Pillow', 'PIL', 'pillow', 'python3-pil')


def yaml() -> Finding:
    """Check PyYAML, which reads models.yaml."""
    return _package('PyYAML', 'yaml', 'pyyaml', 'python3-yaml')


def model() -> Finding:
    """Check that the shipped networks are there, and are the files that models.yaml names."""
    if not is_installed('yaml'):
        detail = 'cannot be checked without PyYAML'
        return Finding('model', FindingState.BROKEN, detail, yaml().fix, required=True)
    outcome = run_isolated(
        'from picosam_ros.models import find_model, shipped_models\n'
        'for name in shipped_models(): find_model(name).check()\n'
        'print(", ".join(shipped_models()))'
    )
    if outcome.works:
        detail = f'{outcome.text}, SHA-256 as in models.yaml'
        return Finding('model', FindingState.OK, detail, required=True)
    return Finding('model', FindingState.BROKEN, outcome.text, restore_command(), required=True)


def compiler() -> Finding:
    """Look for the compiler, which builds the messages."""
    candidates = (os.environ.get('CXX', ''), 'c++', 'g++', 'clang++')
    found = next(filter(None, (shutil.which(name) for name in candidates if name)), None)
    if found:
        return Finding('C++ compiler', FindingState.OK, found)
    detail = 'only `make setup` and `colcon build` need one'
    return Finding('C++ compiler', FindingState.MISSING, detail, apt_command('g++'))


def video_devices(
    folder: Path = Path('/dev'), described: Path = Path('/sys/class/video4linux')
) -> Finding:
    """Look for USB cameras, and for the permission to open them."""
    found = sorted(path for path in folder.glob('video*') if path.name[5:].isdecimal())
    # A camera's second device is for metadata, not for images.
    found = [path for path in found if read_text(described / path.name / 'index') in ('', '0')]
    if not found:
        detail = f'there is no {folder}/video*; without one, photos serve as a camera'
        return Finding('USB camera', FindingState.MISSING, detail, 'make demo CAMERA=photos')
    closed = [path for path in found if not os.access(path, os.R_OK | os.W_OK)]
    if closed:
        detail = f'no permission to open {", ".join(map(str, closed))}'
        command = 'sudo usermod -aG video $USER && exec su - $USER'
        return Finding('USB camera', FindingState.BROKEN, detail, command)
    names = (f'{path} {read_text(described / path.name / "name")}'.strip() for path in found)
    return Finding('USB camera', FindingState.OK, ', '.join(names))


def _extra(
    package: str,
    adds: str,
    debian: str = '',
    *,
    module: str = '',
    trial: str = '',
    locked: bool = True,
) -> Callable[[], Finding]:
    """Return a check of a package; `trial` is code that uses it if a plain import is not enough."""
    module = module or package

    def check() -> Finding:
        command = install_command(package, debian, locked=locked)
        if not is_installed(module):
            return Finding(package, FindingState.MISSING, f'adds {adds}', command)
        outcome = run_isolated(trial or f'import {module}')
        if outcome.works:
            return Finding(package, FindingState.OK, adds)
        return Finding(package, FindingState.BROKEN, outcome.text, _again(command))

    check.__name__ = package
    return check


# Its plain import would send telemetry.
_OPENVINO = 'from picosam_ros.engines.runtimes import import_openvino; import_openvino()'
# The environment of `make demo` leaves out what only its functions import.
_PHOTOS = 'from picosam_ros.cameras.photos import photo_files; photo_files()'

OPTIONAL = (
    _extra('aiohttp', '`picosam view`, the node `viewer` and `make demo`', 'python3-aiohttp'),
    _extra(
        'scikit-image',
        'the photos of `make demo`',
        'python3-skimage',
        module='skimage',
        trial=_PHOTOS,
    ),
    _extra('openvino', '`runtime:=openvino` and `--runtime openvino`', trial=_OPENVINO),
    _extra('rosbags', '`picosam bag`, and recordings in `picosam label`'),
    _extra('pycocotools', 'COCO of `picosam label`'),
    _extra('ray', '`picosam label --ray`'),
    _extra('av', 'H.264 of `picosam track`', 'python3-av', locked=False),
    _extra('shtab', '`picosam completion`', 'python3-shtab'),
)


def _package(title: str, module: str, package: str, debian: str = '') -> Finding:
    command = install_command(package, debian)
    if not is_installed(module):
        return Finding(title, FindingState.MISSING, 'segmentation needs it', command, required=True)
    outcome = run_isolated(f'import {module}; print({module}.__version__)')
    if outcome.works:
        return Finding(title, FindingState.OK, outcome.text, required=True)
    return Finding(title, FindingState.BROKEN, outcome.text, _again(command), required=True)


def _again(command: str) -> str:
    """Return the command that reinstalls a broken package."""
    if 'apt install ' in command:
        return command.replace('apt install ', 'apt install --reinstall ')
    return command.replace('pip install ', 'pip install --force-reinstall ')
