"""Messages of recordings: their types, and images as frames."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from picosam_ros.bags.vision import DEFINITIONS
from picosam_ros.errors import BagError
from picosam_ros.frame import Frame
from picosam_ros.wire.images import decode, to_frame
from picosam_ros.wire.messages import read_compressed_image, read_image
from picosam_ros.wire.value_range import Scale

IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
MASKS, LATENCY = 'picosam_ros/msg/MaskArray', 'picosam_ros/msg/Latency'
PROMPT, PROMPT_STATUS = 'picosam_ros/msg/Prompt', 'picosam_ros/msg/PromptStatus'
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'
DIAGNOSTICS = 'diagnostic_msgs/msg/DiagnosticArray'
IMAGE_TYPES = (IMAGE, COMPRESSED)
_INSTALL = 'pip install "rosbags>=0.11"'


def read_frame(serialised: bytes, kind: str, scale: Scale | None = None) -> Frame:
    """Read an image of one of IMAGE_TYPES; its pixels are a view where the encoding allows.

    `scale` takes 16 bits a value to 8, see wire.images.to_rgb.

    Raises:
        ImageError: the bytes are not such a message, or not an image that we can read.

    """
    if kind == COMPRESSED:
        compressed = read_compressed_image(serialised)
        stamp_ns = compressed.stamp_ns
        return Frame(decode(compressed, scale), stamp_ns, compressed.frame_id, stamp_ns)
    image = read_image(serialised)
    return to_frame(image, image.stamp_ns, scale)


@cache
def typestore() -> Any:
    """Return rosbags' types of Humble, vision_msgs' and our own; later ones are the same for us.

    Raises:
        BagError: rosbags is not installed, or the .msg files are not there.

    """
    try:
        from rosbags.typesys import Stores, get_types_from_msg, get_typestore
    except ImportError as error:
        raise BagError(
            f'recordings need the Python package rosbags, which cannot be imported ({error}); '
            f'install it with: {_INSTALL}'
        ) from error
    store = get_typestore(Stores.ROS2_HUMBLE)
    types: dict[str, Any] = {}
    for kind, text in DEFINITIONS.items():
        types.update(get_types_from_msg(text, kind))
    for path in message_folder().glob('*.msg'):
        text = path.read_text(encoding='utf-8')
        types.update(get_types_from_msg(text, f'picosam_ros/msg/{path.stem}'))
    store.register(types)
    return store


def read_message(serialised: bytes, kind: str) -> Any:
    """Read a message of any type that `typestore` knows.

    Raises:
        BagError: the bytes are not such a message.

    """
    types = typestore()  # first, for its error where rosbags is missing
    from rosbags.serde import SerdeError

    try:
        return types.deserialize_cdr(serialised, kind)
    except SerdeError as error:
        raise BagError(f'no {kind}: {error}') from error


def missing() -> str:
    """Return the command that installs what recordings need; empty where it is there."""
    try:
        return '' if find_spec('rosbags.rosbag2') else _INSTALL
    except ImportError:
        return _INSTALL


def message_folder(package: Path = Path(__file__).parents[1]) -> Path:
    """Return the folder of the .msg files: beside the source, or in share/ of the installation.

    Raises:
        BagError: there is none.

    """
    for parent in (*package.parents, *package.resolve().parents):
        for folder in (parent / 'share' / 'picosam_ros' / 'msg', parent / 'msg'):
            if (folder / 'MaskArray.msg').is_file():
                return folder
    raise BagError(
        f'the .msg files of picosam_ros were not found in any folder above {package}; install the '
        'package with colcon, make setup or pip'
    )
