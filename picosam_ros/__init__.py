"""Promptable segmentation for robots: point at anything and have its mask in every camera frame.

The core is free of ROS::

    from picosam_ros import Prompt, open_engine

    with open_engine('host') as engine:
        [mask] = engine.segment(rgb, [Prompt.from_point(x, y)])
"""

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

# The generated `picosam_ros.msg` and `picosam_ros.srv` lie in the install prefix: a Python that
# was started in the source folder finds them there, beside the sources.
__path__ = pkgutil.extend_path(__path__, __name__)

if TYPE_CHECKING:
    __version__: str

    from picosam_ros.engines import open_engine
    from picosam_ros.engines.everything import Everything, everything
    from picosam_ros.errors import PicosamError
    from picosam_ros.frame import Frame
    from picosam_ros.mask import Mask
    from picosam_ros.prompt import Box, Point, Prompt
    from picosam_ros.results import Result
    from picosam_ros.roi import Roi
    from picosam_ros.segmenter import Segmenter

# Resolved at first use: who imports only `picosam_ros.msg` does not pay for OpenCV.
_HOMES = {
    'Box': 'prompt',
    'Everything': 'engines.everything',
    'Frame': 'frame',
    'Mask': 'mask',
    'PicosamError': 'errors',
    'Point': 'prompt',
    'Prompt': 'prompt',
    'Result': 'results',
    'Roi': 'roi',
    'Segmenter': 'segmenter',
    'everything': 'engines.everything',
    'open_engine': 'engines',
}

__all__ = [
    'Box',
    'Everything',
    'Frame',
    'Mask',
    'PicosamError',
    'Point',
    'Prompt',
    'Result',
    'Roi',
    'Segmenter',
    'everything',
    'open_engine',
]


def __getattr__(name: str) -> Any:
    if name == '__version__':
        return _version()
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.{_HOMES[name]}'), name)


def _version() -> str:
    """Read package.xml: beside the sources, or in share/ of the installation."""
    from pathlib import Path
    from xml.etree import ElementTree

    for parent in Path(__file__).parents:
        for path in (parent / 'package.xml', parent / 'share' / __name__ / 'package.xml'):
            if path.is_file():
                manifest = ElementTree.parse(path).getroot()
                if manifest.findtext('name') == __name__:
                    return str(manifest.findtext('version'))
    from importlib.metadata import version

    return version(__name__)
