"""Stands for all below picamera2, so that its Python source runs without a Raspberry Pi.

`load` imports picamera2's own `Picamera2` and `IMX500` on a fake libcamera, a fake kernel and
stand-ins for the packages that it imports. The fakes follow the public documentation and sources of
Raspberry Pi's libcamera 0.7 (py_main.cpp, cam_helper_imx500.cpp), not the simulation: what agrees
was worked out twice.
"""

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from helpers.fake_libcamera import buffers, camera, configuration, geometry, rpk, values
from helpers.fake_libcamera.kernel import VIDEODEV2, Kernel
from helpers.fake_libcamera.sensor import Sensor

__all__ = ['Library', 'Sensor', 'load']

# Packages that picamera2 imports, and of which no test uses anything.
UNUSED = (
    'Imath',
    'OpenEXR',
    'PIL',
    'av',
    'jsonschema',
    'piexif',
    'pidng',
    'pidng.camdefs',
    'pidng.core',
    'prctl',
    'pykms',
    'simplejpeg',
    'tqdm',
)


@dataclass(frozen=True)
class Library:
    """picamera2, and what is below it.

    Attributes:
        Picamera2, IMX500: picamera2's own classes.
        imx500: the module of IMX500.
        plug: connects a Sensor, in the place of the one before.
        debugfs: the folder that stands for /sys/kernel/debug.

    """

    Picamera2: Any
    IMX500: Any
    imx500: ModuleType
    plug: Any
    debugfs: Path


def load(source, root):
    """Import picamera2.

    Args:
        source: the folder that holds the package.
        root: an empty folder, for what lies below /sys and /dev.

    """
    kernel = Kernel(root, Sensor(None, None))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in sys.modules if _is_below(name)]:
            patch.delitem(sys.modules, name)
        for name, module in _modules().items():
            patch.setitem(sys.modules, name, module)
        patch.syspath_prepend(str(source))
        library = importlib.import_module('picamera2')
        imx500 = importlib.import_module('picamera2.devices.imx500.imx500')
        for name in ('devices.imx500.imx500', 'dma_heap', 'allocators.dmaallocator'):
            module = importlib.import_module(f'picamera2.{name}')
            for fake in ('os', 'fcntl', 'subprocess'):
                if hasattr(module, fake):
                    setattr(module, fake, getattr(kernel, fake))
        imx500.open = kernel.open
        # Nobody else finds it.
        for name in [name for name in sys.modules if name.partition('.')[0] == 'picamera2']:
            del sys.modules[name]

    def plug(sensor):
        kernel.sensor = sensor
        camera.CameraManager.sensors = (sensor,)

    return Library(
        library.Picamera2, imx500.IMX500, imx500, plug, kernel.there('/sys/kernel/debug')
    )


def _is_below(name):
    return name.partition('.')[0] in ('libcamera', 'libarchive', 'picamera2', 'videodev2')


def _modules():
    """Return the stand-ins by the name of the module."""
    unused = {
        name: Unused(name)
        for name in UNUSED
        if importlib.util.find_spec(name.partition('.')[0]) is None
    }
    return unused | {
        'libarchive': Unused('libarchive'),
        'libarchive.read': _module('libarchive.read', fd_reader=rpk.fd_reader),
        'libcamera': _libcamera(),
        'videodev2': _module('videodev2', Unused, **VIDEODEV2),
    }


def _libcamera():
    types = {
        name: value
        for room in (buffers, camera, configuration, geometry, values)
        for name, value in vars(room).items()
        if isinstance(value, type)
    }
    draft = SimpleNamespace(NoiseReductionModeEnum=values.NoiseReductionModeEnum)
    controls = _module('libcamera.controls', draft=draft, **values.CONTROL_IDS)
    binding = SimpleNamespace(**types)
    return _module('libcamera', controls=controls, _libcamera=binding, **types)


class _Open(type):
    def __getattr__(cls, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return StandIn


class StandIn(metaclass=_Open):
    """Whatever a package has that is only named."""

    def __init__(self, *_, **__):
        pass


class Unused(ModuleType):
    """A package of which everything can be imported."""

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return StandIn


def _module(name, kind=ModuleType, **names):
    made = kind(name)
    vars(made).update(names)
    return made
