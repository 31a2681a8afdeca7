"""Cameras for a child process, which fail in one way each."""

import os
import time
from pathlib import Path

import numpy as np

from picosam_ros import Frame
from picosam_ros.cameras.picamera.imx500 import SensorRecord

PIXELS = np.full((4, 6, 3), 7, np.uint8)


class Steady:
    """Gives a frame whenever it is asked."""

    warning = ''

    def __init__(self, **options):
        self.options = options
        self.record = SensorRecord()

    @property
    def description(self):
        return {'state': 'streaming'}

    def connect(self):
        """Find it at once."""

    def start(self):
        """Start at once."""

    def read(self, timeout):
        return Frame(PIXELS)

    def look_at(self, roi):
        return 1

    def close(self):
        """Leave nothing behind."""


class FailsToConnect(Steady):
    def connect(self):
        raise TypeError('a connection that nobody expected')


class FailsToRead(Steady):
    def read(self, timeout):
        raise TypeError('a frame that nobody expected')


class FailsToLook(Steady):
    def look_at(self, roi):
        raise TypeError(f'a call with {roi} that nobody expected')


class FailsToClose(Steady):
    def close(self):
        raise TypeError('an end that nobody expected')


class FailsToTellProgress(Steady):
    """Starts once the file `let_go` exists; beside it is the id of the process that tells."""

    def upload_progress(self):
        teller = Path(self.options['let_go']).with_suffix('.teller')
        if not teller.exists():
            teller.write_text(f'{os.getpid()}\n')
            return 1, 4
        raise TypeError('a progress that nobody expected')

    def start(self):
        while not Path(self.options['let_go']).exists():
            time.sleep(0.01)


class Lengthy(Steady):
    """Tells more of a frame than fits into a socket."""

    def read(self, timeout):
        return Frame(PIXELS, no_output=8_000_000 * '.')


class LooksLate(Steady):
    """Answers no call before the file `let_go` exists; its answers are the arguments."""

    def look_at(self, roi):
        while not Path(self.options['let_go']).exists():
            time.sleep(0.01)
        self.record.placement = roi


class Chatty(Steady):
    """Prints, as picamera2 does."""

    def connect(self):
        print('found a camera')
