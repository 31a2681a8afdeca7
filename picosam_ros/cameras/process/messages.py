"""What a process and the child that runs its camera say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from picosam_ros.cameras.picamera.imx500 import SensorRecord
from picosam_ros.cameras.show import Choice
from picosam_ros.frame import Frame


@dataclass(frozen=True)
class Next:
    """Process to child, on the connection of the frames: send the next frame.

    Attributes:
        choice: of the scenes, see Show; None for a camera without a show.

    """

    choice: Choice | None = None


@dataclass(frozen=True)
class Order:
    """The first message to a child: which camera it runs.

    Attributes:
        module, factory: of the camera's class.
        options: of the camera.

    """

    module: str
    factory: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What a child tells of its camera, with each of its messages.

    Attributes:
        description, warning: see PicameraCamera.
        record: see Imx500Camera; None for other cameras.

    """

    description: dict[str, str]
    warning: str
    record: SensorRecord | None


@dataclass(frozen=True)
class Connected:
    """The camera was found and configured, and its start begins."""

    report: Report


@dataclass(frozen=True)
class Started:
    """The start has ended."""

    report: Report


@dataclass(frozen=True, eq=False)
class Captured:
    """The next frame; its pixels are in the shared memory.

    Attributes:
        frame: with an image of no pixels.
        shape: of the image in the shared memory.

    """

    frame: Frame
    shape: tuple[int, ...]
    report: Report


@dataclass(frozen=True)
class Failed:
    """The camera, or the call, failed; after a failure of the camera the child ends.

    Attributes:
        text: one sentence.
        retry_s: see CameraError.
        report: None for a call.

    """

    text: str
    retry_s: float = 0.0
    report: Report | None = None
