"""Formats of data sets by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from picosam_ros.errors import OutputError
from picosam_ros.registry import Entry, Registry

if TYPE_CHECKING:
    from picosam_ros.datasets.base import Format

# Of each: a new folder that it has for itself, the Contents, and the ImageFiles that all share.
_OPTIONS = ('folder', 'contents', 'images')
_HERE = 'picosam_ros.datasets'

FORMATS: Registry[Format] = Registry(
    'format',
    OutputError,
    {
        'coco': Entry(f'{_HERE}.coco', 'CocoFormat', _OPTIONS),
        'yolo': Entry(f'{_HERE}.yolo', 'YoloFormat', _OPTIONS),
        'voc': Entry(f'{_HERE}.voc', 'VocFormat', _OPTIONS),
        'mots': Entry(f'{_HERE}.mots', 'MotsFormat', _OPTIONS),
        'bag': Entry(f'{_HERE}.bag', 'BagFormat', _OPTIONS),
    },
)
