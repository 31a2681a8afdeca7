"""The models of the connected Raspberry Pi cameras, as another process finds them.

`python -m picosam_ros.cameras.process.models` prints them, or why there are none: libcamera, once
loaded, stays in a process with its threads and files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

from picosam_ros.cameras.picamera.camera import PicameraCamera, import_picamera2
from picosam_ros.errors import CameraError
from picosam_ros.python_process import run_python

LIST_S = 20.0


def connected_models() -> list[str]:
    """Return the models of the connected Raspberry Pi cameras, in libcamera's order.

    Raises:
        CameraError: picamera2 is not installed, or does not work.

    """
    if find_spec('picamera2') is None:
        import_picamera2()  # Raises the sentence.
    child = run_python(__name__, (), stdout=subprocess.PIPE, text=True)
    try:
        printed, _ = child.communicate(timeout=LIST_S)
        answer = json.loads(printed)
    except (subprocess.TimeoutExpired, ValueError) as error:
        child.kill()
        raise CameraError(
            f'picamera2 did not list the cameras within {LIST_S:g} s (exit code '
            f'{child.returncode}); `rpicam-hello --list-cameras` may show why'
        ) from error
    if isinstance(answer, str):
        raise CameraError(answer)
    return list(answer)


def main() -> int:
    """Print the list as JSON, or the sentence of the error."""
    printing = os.dup(1)
    os.dup2(2, 1)  # picamera2 prints, too
    try:
        answer: list[str] | str = PicameraCamera.models()
    except Exception as error:  # noqa: BLE001 - raised again by the process that asked
        answer = str(error) or type(error).__name__
    os.write(printing, json.dumps(answer).encode())
    return 0


if __name__ == '__main__':
    sys.exit(main())
