"""What the simulated sensor sees, computes and how fast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from picosam_ros.errors import CameraError
from picosam_ros.frame import Logits, Pixels
from picosam_ros.models import SENSOR_MODEL
from picosam_ros.simulation.clock import Clock, SteadyClock
from picosam_ros.simulation.faults import Faults

SceneFunction = Callable[[int], Pixels]
NetworkFunction = Callable[[Pixels], Logits]


@dataclass(frozen=True, eq=False)
class Settings:
    """How a Simulation is made. All times are nominal: `speed` divides every one of them.

    Attributes:
        scene: what the sensor sees, stretched over all of it: an H×W×3 uint8 RGB image, a function
            from the frame's number to one, or a camera of picosam_ros.cameras.
        model: of models.yaml or a path; what is run where the network file is an .rpk, which
            only the sensor can run.
        network: takes the place of the model: a function from h×w×3 uint8 RGB to h×w float32
            logits.
        replay: takes the place of the network: recorded h×w logits, one frame after another,
            from the first again at the end. No inference runs.
        input_size: width and height of the network's input in pixels.
        threads: of the model's inference; 1 leaves the other cores alone.
        exposure_ms: of every frame.
        isp_ms: from the end of the readout to the completed request.
        dnn_ms, dsp_ms: what CnnKpiInfo tells; they fit into the readout of a frame. The only
            times that `speed` does not change.
        stamp_ms: SensorTimestamp lies that long after the start of the exposure. libcamera's
            documentation puts it at the start (0); Raspberry Pi's receivers take it when the
            frame's first bytes arrive, which is the end of the exposure, and picamera2's `flush`
            reckons with that.
        speed: 20 is a sensor that runs twenty times as fast, on the true clock.
        clock: SteppedClock() for tests without any waiting.
        faults: what goes wrong.

    """

    scene: Any
    model: str = SENSOR_MODEL
    network: NetworkFunction | None = None
    replay: Sequence[Logits] = ()
    input_size: tuple[int, int] = (96, 96)
    threads: int = 1
    exposure_ms: float = 10.0
    isp_ms: float = 5.0
    dnn_ms: float = 14.3
    dsp_ms: float = 0.4
    stamp_ms: float = 0.0
    speed: float = 1.0
    clock: Clock = field(default_factory=SteadyClock)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        if not 0 < self.speed < float('inf'):
            raise CameraError(f'speed {self.speed} was given; allowed is any above 0')

    def duration_ns(self, milliseconds: float) -> int:
        """A nominal time as it passes on the clock."""
        return round(milliseconds * 1e6 / self.speed)
