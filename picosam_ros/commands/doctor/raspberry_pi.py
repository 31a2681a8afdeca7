"""The AI Camera of a Raspberry Pi: kernel, firmware, devices, and the versions of its driver."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from datetime import date
from functools import partial, update_wrapper
from pathlib import Path

from picosam_ros.commands.doctor.board import (
    ROOT,
    find_program,
    in_container,
    is_raspberry_pi,
    kernel_date,
    package_version,
)
from picosam_ros.commands.doctor.finding import Finding, FindingState, read_text, run_isolated
from picosam_ros.commands.fixes import is_installed

# "keep chip active while network firmware is loaded": its date, as kernels carry that of their
# build, and the versions that have it differ from branch to branch.
POWER_FIX, POWER_FIXED = 'raspberrypi/linux#7323', date(2026, 4, 21)
LOSES = 'unless always on, the sensor loses power and its network 5 s after its last use'

# The tensors' description has had a frame count since then (libcamera#303). picamera2 refuses one
# of another length with a ValueError.
COUNTING_PICAMERA2, COUNTING_LIBCAMERA = (0, 3, 32), (0, 6, 0, 20251127)

# picamera2's dma_heap.py opens the first that there is.
HEAPS = ('vidbuf_cached', 'linux,cma')

PROGRESS = ('imx500-fw:*/fw_progress', 'rp2040-spi:*/transfer_progress')
PROGRESS_SCRIPTS = ('debug_stream_imx500.sh', 'debug_stream_rp2040.sh')

FIRMWARE = ('imx500_loader.fpk', 'imx500_firmware.fpk')

UPGRADE = 'sudo apt update && sudo apt full-upgrade -y && sudo reboot'
INSTALL = 'sudo apt install imx500-all'
PERMIT = 'sudo usermod -aG video $USER && exec su - $USER'
KERNEL_LOG = 'sudo dmesg | grep -i imx500'
CONTAINER = (
    'docker run -it --rm --net=host --ipc=host --privileged -v /dev:/dev '
    '-v /run/udev:/run/udev:ro -v /sys/kernel/debug:/sys/kernel/debug picosam bash'
)
# Not the container's: a comment to the shell.
ON_HOST = '  # on the host'


def checks(root: Path = ROOT) -> tuple[Callable[[], Finding], ...]:
    """Return the checks of the AI Camera; none where `root` is not that of a Raspberry Pi."""
    if not is_raspberry_pi(root):
        return ()
    members = (
        sensor,
        kernel,
        power,
        firmware,
        versions,
        devices,
        memory,
        sudo,
        progress,
        examples,
        tools,
    )
    return tuple(update_wrapper(partial(check, root), check) for check in members)


def picamera2(root: Path = ROOT) -> Finding:
    """Look for the driver of Raspberry Pi cameras, the IMX500 among them."""
    if is_installed('picamera2'):
        outcome = run_isolated('import picamera2')
        if outcome.works:
            return Finding('picamera2', FindingState.OK, 'Raspberry Pi cameras, IMX500 among them')
        command = 'sudo apt install --reinstall python3-picamera2 python3-libcamera'
        return Finding('picamera2', FindingState.BROKEN, outcome.text, command)
    if is_raspberry_pi(root):
        detail = 'the cameras of a Raspberry Pi need it'
        command = 'sudo apt install python3-picamera2'
        return Finding('picamera2', FindingState.MISSING, detail, command)
    return Finding('picamera2', FindingState.MISSING, 'no Raspberry Pi; nothing to do')


def sensor(root: Path = ROOT) -> Finding:
    """Look for an IMX500 as picamera2 does: a sub-device with the driver of that name."""
    found = []
    for subdevice in sorted(root.glob('sys/class/video4linux/v4l-subdev*')):
        module = subdevice / 'device' / 'driver' / 'module'
        if module.is_symlink() and 'imx500' in module.readlink().name:
            found.append((subdevice / 'device').resolve().name)
    if found:
        return Finding('IMX500', FindingState.OK, f'at {", ".join(found)} (I2C bus and address)')
    detail = 'the kernel found none: look at cable and connector, with the power off'
    return Finding('IMX500', FindingState.MISSING, detail, _on_host(root, KERNEL_LOG))


def kernel(root: Path = ROOT) -> Finding:
    """Tell whether the kernel can have the fix without which the sensor loses its network."""
    release = read_text(root / 'proc/sys/kernel/osrelease')
    built = kernel_date(root)
    if built is None:
        detail = f'{release}, without a date: if older than {POWER_FIX} ({POWER_FIXED}), {LOSES}'
        return Finding('kernel', FindingState.MISSING, detail, 'cat /proc/version')
    if built < POWER_FIXED:
        detail = f'{release} of {built}, older than {POWER_FIX} ({POWER_FIXED}): {LOSES}'
        return Finding('kernel', FindingState.BROKEN, detail, _on_host(root, UPGRADE))
    return Finding('kernel', FindingState.OK, f'{release} of {built}')


def power(root: Path = ROOT) -> Finding:
    """Check that the sensor keeps its power while it has a network."""
    controls = sorted(root.glob('sys/bus/i2c/drivers/imx500/*/power/control'))
    if not controls:
        detail = 'there is no IMX500 whose power could be examined'
        return Finding('sensor power', FindingState.MISSING, detail, _on_host(root, KERNEL_LOG))
    control = next((path for path in controls if read_text(path) != 'on'), None)
    if control is None:
        return Finding('sensor power', FindingState.OK, 'always on')
    built = kernel_date(root)
    if built is not None and built >= POWER_FIXED:
        detail = f'{read_text(control)}; kernels with {POWER_FIX} keep it on with a network'
        return Finding('sensor power', FindingState.OK, detail)
    detail = (
        f'{read_text(control)}: the sensor may lose its network; the command lasts until a reboot'
    )
    command = f'echo on | sudo tee {shlex.quote(str(control))}'
    return Finding('sensor power', FindingState.BROKEN, detail, _on_host(root, command))


def firmware(root: Path = ROOT) -> Finding:
    """Check the sensor's firmware, which the kernel loads at each start."""
    folder = root / 'lib/firmware'
    sizes = {name: _size(folder, name) for name in FIRMWARE}
    missing = [name for name, size in sizes.items() if size is None]
    if missing and in_container(root):
        detail = 'not in this container; the kernel takes that of the host'
        return Finding('IMX500 firmware', FindingState.MISSING, detail, _on_host(root, INSTALL))
    if missing:
        detail = f'there is no {", ".join(missing)} in {folder}'
        return Finding('IMX500 firmware', FindingState.MISSING, detail, INSTALL)
    empty = [name for name, size in sizes.items() if not size]
    if empty:
        detail = f'{", ".join(empty)} in {folder} is empty'
        command = 'sudo apt install --reinstall imx500-firmware'
        return Finding('IMX500 firmware', FindingState.BROKEN, detail, command)
    return Finding('IMX500 firmware', FindingState.OK, f'{", ".join(FIRMWARE)} in {folder}')


def versions(root: Path = ROOT) -> Finding:
    """Check that picamera2 reads the tensors that this libcamera delivers."""
    ours = _version('from importlib.metadata import version; print(version("picamera2"))')
    ours = ours or package_version(root, 'python3-picamera2')
    its = _version('import libcamera; print(libcamera.CameraManager.version)')
    its = its or package_version(root, 'python3-libcamera')
    if not ours or not its:
        unknown = ' and '.join(
            name for name, v in (('picamera2', ours), ('libcamera', its)) if not v
        )
        detail = f'the version of {unknown} is unknown'
        command = 'sudo apt install python3-picamera2 python3-libcamera'
        return Finding('camera versions', FindingState.MISSING, detail, command)
    pair = f'picamera2 {ours}, libcamera {its}'
    if {_counts(ours, COUNTING_PICAMERA2), _counts(its, COUNTING_LIBCAMERA)} == {True, False}:
        detail = (
            f'{pair} do not go together: every tensor raises a ValueError. Both count frames, '
            'from picamera2 0.3.32 and libcamera 0.6.0+rpt20251127 on, or neither'
        )
        command = 'docker build --no-cache -t picosam .' if in_container(root) else UPGRADE
        return Finding('camera versions', FindingState.BROKEN, detail, _on_host(root, command))
    return Finding('camera versions', FindingState.OK, pair)


def devices(root: Path = ROOT) -> Finding:
    """Check the devices of cameras, the permission to open them, and libcamera's way to them."""
    name, folder = 'camera devices', root / 'dev'
    if not list(folder.glob('media*')):
        detail = f'there is no {folder}/media*'
        command = CONTAINER if in_container(root) else KERNEL_LOG
        return Finding(name, FindingState.MISSING, detail, _on_host(root, command))
    if in_container(root) and not (root / 'run/udev').is_dir():
        detail = f'there is no {root / "run/udev"}, by which libcamera finds cameras'
        return Finding(name, FindingState.BROKEN, detail, _on_host(root, CONTAINER))
    found = [path for kind in ('media', 'video', 'v4l-subdev') for path in folder.glob(f'{kind}*')]
    closed = sorted(path for path in found if not _may_open(path))
    if closed:
        detail = f'no permission to open {", ".join(map(str, closed))}'
        return Finding(name, FindingState.BROKEN, detail, PERMIT)
    return Finding(name, FindingState.OK, f'{folder}/media*, video*, v4l-subdev*: {len(found)}')


def memory(root: Path = ROOT) -> Finding:
    """Check the heap from which picamera2 takes the memory of images."""
    name, folder, contained = 'DMA heap', root / 'dev/dma_heap', in_container(root)
    found = [folder / heap for heap in HEAPS if (folder / heap).exists()]
    if not found:
        detail = f'there is none of {", ".join(HEAPS)} in {folder}'
        command = CONTAINER if contained else UPGRADE
        return Finding(name, FindingState.MISSING, detail, _on_host(root, command))
    if contained and found[0].name != HEAPS[0]:
        detail = f'the link {folder / HEAPS[0]} is missing: `--privileged` alone copies no links'
        return Finding(name, FindingState.BROKEN, detail, _on_host(root, CONTAINER))
    if not _may_open(found[0]):
        detail = f'no permission to open {found[0]}'
        return Finding(name, FindingState.BROKEN, detail, PERMIT)
    return Finding(name, FindingState.OK, str(found[0]))


def sudo(root: Path = ROOT) -> Finding:
    """Look for sudo, which picamera2's IMX500 runs where the progress cannot be read directly."""
    if _reads_progress(root):
        return Finding('sudo', FindingState.OK, 'not needed by picamera2 here')
    if found := find_program(root, 'sudo'):
        return Finding('sudo', FindingState.OK, found)
    detail = 'the IMX500 of picamera2 0.3.35 and later fails where it is missing'
    return Finding('sudo', FindingState.BROKEN, detail, 'apt-get update && apt-get install -y sudo')


def progress(root: Path = ROOT) -> Finding:
    """Check that the progress of an upload can be read, which takes minutes the first time."""
    if _reads_progress(root):
        detail = f'readable in {root / "sys/kernel/debug"}'
        return Finding('upload progress', FindingState.OK, detail)
    if find_program(root, 'sudo') and all(find_program(root, name) for name in PROGRESS_SCRIPTS):
        detail = f'through sudo and {PROGRESS_SCRIPTS[0]}'
        return Finding('upload progress', FindingState.OK, detail)
    detail = 'not readable: an upload, which takes minutes, shows none'
    if in_container(root):
        return Finding('upload progress', FindingState.MISSING, detail, _on_host(root, CONTAINER))
    detail += '; the command lets every user read it until a reboot'
    command = 'sudo mount -o remount,mode=755 /sys/kernel/debug'
    return Finding('upload progress', FindingState.MISSING, detail, command)


def examples(root: Path = ROOT) -> Finding:
    """Look for Raspberry Pi's own networks."""
    folder = root / 'usr/share/imx500-models'
    if found := list(folder.glob('*.rpk')):
        return Finding('example networks', FindingState.OK, f'{len(found)} in {folder}')
    detail = 'adds networks with which `rpicam-hello` shows that the camera works'
    return Finding('example networks', FindingState.MISSING, detail, _on_host(root, INSTALL))


def tools(root: Path = ROOT) -> Finding:
    """Look for the program that makes a network.rpk."""
    if found := find_program(root, 'imx500-package'):
        return Finding('imx500-tools', FindingState.OK, found)
    detail = 'adds `imx500-package`, which makes network.rpk of the packerOut.zip of a PC'
    command = 'sudo apt install imx500-tools'
    return Finding('imx500-tools', FindingState.MISSING, detail, _on_host(root, command))


def _on_host(root: Path, command: str) -> str:
    return command + ON_HOST if in_container(root) else command


def _version(code: str) -> str:
    outcome = run_isolated(code)
    return outcome.text.lstrip('v') if outcome.works else ''


def _counts(version: str, since: tuple[int, ...]) -> bool | None:
    """Whether a version is not older than another; None where its text does not tell.

    It is as 1.2.3, or as Raspberry Pi's 1.2.3+rpt20251127.
    """
    found = re.match(r'(\d+)\.(\d+)\.(\d+)(?:\+rpt(\d+))?', version)
    if found is None:
        return None
    parts = tuple(int(part) for part in found.groups() if part is not None)
    if len(parts) < len(since) and parts == since[: len(parts)]:
        return None
    return parts >= since


def _reads_progress(root: Path) -> bool:
    folder = root / 'sys/kernel/debug'
    return all(
        any(os.access(path, os.R_OK) for path in folder.glob(pattern)) for pattern in PROGRESS
    )


def _size(folder: Path, name: str) -> int | None:
    """Return the bytes of a firmware file, which may be compressed; None where there is none."""
    for suffix in ('', '.xz', '.zst'):
        path = folder / f'{name}{suffix}'
        if path.is_file():
            return path.stat().st_size
    return None


def _may_open(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK)
