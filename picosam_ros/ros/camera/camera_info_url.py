"""`camera_info_url`: which file it names, as image_common's camera_info_manager reads it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

from picosam_ros.errors import CalibrationError

_ALLOWED = (
    'allowed are a path, file:///PATH and package://PACKAGE/PATH, with ~ at the beginning of a '
    'path, and ${NAME} (of the node) and ${ROS_HOME} anywhere'
)
_LOCAL_HOSTS = ('', 'localhost')


def path_of(url: str, name: str) -> Path:
    """Turn a path or URL of a calibration into a path.

    Args:
        url: a path, file:///PATH or package://PACKAGE/PATH. `~` at the beginning of a path is the
            home folder, ${NAME} is `name`, ${ROS_HOME} the folder of that variable, else ~/.ros.
        name: of the node.

    Raises:
        CalibrationError: another kind of URL, a variable or a home that is not known, or a package
            that is not installed.

    """
    filled = _filled_in(url, name)
    try:
        parts = urlsplit(filled, allow_fragments=False)
    except ValueError as error:
        raise CalibrationError(f'camera_info_url {url!r} was given: {error}; {_ALLOWED}') from error
    if parts.scheme == 'package':
        return _in_package(url, parts.netloc, unquote(parts.path).lstrip('/'))
    if parts.scheme not in ('', 'file') or parts.netloc not in _LOCAL_HOSTS:
        raise CalibrationError(f'camera_info_url {url!r} was given; {_ALLOWED}')
    path = unquote(parts.path) if parts.scheme else filled
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # ~USER without such a user
        raise CalibrationError(f'camera_info_url {url!r} was given: {error}; {_ALLOWED}') from error


def is_there(path: Path) -> bool:
    """Tell whether something has that name, be it a file or not.

    Raises:
        CalibrationError: a folder on the way may not be looked into, or the name is too long.

    """
    try:
        return path.exists()
    except OSError as error:
        raise CalibrationError(
            f'camera_info_url names {str(path)!r}: {error.strerror}; give a file that may be read'
        ) from error


def missing(url: str, path: Path) -> str:
    """Say that the file is not there, and what to do."""
    return (
        f'the camera is not calibrated: camera_info_url is {url!r}, and there is no file '
        f'{str(path.absolute())!r}; check the name ({_ALLOWED}), or calibrate the camera (ros2 run '
        'camera_calibration cameracalibrator): set_camera_info writes that file. Until then '
        'camera_info holds zeros'
    )


def _filled_in(url: str, name: str) -> str:
    known = {'NAME': name, 'ROS_HOME': os.environ.get('ROS_HOME') or str(Path.home() / '.ros')}

    def value(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise CalibrationError(
                f'camera_info_url {url!r} was given, with {match[0]!r} in it; {_ALLOWED}'
            )
        return known[match[1]]

    return re.sub(r'\$\{([^}]*)\}', value, url)


def _in_package(url: str, package: str, rest: str) -> Path:
    try:
        return Path(get_package_share_directory(package)) / rest
    except (PackageNotFoundError, ValueError, OSError) as error:
        raise CalibrationError(
            f'camera_info_url {url!r} names the package {package!r}, which is not installed; '
            'source its workspace, or give a path'
        ) from error
