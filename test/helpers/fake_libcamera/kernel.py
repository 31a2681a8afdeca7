"""What picamera2 asks of Linux: files below /sys and /dev, ioctl, and memory for images."""

import ctypes
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

# From include/uapi/asm-generic/ioctl.h.
WRITE, READ = 1, 2


def request_code(direction, kind, number, structure):
    return direction << 30 | ctypes.sizeof(structure) << 16 | ord(kind) << 8 | number


class Control(ctypes.Structure):
    _fields_ = [('id', ctypes.c_uint32), ('value', ctypes.c_int32)]


class ExtControl(ctypes.Structure):
    _fields_ = [
        ('id', ctypes.c_uint32),
        ('size', ctypes.c_uint32),
        ('p_u32', ctypes.POINTER(ctypes.c_uint32)),
    ]


class ExtControls(ctypes.Structure):
    _fields_ = [('count', ctypes.c_uint32), ('controls', ctypes.POINTER(ExtControl))]


VIDEODEV2 = {
    'VIDIOC_G_CTRL': request_code(READ | WRITE, 'V', 27, Control),
    'VIDIOC_S_CTRL': request_code(READ | WRITE, 'V', 28, Control),
    'VIDIOC_G_EXT_CTRLS': request_code(READ | WRITE, 'V', 71, ExtControls),
    'VIDIOC_S_EXT_CTRLS': request_code(READ | WRITE, 'V', 72, ExtControls),
    'v4l2_control': Control,
    'v4l2_ext_control': ExtControl,
    'v4l2_ext_controls': ExtControls,
    '_IOW': lambda kind, number, structure: request_code(WRITE, kind, number, structure),
    '_IOWR': lambda kind, number, structure: request_code(READ | WRITE, kind, number, structure),
}

# Controls of the IMX500's driver.
ROI, NETWORK_FD = 0x00982900, 0x00982901

SUBDEVICE, HEAP = 'v4l-subdev2', 'vidbuf_cached'
DEVICE, BRIDGE = '10-001a', '10-0040'


class Kernel:
    """Stands for the modules `os`, `fcntl` and `subprocess`, and for `open`.

    Paths below /sys and /dev are those of a folder; all other calls are the true ones.

    Args:
        root: an empty folder.
        sensor: whose driver is asked.

    """

    def __init__(self, root, sensor):
        self.sensor = sensor
        self._root = Path(root)
        self._make_files()
        self.os = _Os(self)
        self.fcntl = SimpleNamespace(ioctl=self.ioctl)
        self.subprocess = SimpleNamespace(
            check_output=self.check_output,
            CalledProcessError=subprocess.CalledProcessError,
            DEVNULL=subprocess.DEVNULL,
        )

    def there(self, path):
        """Return where a file lies in truth."""
        system = str(path).startswith(('/sys/', '/dev/'))
        return Path(f'{self._root}{path}' if system else path)

    def open(self, path, *args, **options):
        return self.there(path).open(*args, **options)

    def check_output(self, command, **_):
        """Answer `cat`; there is no `sudo`, as in a container."""
        if command[0] != 'cat':
            raise FileNotFoundError(2, 'No such file or directory', command[0])
        path = self.there(command[1])
        if not path.exists():
            raise subprocess.CalledProcessError(1, command)
        return path.read_text(encoding='ascii')

    def ioctl(self, fd, request, argument):
        """Answer for the driver of the sensor, and for the heap of image memory."""
        if request == VIDEODEV2['VIDIOC_S_EXT_CTRLS'] and argument.controls[0].id == ROI:
            self.sensor.write_roi(*argument.controls[0].p_u32[:4])
        elif request == VIDEODEV2['VIDIOC_S_CTRL'] and argument.id == NETWORK_FD:
            size = os.fstat(argument.value).st_size
            self.sensor.network_file = os.pread(argument.value, size, 0)
        elif hasattr(argument, 'heap_flags'):
            argument.fd = os.memfd_create('fake_heap')
            os.ftruncate(argument.fd, argument.len)
        return 0

    def _make_files(self):
        device = f'/sys/devices/i2c-10/{DEVICE}'
        self._file('/sys/module/imx500/refcnt', '1')
        self._file('/sys/bus/i2c/drivers/imx500/bind', '')
        self._link('/sys/bus/i2c/drivers/imx500/module', '../../../../module/imx500')
        self._file(f'{device}/name', 'imx500')
        self._link(f'{device}/driver', '../../../bus/i2c/drivers/imx500')
        self._link(f'{device}/of_node', f'../../../firmware/devicetree{self.sensor.id}')
        self._file(f'/sys/class/video4linux/{SUBDEVICE}/name', 'imx500')
        self._link(
            f'/sys/class/video4linux/{SUBDEVICE}/device', f'../../../devices/i2c-10/{DEVICE}'
        )
        self._file(f'/sys/kernel/debug/imx500-fw:{DEVICE}/fw_progress', '2 3000000 4000000')
        self._file(f'/sys/kernel/debug/rp2040-spi:{BRIDGE}/transfer_progress', '1000')
        self._file(f'/dev/{SUBDEVICE}', '')
        self._file(f'/dev/dma_heap/{HEAP}', '')

    def _file(self, path, text):
        file = self.there(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding='ascii')

    def _link(self, path, target):
        link = self.there(path)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)


class _Os:
    """The module `os`, with the paths of a kernel."""

    def __init__(self, kernel):
        self._there = kernel.there
        self.path = SimpleNamespace(
            abspath=os.path.abspath,
            exists=lambda path: kernel.there(path).exists(),
            isfile=lambda path: kernel.there(path).is_file(),
            islink=lambda path: kernel.there(path).is_symlink(),
        )

    def __getattr__(self, name):
        return getattr(os, name)

    def open(self, path, flags):
        return os.open(self._there(path), flags)

    def readlink(self, path):
        return str(self._there(path).readlink())
