"""Message types for `rosbags`: those of ROS, and ours from the .msg files."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from picosam_ros.errors import BagError

_MISSING = (
    'recordings need the Python package rosbags; install it with: pip install "rosbags>=0.11"'
)


@cache
def typestore() -> Any:
    """Return rosbags' types of Humble (later releases changed none that we use) and our own.

    Raises:
        BagError: rosbags is not installed, or the .msg files are not there.

    """
    try:
        from rosbags.typesys import Stores, get_types_from_msg, get_typestore
    except ImportError as error:
        raise BagError(f'{_MISSING} ({error})') from error
    store = get_typestore(Stores.ROS2_HUMBLE)
    types: dict[str, Any] = {}
    for path in message_folder().glob('*.msg'):
        text = path.read_text(encoding='utf-8')
        types.update(get_types_from_msg(text, f'picosam_ros/msg/{path.stem}'))
    store.register(types)
    return store


def message_folder(package: Path = Path(__file__).parents[1]) -> Path:
    """Find the .msg files: beside the source, or in share/ of the prefix of the installation.

    Raises:
        BagError: they are not there.

    """
    for parent in (*package.parents, *package.resolve().parents):
        for folder in (parent / 'share' / 'picosam_ros' / 'msg', parent / 'msg'):
            if (folder / 'MaskArray.msg').is_file():
                return folder
    raise BagError(
        f'the messages of picosam_ros are not found from {package}; install the package with '
        'colcon, make setup or pip'
    )
