"""What `camera_calibration` measures of a camera, and the YAML file that it writes.

The file is that of image_common's camera_calibration_parsers; its fields are those of
sensor_msgs/CameraInfo, where they are described.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from picosam_ros.errors import CalibrationError

# The fields that hold numbers: ours, the file's, rows × columns; 0 columns are any number of them.
_MATRICES = (
    ('k', 'camera_matrix', 3, 3),
    ('d', 'distortion_coefficients', 1, 0),
    ('r', 'rectification_matrix', 3, 3),
    ('p', 'projection_matrix', 3, 4),
)


@dataclass(frozen=True)
class Calibration:
    """A calibrated camera.

    Attributes:
        width, height: of the images that it holds for, in pixels.
        distortion_model: of sensor_msgs/distortion_models.hpp: plumb_bob, rational_polynomial, …
        d: its coefficients.
        k: 3×3, row by row: focal lengths and principal point of the raw image, in pixels.
        r: 3×3, row by row: turns the camera's frame into the rectified one.
        p: 3×4, row by row: projects the rectified frame, in pixels.
        camera_name: as the file calls it.

    Raises:
        CalibrationError: a size or a focal length that is not above 0, or a number that is missing
            or not finite.

    """

    width: int
    height: int
    distortion_model: str
    d: tuple[float, ...]
    k: tuple[float, ...]
    r: tuple[float, ...]
    p: tuple[float, ...]
    camera_name: str = 'camera'

    def __post_init__(self) -> None:
        if not (self.width > 0 and self.height > 0):
            raise CalibrationError(f'its size is {self._size}; both must be above 0')
        for name, key, rows, columns in _MATRICES:
            values = getattr(self, name)
            if columns and len(values) != rows * columns:
                raise CalibrationError(f'{key} has {len(values)} numbers, not {rows * columns}')
            if not all(map(math.isfinite, values)):
                raise CalibrationError(f'{key} has a number that is not finite: {list(values)}')
        if not (self.k[0] > 0 and self.k[4] > 0):
            raise CalibrationError(
                f'the focal lengths are {self.k[0]:g} and {self.k[4]:g}; both must be above 0'
            )

    def check_size(self, width: int, height: int) -> None:
        """Raise CalibrationError where the images have another size."""
        if (self.width, self.height) != (width, height):
            raise CalibrationError(
                f'the calibration is for {self._size} and the camera gives {width}×{height}; '
                'calibrate the camera at that size, or set the size that was calibrated'
            )

    @property
    def _size(self) -> str:
        return f'{self.width}×{self.height}'


def read_calibration(path: Path) -> Calibration:
    """Read a file.

    Raises:
        CalibrationError: it cannot be read, or is no calibration.

    """
    try:
        return _parsed(yaml.safe_load(path.read_text(encoding='utf-8')))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, CalibrationError) as error:
        raise CalibrationError(
            f'{str(path)!r} is no camera calibration: {error}; give the .yaml file that '
            'camera_calibration wrote, or leave camera_info_url empty'
        ) from error


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write a file that `read_calibration` and image_common read; make its folder.

    Raises:
        CalibrationError: it cannot be written.

    """
    matrices = {key: _matrix(getattr(calibration, name), r) for name, key, r, _ in _MATRICES}
    content = {
        'image_width': calibration.width,
        'image_height': calibration.height,
        'camera_name': calibration.camera_name,
        'distortion_model': calibration.distortion_model,
        **matrices,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + '.part')
        part.write_text(yaml.safe_dump(content, sort_keys=False), encoding='utf-8')
        part.replace(path)
    except OSError as error:
        raise CalibrationError(
            f'the calibration cannot be written to {str(path)!r}: {error}; '
            'set camera_info_url to a file in a folder that may be written'
        ) from error


def _parsed(content: Any) -> Calibration:
    if not isinstance(content, Mapping):
        raise CalibrationError('it does not hold names and values')
    wanted = {'image_width', 'image_height', 'distortion_model', *(key for _, key, *_ in _MATRICES)}
    if missing := sorted(wanted - set(content)):
        raise CalibrationError(f'it lacks {", ".join(missing)}')
    try:
        k, d, r, p = (tuple(map(float, content[key]['data'])) for _, key, *_ in _MATRICES)
        width, height = int(content['image_width']), int(content['image_height'])
    except (TypeError, ValueError, KeyError) as error:
        raise CalibrationError(f'a size or the data of a matrix is no number ({error})') from error
    name = str(content.get('camera_name', Calibration.camera_name))
    model = str(content['distortion_model'])
    return Calibration(width, height, model, d, k, r, p, name)


def _matrix(values: Sequence[float], rows: int) -> dict[str, Any]:
    return {'rows': rows, 'cols': len(values) // rows, 'data': list(values)}
