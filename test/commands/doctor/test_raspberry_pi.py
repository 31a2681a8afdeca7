"""The AI Camera's checks on the files of a Raspberry Pi that are made in a temporary folder."""

import os
from pathlib import Path

import pytest

from picosam_ros.commands.doctor import raspberry_pi
from picosam_ros.commands.doctor.board import kernel_date
from picosam_ros.commands.doctor.finding import FindingState

OK, MISSING, BROKEN = FindingState.OK, FindingState.MISSING, FindingState.BROKEN

DEVICE = 'sys/devices/platform/i2c-10/10-001a'
CONTROL = f'{DEVICE}/power/control'
NEW = '#1 SMP PREEMPT Debian 1:6.12.90-1+rpt1 (2026-06-02)'
OLD = '#1 SMP PREEMPT Debian 1:6.12.47-1+rpt1~bookworm (2025-09-16)'
SUBDEVICE = 'sys/class/video4linux/v4l-subdev2'
PROGRESS = (
    'sys/kernel/debug/imx500-fw:10-001a/fw_progress',
    'sys/kernel/debug/rp2040-spi:10-0040/transfer_progress',
)


def package(name, version, status='install ok installed'):
    return (
        f'Package: {name}\nStatus: {status}\nVersion: {version}\nDescription: a camera: it sees\n'
    )


class Pi:
    """The files of a Raspberry Pi 5 on which everything is as it should be."""

    def __init__(self, root):
        self.root = root
        self.write('proc/device-tree/model', 'Raspberry Pi 5 Model B Rev 1.0\0')
        self.write('proc/sys/kernel/osrelease', '6.12.90+rpt-rpi-2712\n')
        self.write('proc/sys/kernel/version', NEW + '\n')
        self.write(CONTROL, 'auto\n')
        self.link(f'{DEVICE}/driver', 'sys/bus/i2c/drivers/imx500')
        self.link('sys/bus/i2c/drivers/imx500/10-001a', DEVICE)
        self.link('sys/bus/i2c/drivers/imx500/module', 'sys/module/imx500')
        self.link(f'{SUBDEVICE}/device', DEVICE)
        for name in ('imx500_loader.fpk', 'imx500_firmware.fpk'):
            self.write(f'lib/firmware/{name}', '9464')
        self.write('usr/share/imx500-models/imx500_network_posenet.rpk', '9464')
        for name in ('sudo', 'imx500-package'):
            self.program(f'usr/bin/{name}')
        for name in ('media0', 'video0', 'v4l-subdev2', 'dma_heap/system', 'dma_heap/linux,cma'):
            self.write(f'dev/{name}', '')
        self.link('dev/dma_heap/vidbuf_cached', 'dev/dma_heap/system')
        self.write(PROGRESS[0], '2 0 0\n')
        self.write(PROGRESS[1], '0\n')
        self.packages(picamera2='0.3.36-1', libcamera='0.7.1+rpt20260601-1')

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def link(self, name, target):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(os.path.relpath(self.root / target, path.parent))

    def program(self, name):
        self.write(name, '#!/bin/sh\n').chmod(0o755)

    def packages(self, *, picamera2, libcamera, status='install ok installed'):
        entries = (
            package('libc6', '2.41-12'),
            package('python3-libcamera', libcamera, status),
            package('python3-picamera2', picamera2, status),
        )
        self.write('var/lib/dpkg/status', '\n'.join(entries))

    def remove(self, *names):
        for name in names:
            (self.root / name).unlink()

    def contain(self):
        """Make it the root of a container."""
        self.write('.dockerenv', '')
        (self.root / 'run/udev').mkdir(parents=True)


@pytest.fixture
def pi(tmp_path):
    return Pi(tmp_path)


def closed(monkeypatch, *names):
    """Let the system refuse to open these; root, who runs tests in containers, may open all."""
    allowed = os.access

    def access(path, mode):
        opens = mode & (os.R_OK | os.W_OK)
        return not (opens and Path(path).name in names) and allowed(path, mode)

    monkeypatch.setattr(os, 'access', access)


def test_a_raspberry_pi_on_which_all_is_well_has_nothing_to_fix(pi):
    findings = [check() for check in raspberry_pi.checks(pi.root)]
    assert {finding.name: finding.detail for finding in findings if finding.state is not OK} == {}
    assert len({finding.name for finding in findings}) == len(findings) == 11
    assert not any(finding.required for finding in findings)


def test_every_finding_that_is_not_ok_has_a_command(pi, tmp_path):
    bare = tmp_path / 'bare'
    (bare / 'proc/device-tree').mkdir(parents=True)
    (bare / 'proc/device-tree/model').write_text('Raspberry Pi 4 Model B')
    findings = [check() for check in raspberry_pi.checks(bare)]
    assert {finding.state for finding in findings} == {MISSING, BROKEN}
    assert all(finding.fix and '\n' not in finding.fix for finding in findings)


@pytest.mark.parametrize('model', ['', 'Radxa ROCK 5B\0'])
def test_elsewhere_there_is_nothing_to_examine(model, pi):
    pi.write('proc/device-tree/model', model)
    assert raspberry_pi.checks(pi.root) == ()
    pi.remove('proc/device-tree/model')
    assert raspberry_pi.checks(pi.root) == ()


def test_a_check_that_fails_itself_is_told_by_its_name(pi):
    assert [check.__name__ for check in raspberry_pi.checks(pi.root)][:2] == ['sensor', 'kernel']


def test_the_sensor_is_told_by_its_address(pi):
    assert raspberry_pi.sensor(pi.root).detail.startswith('at 10-001a ')


def test_another_sensor_is_no_imx500(pi):
    pi.remove('sys/bus/i2c/drivers/imx500/module')
    pi.link('sys/bus/i2c/drivers/imx500/module', 'sys/module/imx708')
    found = raspberry_pi.sensor(pi.root)
    assert (found.state, found.fix) == (MISSING, 'sudo dmesg | grep -i imx500')


@pytest.mark.parametrize(
    ('version', 'built'),
    [
        (OLD, '2025-09-16'),
        ('#1902 SMP PREEMPT Wed Aug 27 11:12:13 BST 2025', '2025-08-27'),
        ('#1 SMP PREEMPT Mon Apr  6 01:02:03 UTC 2026', '2026-04-06'),
        ('#1 SMP PREEMPT_DYNAMIC @0', 'None'),
        ('#1 Debian (2026-13-40)', 'None'),
        ('#1 SMP PREEMPT Wed Foo 27 11:12:13 BST 2025', 'None'),
        ('', 'None'),
    ],
)
def test_the_date_of_a_kernel_is_read_from_its_version(version, built, pi):
    pi.write('proc/sys/kernel/version', version)
    assert str(kernel_date(pi.root)) == built


def test_a_kernel_of_before_the_fix_is_upgraded(pi):
    pi.write('proc/sys/kernel/version', OLD)
    found = raspberry_pi.kernel(pi.root)
    assert found.state is BROKEN
    assert '6.12.90+rpt-rpi-2712 of 2025-09-16' in found.detail
    assert 'raspberrypi/linux#7323' in found.detail
    assert found.fix.startswith('sudo apt update && sudo apt full-upgrade')


def test_a_kernel_of_the_day_of_the_fix_is_well(pi):
    pi.write('proc/sys/kernel/version', NEW.replace('2026-06-02', '2026-04-21'))
    assert raspberry_pi.kernel(pi.root).state is OK


def test_a_kernel_without_a_date_is_told_with_what_to_compare(pi):
    pi.write('proc/sys/kernel/version', '#1')
    found = raspberry_pi.kernel(pi.root)
    assert (found.state, found.fix) == (MISSING, 'cat /proc/version')
    assert '2026-04-21' in found.detail


@pytest.mark.parametrize(
    ('control', 'version', 'state'),
    [
        ('on', OLD, OK),
        ('on', NEW, OK),
        ('auto', NEW, OK),
        ('auto', NEW.replace('2026-06-02', '2026-04-21'), OK),
        ('auto', OLD, BROKEN),
        ('auto', '#1', BROKEN),
    ],
)
def test_the_power_is_kept_by_its_control_or_by_the_kernel(control, version, state, pi):
    pi.write(CONTROL, control + '\n')
    pi.write('proc/sys/kernel/version', version)
    found = raspberry_pi.power(pi.root)
    assert found.state is state
    if state is BROKEN:
        path = pi.root / 'sys/bus/i2c/drivers/imx500/10-001a/power/control'
        assert found.fix == f'echo on | sudo tee {path}'


def test_without_a_sensor_there_is_no_power_to_keep(pi):
    pi.remove('sys/bus/i2c/drivers/imx500/10-001a')
    assert raspberry_pi.power(pi.root).state is MISSING


def test_missing_firmware_is_installed(pi):
    pi.remove('lib/firmware/imx500_loader.fpk')
    found = raspberry_pi.firmware(pi.root)
    assert (found.state, found.fix) == (MISSING, 'sudo apt install imx500-all')
    assert 'imx500_loader.fpk' in found.detail
    assert 'imx500_firmware.fpk' not in found.detail


def test_compressed_firmware_is_firmware(pi):
    pi.remove('lib/firmware/imx500_loader.fpk')
    pi.write('lib/firmware/imx500_loader.fpk.xz', 'xz')
    assert raspberry_pi.firmware(pi.root).state is OK


def test_empty_firmware_is_installed_again(pi):
    pi.write('lib/firmware/imx500_firmware.fpk', '')
    found = raspberry_pi.firmware(pi.root)
    assert (found.state, found.fix) == (BROKEN, 'sudo apt install --reinstall imx500-firmware')


def test_in_a_container_the_firmware_is_that_of_the_host(pi):
    pi.contain()
    pi.remove('lib/firmware/imx500_firmware.fpk')
    found = raspberry_pi.firmware(pi.root)
    assert found.state is MISSING
    assert 'the host' in found.detail


PAIRS = [
    ('0.3.36-1', '0.7.1+rpt20260601-1', OK),
    ('0.3.32-1', '0.6.0+rpt20251127-1', OK),
    ('0.3.31-1', '0.5.2+rpt20250903-1', OK),
    ('0.3.31-1', '0.6.0+rpt20251127-1', BROKEN),
    ('1:0.3.31', '0.7.1-1', BROKEN),
    ('0.3.32-1', '0.6.0+rpt20251015-1', BROKEN),
    ('0.3.36-1', '0.5.2+rpt20260101-1', BROKEN),
    ('0.3.36-1', '0.6.0+211-c94a24f4-1', OK),
    ('0.3.36-1', 'main-1', OK),
]


@pytest.mark.parametrize(('picamera2', 'libcamera', 'state'), PAIRS)
def test_picamera2_and_libcamera_count_frames_both_or_neither(picamera2, libcamera, state, pi):
    pi.packages(picamera2=picamera2, libcamera=libcamera)
    found = raspberry_pi.versions(pi.root)
    assert found.state is state
    assert libcamera.rpartition('-')[0] in found.detail
    if state is BROKEN:
        assert 'every tensor raises a ValueError' in found.detail
        assert 'full-upgrade' in found.fix
        pi.contain()
        assert raspberry_pi.versions(pi.root).fix.startswith('docker build ')


def test_the_versions_that_python_imports_count_more_than_those_of_apt(pi, tmp_path, monkeypatch):
    pi.packages(picamera2='0.3.36-1', libcamera='0.7.1-1')
    modules = tmp_path / 'modules'
    (modules / 'picamera2-0.3.31.dist-info').mkdir(parents=True)
    (modules / 'picamera2-0.3.31.dist-info/METADATA').write_text('Name: picamera2\nVersion: 0.3.31')
    (modules / 'libcamera.py').write_text('class CameraManager: version = "v0.6.0+rpt20251202"\n')
    monkeypatch.syspath_prepend(modules)
    found = raspberry_pi.versions(pi.root)
    assert found.state is BROKEN
    assert found.detail.startswith('picamera2 0.3.31, libcamera 0.6.0+rpt20251202 do not')


@pytest.mark.parametrize('status', ['deinstall ok config-files', ''])
def test_versions_that_are_unknown_are_told(status, pi):
    pi.packages(picamera2='0.3.36-1', libcamera='0.7.1-1', status=status)
    found = raspberry_pi.versions(pi.root)
    assert (found.state, found.detail) == (
        MISSING,
        'the version of picamera2 and libcamera is unknown',
    )
    pi.remove('var/lib/dpkg/status')
    assert raspberry_pi.versions(pi.root).state is MISSING


def test_no_media_device_is_missing(pi):
    pi.remove('dev/media0')
    assert raspberry_pi.devices(pi.root).state is MISSING
    assert raspberry_pi.devices(pi.root).fix == 'sudo dmesg | grep -i imx500'
    pi.contain()
    assert '--privileged -v /dev:/dev' in raspberry_pi.devices(pi.root).fix


@pytest.mark.parametrize('name', ['media0', 'video0', 'v4l-subdev2'])
def test_a_camera_device_that_may_not_be_opened_is_broken(name, pi, monkeypatch):
    closed(monkeypatch, name)
    found = raspberry_pi.devices(pi.root)
    assert found.state is BROKEN
    assert found.detail == f'no permission to open {pi.root / "dev" / name}'
    assert found.fix.startswith('sudo usermod -aG video $USER')


def test_a_container_without_the_hosts_udev_finds_no_camera(pi):
    pi.contain()
    assert raspberry_pi.devices(pi.root).state is OK
    (pi.root / 'run/udev').rmdir()
    found = raspberry_pi.devices(pi.root)
    assert found.state is BROKEN
    assert '-v /run/udev:/run/udev:ro' in found.fix


def test_without_a_heap_no_image_has_memory(pi):
    pi.remove('dev/dma_heap/vidbuf_cached', 'dev/dma_heap/linux,cma')
    assert raspberry_pi.memory(pi.root).state is MISSING
    assert 'full-upgrade' in raspberry_pi.memory(pi.root).fix
    pi.contain()
    assert '-v /dev:/dev' in raspberry_pi.memory(pi.root).fix


def test_a_link_of_the_heaps_that_points_nowhere_counts_as_none(pi):
    pi.remove('dev/dma_heap/system')
    assert raspberry_pi.memory(pi.root).detail.endswith('linux,cma')


def test_a_heap_that_may_not_be_opened_is_broken(pi, monkeypatch):
    closed(monkeypatch, 'vidbuf_cached')
    found = raspberry_pi.memory(pi.root)
    assert found.state is BROKEN
    assert found.fix.startswith('sudo usermod -aG video $USER')


def test_a_container_needs_the_links_among_the_heaps(pi):
    pi.contain()
    assert raspberry_pi.memory(pi.root).state is OK
    pi.remove('dev/dma_heap/vidbuf_cached')
    found = raspberry_pi.memory(pi.root)
    assert found.state is BROKEN
    assert 'vidbuf_cached' in found.detail
    assert '-v /dev:/dev' in found.fix


def test_sudo_is_needed_where_the_progress_cannot_be_read(pi):
    pi.remove('usr/bin/sudo')
    assert raspberry_pi.sudo(pi.root).state is OK
    pi.remove(PROGRESS[0])
    found = raspberry_pi.sudo(pi.root)
    assert (found.state, found.fix) == (BROKEN, 'apt-get update && apt-get install -y sudo')
    pi.program('usr/bin/sudo')
    assert raspberry_pi.sudo(pi.root).detail == str(pi.root / 'usr/bin/sudo')


@pytest.mark.parametrize('name', PROGRESS)
def test_a_progress_that_cannot_be_read_is_opened_to_all(name, pi):
    pi.remove(name)
    found = raspberry_pi.progress(pi.root)
    assert (found.state, found.fix) == (
        MISSING,
        'sudo mount -o remount,mode=755 /sys/kernel/debug',
    )
    pi.contain()
    assert '-v /sys/kernel/debug:/sys/kernel/debug' in raspberry_pi.progress(pi.root).fix


def test_a_progress_that_may_not_be_read_is_missing(pi, monkeypatch):
    closed(monkeypatch, 'fw_progress')
    assert raspberry_pi.progress(pi.root).state is MISSING


def test_picamera2s_scripts_read_the_progress_through_sudo(pi):
    pi.remove(*PROGRESS)
    for name in ('debug_stream_imx500.sh', 'debug_stream_rp2040.sh'):
        assert raspberry_pi.progress(pi.root).state is MISSING
        pi.program(f'usr/sbin/{name}')
    assert raspberry_pi.progress(pi.root).state is OK
    pi.remove('usr/bin/sudo')
    assert raspberry_pi.progress(pi.root).state is MISSING


def test_example_networks_and_tools_are_optional(pi):
    pi.remove('usr/share/imx500-models/imx500_network_posenet.rpk', 'usr/bin/imx500-package')
    for check, fix in (
        (raspberry_pi.examples, 'sudo apt install imx500-all'),
        (raspberry_pi.tools, 'sudo apt install imx500-tools'),
    ):
        found = check(pi.root)
        assert (found.state, found.fix) == (MISSING, fix)
        assert found.detail.startswith('adds ')


def test_in_a_container_what_belongs_to_the_host_is_said_to(pi):
    pi.contain()
    pi.write('proc/sys/kernel/version', OLD)
    pi.remove('usr/bin/imx500-package')
    for check in (raspberry_pi.kernel, raspberry_pi.power, raspberry_pi.tools):
        assert check(pi.root).fix.endswith('  # on the host')
    pi.remove('.dockerenv')
    pi.write('run/.containerenv', '')
    assert raspberry_pi.kernel(pi.root).fix.endswith('  # on the host')
    pi.remove('run/.containerenv')
    assert raspberry_pi.kernel(pi.root).fix.endswith(' && sudo reboot')


def test_picamera2_is_asked_for_on_a_raspberry_pi_alone(monkeypatch, pi, tmp_path):
    monkeypatch.setattr(raspberry_pi, 'is_installed', lambda module: False)
    assert raspberry_pi.picamera2(pi.root).fix == 'sudo apt install python3-picamera2'
    elsewhere = raspberry_pi.picamera2(tmp_path / 'elsewhere')
    assert elsewhere.detail == 'no Raspberry Pi; nothing to do'
    assert not elsewhere.fix
