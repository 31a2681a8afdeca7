"""How far the upload of the network into the sensor is: it takes seconds to minutes."""

from __future__ import annotations

import subprocess
import threading
import time
from typing import Any

NETWORK_STAGE = 2

# picamera2 starts a process for every look at the progress.
POLL_S = 0.5

# What picamera2 raises where the kernel does not tell the progress.
UNTOLD = (OSError, ValueError, LookupError, AssertionError, subprocess.SubprocessError)


class Upload:
    """The progress of an upload, in words; asked for at most twice a second.

    Args:
        imx500: whose `get_fw_upload_progress` is asked.

    """

    def __init__(self, imx500: Any) -> None:
        self._imx500 = imx500
        self._lock = threading.Lock()
        self._looked = -POLL_S
        self._text = 'uploading the network'

    def __call__(self) -> str:
        with self._lock:
            now = time.monotonic()
            if now - self._looked >= POLL_S:
                self._looked = now
                self._text = self._look()
            return self._text

    def _look(self) -> str:
        try:
            done, total = self._imx500.get_fw_upload_progress(NETWORK_STAGE)
        except UNTOLD:
            return 'uploading the network; how far it is, is not told'
        if not total:
            return 'uploading the network'
        return f'uploading the network: {100 * done // total} % of {total / 1e6:.1f} MB'
