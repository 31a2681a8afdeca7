"""A rosbag2, played as a camera."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from picosam_ros.bags.messages import read_frame
from picosam_ros.bags.recording import Recording
from picosam_ros.cameras.video import FALLBACK_RATE, VideoCamera, VideoFrame
from picosam_ros.errors import BagError, CameraError, ImageError
from picosam_ros.wire.value_range import ValueScale


class BagImages:
    """One pass through the images of a recording: of the topic that has most.

    Images that cannot be read are left out.

    Args:
        path: of a rosbag2: its folder, or a .db3 or .mcap file.
        rate: frames per second that replaces the times of recording; 0 keeps them.

    Raises:
        CameraError: there is no such recording, or no image in it.

    """

    def __init__(self, path: str, rate: float = 0) -> None:
        try:
            self._recording = Recording(Path(path))
            topics = self._recording.topics
            topic = max(topics, key=topics.__getitem__) if topics else self._recording.choose('')
        except BagError as error:
            raise CameraError(str(error)) from error
        self.rate = rate if rate > 0 else FALLBACK_RATE
        self.size = ''
        self._own_timestamps = rate <= 0
        self._images = self._recording.images(topic)
        self._scale = ValueScale()
        self._period_ns = round(1e9 / self.rate)
        self._first_ns = 0
        self._media_ns = -self._period_ns

    @property
    def end_ns(self) -> int:
        """Media time at which the frame after the last one that was read is due."""
        return self._media_ns + self._period_ns

    def next(self) -> VideoFrame | None:
        """Read the next image; None at the end. Raises CameraError if none could be read."""
        for recorded in self._images:
            try:
                frame = read_frame(recorded.serialised, recorded.kind, self._scale)
            except ImageError:
                continue
            if not self.size:
                height, width = frame.pixels.shape[:2]
                self.size, self._first_ns = f'{width}x{height}', recorded.at_ns
            own_ns = recorded.at_ns - self._first_ns
            self._media_ns = own_ns if self._own_timestamps else self.end_ns
            return VideoFrame(self._media_ns, np.asarray(frame.pixels, np.uint8))
        if not self.size:
            raise CameraError(
                f'{self._recording.path} has no image that can be read. {self._recording.damage}'
            )
        return None

    def release(self) -> None:
        """Close the recording."""
        self._recording.close()


class BagCamera(VideoCamera):
    """Plays the images of a rosbag2, over and over; as with a video, no frame is left out.

    Args:
        source: the folder that `ros2 bag record` wrote, or a .db3 or .mcap file of it.
        rate: frames per second; 0 takes the times of recording.
        frame_id: of the frames.

    """

    name = 'bag'

    def __init__(self, *, source: str, rate: float, frame_id: str) -> None:
        super().__init__(source=source, rate=rate, frame_id=frame_id, opener=BagImages)
