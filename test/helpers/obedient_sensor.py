"""A sensor that looks where it is told at once, and the frames that come of it."""

import numpy as np

from picosam_ros import Frame, Prompt
from picosam_ros.errors import CameraError
from picosam_ros.frame import SensorOutput
from picosam_ros.prompt import Point

WIDTH, HEIGHT = 640, 480
PIXELS = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
LOGITS = np.full((96, 96), 3, np.float32)
SIDE = 100

NO_TENSOR = 'no tensor came with this frame'
UNSETTLED = 'the ROI was placed 1 frames ago, 3 are needed to settle'
WAITS = 'waits for its turn: the sensor has one ROI'
PLACED = 'the ROI has just been placed'


class Sensor:
    """Looks where it is told, at once, and makes a frame of it; or refuses."""

    def __init__(self):
        self.looked = []
        self.refusal = ''

    def look_at(self, roi):
        if self.refusal:
            raise CameraError(self.refusal)
        self.looked.append(roi)
        return len(self.looked)

    def frame(self):
        return self.answer(len(self.looked))

    def answer(self, ticket):
        roi = self.looked[ticket - 1]
        inference = SensorOutput(LOGITS, roi, ticket, 14.3, 0.4)
        return Frame(PIXELS, exposure_ms=10.0, sensor_output=inference)


def nothing(reason=NO_TENSOR):
    return Frame(PIXELS, no_output=reason)


def at(x, y=240, object_id=1, generation=1):
    return Prompt((Point(x, y),), object_id=object_id, roi_size=SIDE, generation=generation)


def reasons(made):
    return {missing.prompt.object_id: missing.reason for missing in made.unanswered}
