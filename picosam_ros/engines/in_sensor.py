"""PicoSAM2 inside the image sensor: the ROI is the prompt, and there is one ROI at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from picosam_ros.engines.base import Capabilities, EngineContext, RoiPlacer
from picosam_ros.engines.squares import square_for
from picosam_ros.errors import CameraError
from picosam_ros.frame import Frame
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask, stability
from picosam_ros.prompt import Prompt
from picosam_ros.results import Segmentation, Unanswered
from picosam_ros.roi import Roi

# A turn that brings no tensor for so many frames is passed on.
PATIENCE = 15

# Moving the ROI costs the frames in flight, so it stays while what is wanted differs by less
# than this share of its side.
DEAD_BAND = 0.12


@dataclass(frozen=True)
class Turn:
    """The ROI is placed for this prompt."""

    object_id: int
    generation: int
    wanted: Roi
    ticket: int


class InSensorEngine(EngineContext):
    """Reads the tensor that came with the frame, and tells the sensor where to look next.

    Several prompts take turns: who had none yet comes first, then who waited longest. A turn ends
    with its first mask, or without one after PATIENCE frames. Several positive points span one
    square; a negative one would need a look of its own, at another frame, and is refused.

    Args:
        sensor: the camera.

    """

    name = 'in_sensor'
    capabilities = Capabilities(negative_points=False, boxes=True, boxes_with_points=False)

    def __init__(self, *, sensor: RoiPlacer) -> None:
        self._sensor = sensor
        self._turn: Turn | None = None
        self._waited = 0
        self._frame = 0
        # The frame with which the last turn of each prompt ended.
        self._served: dict[tuple[int, int], int] = {}
        self._refusal = ''

    @property
    def description(self) -> dict[str, str]:
        """Where the network runs."""
        return {'network': 'in the sensor'}

    @property
    def warning(self) -> str:
        """What the sensor refused last; empty if nothing."""
        return self._refusal

    def open(self) -> None:
        """Nothing to load: the camera uploads the network."""

    def close(self) -> None:
        """Forget whose turn it was."""
        self._turn = None
        self._served.clear()

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> Segmentation:
        """Answer the prompt whose turn it is, if its tensor came with this frame.

        An image of another source is nothing to the sensor, and moves no ROI.
        """
        if not frame.from_sensor:
            why = 'this image does not come from the sensor'
            return Segmentation((), tuple(Unanswered(prompt, why) for prompt in prompts))
        self._frame += 1
        answered = self._read(frame, prompts)
        self._schedule(frame, prompts, done=answered is not None)
        unanswered = tuple(
            Unanswered(prompt, self._reason(frame, prompt))
            for prompt in prompts
            if answered is None or prompt is not answered.prompt
        )
        return Segmentation((answered,) if answered else (), unanswered, _timing(frame))

    def _read(self, frame: Frame, prompts: Sequence[Prompt]) -> Mask | None:
        turn, output = self._turn, frame.sensor_output
        if turn is None or output is None or output.ticket != turn.ticket:
            return None
        for prompt in prompts:
            if _key(prompt) == (turn.object_id, turn.generation):
                self._served[_key(prompt)] = self._frame
                return Mask(
                    prompt,
                    output.logits,
                    output.roi,
                    frame.width,
                    frame.height,
                    self.name,
                    stability(output.logits),
                )
        return None

    def _schedule(self, frame: Frame, prompts: Sequence[Prompt], *, done: bool) -> None:
        self._forget(prompts)
        if not prompts:
            self._turn = None
            return
        self._waited = 0 if done else self._waited + 1
        current = self._current(prompts)
        stuck = self._waited > PATIENCE
        if stuck and current is not None:
            self._served[_key(current)] = self._frame
        over = current is None or done or stuck
        # No turn yet, or the one longest ago, comes first; ties go in the prompts' order.
        following = min(prompts, key=lambda p: self._served.get(_key(p), 0))
        chosen = following if over else current
        assert chosen is not None
        wanted = square_for(chosen, frame.width, frame.height)
        stays = chosen is current and self._turn is not None and _near(self._turn.wanted, wanted)
        if over:
            # Not for a move: an object that never rests must not keep its turn.
            self._waited = 0
        if not stays or stuck:
            self._look(chosen, wanted)

    def _look(self, prompt: Prompt, wanted: Roi) -> None:
        try:
            ticket = self._sensor.look_at(wanted)
        except CameraError as error:
            self._refusal = str(error)
            self._turn = None
            return
        self._refusal = ''
        self._turn = Turn(prompt.object_id, prompt.generation, wanted, ticket)

    def _current(self, prompts: Sequence[Prompt]) -> Prompt | None:
        if self._turn is None:
            return None
        key = self._turn.object_id, self._turn.generation
        return next((prompt for prompt in prompts if _key(prompt) == key), None)

    def _forget(self, prompts: Sequence[Prompt]) -> None:
        keys = {_key(prompt) for prompt in prompts}
        self._served = {key: at for key, at in self._served.items() if key in keys}

    def _reason(self, frame: Frame, prompt: Prompt) -> str:
        if self._refusal:
            return self._refusal
        if self._turn is None or _key(prompt) != (self._turn.object_id, self._turn.generation):
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
