"""PicoSAM2 inside the image sensor: the ROI is the prompt, and there is one ROI at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from picosam_ros.engines.base import Capabilities, Engine, RoiPlacer
from picosam_ros.engines.squares import square_for
from picosam_ros.errors import CameraError, EngineError
from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask, stability
from picosam_ros.prompt import Prompt
from picosam_ros.results import Segmentation, Unanswered
from picosam_ros.roi import Roi
from picosam_ros.specks import without_specks

# Frames without a tensor after which the ROI goes to the next prompt.
MAX_WAIT = 15

# Moving the ROI costs the frames in flight, so it stays while its edges are off by less than this
# share of its side.
DEAD_BAND = 0.12


@dataclass(frozen=True)
class PlacedRoi:
    """The ROI of the sensor, and the prompt that it serves.

    Attributes:
        object_id, generation: of the prompt.
        square: what was requested, in image pixels.
        ticket: of the request.

    """

    object_id: int
    generation: int
    square: Roi
    ticket: int


class InSensorEngine(Engine):
    """Reads the tensor that came with the frame, and places the ROI for the next ones.

    Several prompts take turns: new ones first, then the one that has waited longest. A turn ends
    with its first mask, or without one after MAX_WAIT frames. Several positive points span one
    square; a negative one would need an ROI of its own, on another frame, and is refused.

    Args:
        sensor: the camera.

    """

    name = 'in_sensor'
    capabilities = Capabilities(negative_points=False, boxes=True, boxes_with_points=False)

    def __init__(self, *, sensor: RoiPlacer) -> None:
        self._sensor = sensor
        self._placed: PlacedRoi | None = None
        self._waited = 0
        self._frame = 0
        # By prompt: the frame with which its last turn ended.
        self._last_turns: dict[tuple[int, int], int] = {}
        self._sensor_error = ''

    @property
    def description(self) -> dict[str, str]:
        """Where the network runs."""
        return {'network': 'in the sensor'}

    @property
    def warning(self) -> str:
        """Why the sensor refused the last ROI; empty if it did not."""
        return self._sensor_error

    def open(self) -> None:
        """Do nothing: the camera uploads the network."""

    def close(self) -> None:
        """Forget the turns of the prompts."""
        self._placed = None
        self._last_turns.clear()

    def segment_frame(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer the prompt whose turn it is, if its tensor came with this frame.

        An image of another source is not answered, and moves no ROI.
        """
        if not frame.from_sensor:
            reason = 'this image does not come from the sensor'
            return Segmentation((), tuple(Unanswered(prompt, reason) for prompt in prompts))
        self._frame += 1
        answered = self._read(frame, prompts)
        self._schedule(frame, prompts, answered=answered is not None)
        unanswered = tuple(
            Unanswered(prompt, self._reason(frame, prompt))
            for prompt in prompts
            if answered is None or prompt is not answered.prompt
        )
        return Segmentation((answered,) if answered else (), unanswered, _timing(frame))

    def _read(self, frame: Frame, prompts: Sequence[Prompt]) -> Mask | None:
        placed, output = self._placed, frame.sensor_output
        if placed is None or output is None or output.ticket != placed.ticket:
            return None
        for prompt in prompts:
            if _key(prompt) == (placed.object_id, placed.generation):
                self._last_turns[_key(prompt)] = self._frame
                size = frame.width, frame.height
                score = stability(output.logits)
                mask = Mask(prompt, output.logits, output.roi, *size, self.name, score)
                return without_specks(mask)
        return None

    def _schedule(self, frame: Frame, prompts: Sequence[Prompt], *, answered: bool) -> None:
        self._forget(prompts)
        if not prompts:
            self._placed = None
            return
        self._waited = 0 if answered else self._waited + 1
        current = self._current(prompts)
        timed_out = self._waited > MAX_WAIT
        if timed_out and current is not None:
            self._last_turns[_key(current)] = self._frame
        if current is None or answered or timed_out:
            # Not for a move: an object that never rests must not keep its turn.
            self._waited = 0
            # No turn yet, or the one longest ago, comes first; ties go in the prompts' order.
            chosen = min(prompts, key=lambda p: self._last_turns.get(_key(p), 0))
        else:
            chosen = current
        square = square_for(chosen, frame.width, frame.height)
        if timed_out or chosen is not current or not self._is_placed_near(square):
            self._place(chosen, square)

    def _is_placed_near(self, square: Roi) -> bool:
        return self._placed is not None and _near(self._placed.square, square)

    def _place(self, prompt: Prompt, square: Roi) -> None:
        try:
            ticket = self._sensor.look_at(square)
        except CameraError as error:
            self._sensor_error = str(error)
            self._placed = None
            return
        self._sensor_error = ''
        self._placed = PlacedRoi(prompt.object_id, prompt.generation, square, ticket)

    def _current(self, prompts: Sequence[Prompt]) -> Prompt | None:
        if self._placed is None:
            return None
        key = self._placed.object_id, self._placed.generation
        return next((prompt for prompt in prompts if _key(prompt) == key), None)

    def _forget(self, prompts: Sequence[Prompt]) -> None:
        keys = {_key(prompt) for prompt in prompts}
        self._last_turns = {key: frame for key, frame in self._last_turns.items() if key in keys}

    def _reason(self, frame: Frame, prompt: Prompt) -> str:
        if self._sensor_error:
            return self._sensor_error
        if self._placed is None or _key(prompt) != (
            self._placed.object_id,
            self._placed.generation,
        ):
            return 'waits for its turn: the sensor has one ROI'
        return frame.no_output or 'the ROI has just been placed'


def _key(prompt: Prompt) -> tuple[int, int]:
    return prompt.object_id, prompt.generation


def _near(a: Roi, b: Roi) -> bool:
    allowed = DEAD_BAND * max(a.width, b.width)
    edges = (a.x - b.x, a.y - b.y, a.x + a.width - b.x - b.width, a.y + a.height - b.y - b.height)
    return all(abs(edge) <= allowed for edge in edges)


def _timing(frame: Frame) -> Timing:
    output = frame.sensor_output
    if output is None:
        return Timing()
    return Timing(exposure=frame.exposure_ms, dnn=output.dnn_ms, dsp=output.dsp_ms, decode=0)


def in_sensor(*, sensor: RoiPlacer | None = None) -> Engine:
    """Return the engine of the sensor; raise EngineError if the camera has none."""
    if sensor is None:
        raise EngineError(
            "engine 'in_sensor' was given, but no network runs in the sensor of this camera; "
            'use camera imx500 (simulate:=true needs no hardware) or engine host'
        )
    return InSensorEngine(sensor=sensor)
