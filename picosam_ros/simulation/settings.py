"""What the simulated sensor sees, what it computes, how fast, and what goes wrong with it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from picosam_ros.errors import CameraError
from picosam_ros.frame import Logits, Pixels
from picosam_ros.models import SENSOR_MODEL
from picosam_ros.simulation.chip import Chip
from picosam_ros.simulation.clock import Clock, SteadyClock

SceneFunction = Callable[[int], Pixels]
NetworkFunction = Callable[[Pixels], Logits]

NEVER = -1


@dataclass(frozen=True)
class Faults:
    """All that can be made to fail. Without arguments nothing does, but logits are int8.

    Attributes:
        missing: share of frames, 0 to 1, whose tensor is missing.
        tensor_every: only every n-th frame has a tensor (2: every second one).
        late: frames by which a tensor is late: it comes with the metadata of a later image.
        unreadable: share of tensors, 0 to 1, whose CnnOutputTensorInfo has another length than the
            reader knows, so that `get_outputs` raises ValueError: so picamera2 up to 0.3.31 does
            with a libcamera that counts frames (raspberrypi/libcamera#303).
        roi_lag: frames that the sensor still exposes with the old ROI after a new one was set,
            besides those that it has exposed already.
        refuse_roi: share of calls, 0 to 1, in which the driver refuses the ROI: the call prints
            that and returns.
        int8: logits are quantised to int8 with a scale of 1/8, as the sensor does.
        start_s: seconds that `start` blocks while a network is uploaded that is not cached.
        restart_s: seconds that it blocks for one that is.
        failing_starts: that many first starts raise an I/O error; the starts are counted over
            all processes.
        lost_starts: that many first starts, failed ones among them, give a stream of images
            without any tensor: the sensor was powered off and lost its network
            (raspberrypi/linux#7323).
        lose_network_after: frames of each stream after which no more tensors come, though images
            do; 0 for none at all, −1 for never.
        stop_after: frames after which a stream that was started falls silent; a new start
            works. −1 for never.
        timeout_at: number of the frame at which the receiver of the Raspberry Pi times out,
            counted from 0 over all streams: no more frames come, nothing is raised, and starts
            fail with an I/O error for `timeout_s`. −1 for never. The device stays listed.
        timeout_s: seconds from then on in which starts fail.
        seed: of every share above.

    Raises:
        CameraError: a share, a number of frames or a time is out of range.

    """

    missing: float = 0.0
    tensor_every: int = 1
    late: int = 0
    unreadable: float = 0.0
    roi_lag: int = 0
    refuse_roi: float = 0.0
    int8: bool = True
    start_s: float = 0.0
    restart_s: float = 0.0
    failing_starts: int = 0
    lost_starts: int = 0
    lose_network_after: int = NEVER
    stop_after: int = NEVER
    timeout_at: int = NEVER
    timeout_s: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ('missing', 'unreadable', 'refuse_roi'):
            self._check(name, 0, 1)
        for name in ('late', 'roi_lag', 'failing_starts', 'lost_starts'):
            self._check(name, 0)
        for name in ('start_s', 'restart_s', 'timeout_s'):
            self._check(name, 0)
        for name in ('lose_network_after', 'stop_after', 'timeout_at'):
            self._check(name, NEVER)
        self._check('tensor_every', 1)

    @classmethod
    def parse(cls, text: str) -> Faults:
        """Read 'missing=0.3,roi_lag=2'; an empty text is no fault.

        Raises:
            CameraError: a name that is not known, or a value that does not fit.

        """
        values: dict[str, Any] = {}
        for part in filter(None, (part.strip() for part in text.split(','))):
            name, _, value = (piece.strip() for piece in part.partition('='))
            values[name] = _value(name, value)
        return cls(**values)

    def strikes(self, fault: str, share: float, count: int) -> bool:
        """Return whether the fault happens the `count`-th time; independent of all others."""
        return random.Random(f'{self.seed} {fault} {count}').random() < share

    def _check(self, name: str, low: float, high: float = float('inf')) -> None:
        value = getattr(self, name)
        if not low <= value <= high:
            limit = f'{low} to {high}' if high < float('inf') else f'{low} and more'
            raise CameraError(f'fault {name}={value} was given; allowed is {limit}')


KINDS: dict[str, Any] = {field.name: type(field.default) for field in fields(Faults)}
WORDS = {'true': True, 'on': True, '1': True, 'false': False, 'off': False, '0': False}


def _value(name: str, text: str) -> Any:
    if name not in KINDS:
        raise CameraError(f'fault {name!r} was given; known are {", ".join(KINDS)}')
    kind = KINDS[name]
    try:
        return WORDS[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError) as error:
        wanted = 'true or false' if kind is bool else f'a number ({kind.__name__})'
        raise CameraError(f'fault {name}={text} was given; it needs {wanted}') from error


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
        dnn_ms, dsp_ms: the values of CnnKpiInfo; they fit into the readout of a frame. The only
            times that `speed` does not change.
        speed: 20 is a sensor that runs twenty times as fast, on the true clock.
        clock: SteppedClock() for tests without any waiting.
        faults: what goes wrong.
        chip: the sensor itself. A simulation with the same one, in this process or another, goes
            on where the former ended; none takes a new one.

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
    speed: float = 1.0
    clock: Clock = field(default_factory=SteadyClock)
    faults: Faults = field(default_factory=Faults)
    chip: Chip = field(default_factory=Chip.create)

    def __post_init__(self) -> None:
        if not 0 < self.speed < float('inf'):
            raise CameraError(f'speed {self.speed} was given; allowed is any above 0')

    def duration_ns(self, milliseconds: float) -> int:
        """Return a nominal time as it passes on the clock."""
        return round(milliseconds * 1e6 / self.speed)
