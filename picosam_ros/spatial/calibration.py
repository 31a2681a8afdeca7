"""What `camera_calibration` measures of a camera, and the YAML file that it writes.

The file is that of image_common's camera_calibration_parsers; its fields are those of
sensor_msgs/CameraInfo, where they are described.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from picosam_ros.errors import CalibrationError, YamlError
from picosam_ros.files.replace import replace_file
from picosam_ros.files.yaml import read_yaml
from picosam_ros.spatial.pinhole import LENSES, check_distortion, check_finite

MAX_SIDE = 65_535  # pixels

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
        CalibrationError: a size or a focal length that is not above 0, a number that is missing or
            not finite, a distortion model that is not known or takes another number of them.

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
        if not (0 < self.width <= MAX_SIDE and 0 < self.height <= MAX_SIDE):
            raise CalibrationError(f'its size is {self._size}; allowed are 1 to {MAX_SIDE} pixels')
        for name, key, rows, columns in _MATRICES:
            values = getattr(self, name)
            if columns and len(values) != rows * columns:
                raise CalibrationError(f'{key} has {len(values)} numbers, not {rows * columns}')
            check_finite(**{key: values})
        if not (self.k[0] > 0 and self.k[4] > 0):
            raise CalibrationError(
                f'the focal lengths are {self.k[0]:g} and {self.k[4]:g}; both must be above 0'
            )
        # A camera without distortion may name a model and have no coefficients.
        if self.d or self.distortion_model not in ('', *LENSES):
            check_distortion(self.distortion_model, self.d)

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
        if path.exists() and not path.is_file():
            raise CalibrationError('it is a folder, a pipe or a device, not a file')
        return _parsed(read_yaml(path))
    except (OSError, YamlError, CalibrationError) as error:
        raise CalibrationError(
            f'{str(path)!r} is no camera calibration: {error}; give the .yaml file that '
            'camera_calibration wrote, or leave camera_info_url empty'
        ) from error


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write a file that `read_calibration` and image_common read; make its folder.

    The file that is there stays as it is until the new one is complete.

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
        replace_file(path, yaml.safe_dump(content, sort_keys=False).encode())
    except OSError as error:
        raise CalibrationError(
            f'the calibration cannot be written to {str(path)!r}: {error.strerror or error}; '
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
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise CalibrationError(f'the data of a matrix is no list of numbers ({error})') from error
    width, height = (_side(content[f'image_{side}']) for side in ('width', 'height'))
    name = str(content.get('camera_name', Calibration.camera_name))
    model = str(content['distortion_model'])
    return Calibration(width, height, model, d, k, r, p, name)


def _side(value: Any) -> int:
    """Return a whole number: a size of 640.5 pixels, or one of NaN, is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value % 1 != 0:
        raise CalibrationError(f'a side of the image is {value!r}; it must be a whole number')
    return int(value)


def _matrix(values: Sequence[float], rows: int) -> dict[str, Any]:
    return {'rows': rows, 'cols': len(values) // rows, 'data': list(values)}
