"""What a system is, from its files: a Raspberry Pi, a container, its kernel, programs, packages.

`root` is the folder above all of them: '/' of this machine, or that of another one's files.
"""

from __future__ import annotations

import os
import re
import shutil
from datetime import date
from pathlib import Path

from picosam_ros.commands.doctor.finding import read_text

ROOT = Path('/')

PROGRAMS = ('usr/local/sbin', 'usr/local/bin', 'usr/sbin', 'usr/bin', 'sbin', 'bin')

_MONTHS = ('Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec')


def is_raspberry_pi(root: Path) -> bool:
    """Whether the device tree names a Raspberry Pi; containers see that of their host."""
    return 'Raspberry Pi' in read_text(root / 'proc/device-tree/model')


def kernel_date(root: Path) -> date | None:
    """Return the date of the kernel's build, or None where it does not tell one."""
    text = read_text(root / 'proc/sys/kernel/version')
    try:
        # Debian's: "#1 SMP PREEMPT Debian 1:6.12.47-1+rpt1 (2025-09-16)"
        if found := re.search(r'\((\d{4})-(\d\d)-(\d\d)\)', text):
            return date(*map(int, found.groups()))
        # Others: "#1902 SMP PREEMPT Wed Aug 27 11:12:13 BST 2025"
        if found := re.search(r'([A-Z][a-z]{2}) +(\d+) [\d:]+ \S+ (\d{4})$', text):
            month, day, year = found.groups()
            return date(int(year), _MONTHS.index(month) + 1, int(day))
    except ValueError:
        pass
    return None


def in_container(root: Path) -> bool:
    """Whether Docker or Podman runs this system."""
    return any((root / mark).exists() for mark in ('.dockerenv', 'run/.containerenv'))


def find_program(root: Path, name: str) -> str:
    """Return the path of a program, '' where there is none."""
    folders = os.pathsep.join(str(root / folder) for folder in PROGRAMS)
    return shutil.which(name, path=folders) or ''


def package_version(root: Path, package: str) -> str:
    """Return the upstream version of an installed Debian package, '' where there is none."""
    for entry in read_text(root / 'var/lib/dpkg/status').split('\n\n'):
        fields = dict(line.split(': ', 1) for line in entry.splitlines() if ': ' in line)
        if fields.get('Package') == package and fields.get('Status', '').endswith(' installed'):
            # [epoch:]upstream[-revision], deb-version(7)
            return re.sub(r'^\d+:|-[^-]*$', '', fields.get('Version', ''))
    return ''
