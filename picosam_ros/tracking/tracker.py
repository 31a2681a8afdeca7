"""The prompt follows the object: the mask of one frame says where to look in the next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.prompt import MIN_ROI_SIZE, Prompt
from picosam_ros.results import Correction, Unanswered
from picosam_ros.roi import Roi
from picosam_ros.tracking.observation import GRID, Observation, search
from picosam_ros.tracking.scene_cut import Scene
from picosam_ros.tracking.track import Limits, Track, bounded

# Share of the square's side for an object of known size: the rest is room to move.
OBJECT_SHARE = 0.6


@dataclass(frozen=True)
class Evaluation:
    """Which masks of one frame show their objects.

    Attributes:
        accepted: these show their objects.
        missing: the prompts of those that do not, and why; the track searches for the object.
        lost: the same of those whose tracks ended.

    """

    accepted: tuple[Mask, ...]
    missing: tuple[Unanswered, ...]
    lost: tuple[Unanswered, ...]


class Tracker:
    """Turns the user's prompts into those for the next frame, and learns from its masks.

    The first frame takes the user's prompt as it is. After that a prompt has the object's last
    mask, carried along with its texture, and the user's points; a network that takes neither gets
    a square. The same for every engine.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        # As they were in the frames of their last masks, and in the present one.
        self._tracks: dict[int, Track] = {}
        self._present: dict[int, Track] = {}
        # Of the last frame in which each was, or was missing, that showed one.
        self._scenes: dict[int, Scene] = {}
        self._to_learn: list[Callable[[], None]] = []

    def begin(self, frame: Frame, prompts: Collection[Prompt]) -> tuple[Unanswered, ...]:
        """Begin with the next frame of the film, and forget the objects that have no prompt.

        Returns:
            The prompts whose tracks end because of a cut: nothing of before is there.

        """
        self.learn()
        known = [prompt for prompt in prompts if self._track_of(prompt) is not None]
        cut = self._enter(Scene.of(frame), known)
        kept = {prompt.object_id for prompt in known if prompt not in cut}
        self._tracks = {key: track for key, track in self._tracks.items() if key in kept}
        self._present.clear()
        return tuple(Unanswered(prompt, 'the picture changed') for prompt in cut)

    def follows(self, prompt: Prompt) -> bool:
        """Whether its object had a mask, and is not lost since."""
        return self._track_of(prompt) is not None

    def predict(self, prompt: Prompt, frame: Frame) -> Prompt:
        """Return the prompt for a frame: the same object and generation, where it is there."""
        self.learn()
        track = self._track_of(prompt)
        if track is None:
            self._tracks.pop(prompt.object_id, None)
            self._present.pop(prompt.object_id, None)
            return prompt
        further, step = prompt.points[track.given :], prompt.size_step - track.stepped
        known = track.generation == prompt.generation
        track = track.carried_to(frame)
        if not known:
            track = track.refined(further, prompt)
        self._present[prompt.object_id] = track
        return replace(track.prompt(prompt), size_step=step)

    def evaluate(self, frame: Frame, masks: Sequence[Mask]) -> Evaluation:
        """Separate the masks that show their objects from the others; `learn` follows them."""
        self.learn()
        accepted, missing, lost = [], [], []
        for mask in masks:
            suspect = self._evaluate(frame, Observation.of(frame, mask))
            if suspect is None:
                accepted.append(mask)
            elif mask.prompt.object_id in self._tracks:
                missing.append(suspect)
            else:
                lost.append(suspect)
        return Evaluation(tuple(accepted), tuple(missing), tuple(lost))

    def correct(self, correction: Correction) -> None:
        """Begin a track anew from a better mask of an earlier frame, where that is now.

        It must look like the object, unless it answers the user's own prompt.
        """
        self._to_learn.append(lambda: self._correct(correction))

    def learn(self) -> None:
        """Follow the objects that were evaluated last; other methods do it at the latest."""
        follow, self._to_learn = self._to_learn, []
        for step in follow:
            step()

    def _enter(self, scene: Scene | None, known: Sequence[Prompt]) -> list[Prompt]:
        """Return the prompts of objects that are not in the scene; None is no scene."""
        ids = {prompt.object_id for prompt in known}
        before = {key: last for key, last in self._scenes.items() if key in ids}
        self._scenes = before if scene is None else dict.fromkeys(ids, scene)
        if scene is None:
            return []
        # Each by itself: one that was begun in an earlier frame has not seen those since.
        cut = {key for key, last in before.items() if scene.is_cut_from(last)}
        return [prompt for prompt in known if prompt.object_id in cut]

    def _track_of(self, prompt: Prompt) -> Track | None:
        """Return the track that a prompt continues, or adds to."""
        track = self._tracks.get(prompt.object_id)
        return track if track is not None and prompt.continues(track.generation) else None

    def _evaluate(self, frame: Frame, observation: Observation) -> Unanswered | None:
        prompt = observation.mask.prompt
        track = self._present.get(prompt.object_id)
        if track is None:
            if observation.depth.any():
                self._begin(frame, Track.begin(observation), observation)
            return None
        if self._is_corrected(prompt) and observation.depth.any():
            # What it looks like is the user's word.
            begun = replace(Track.begin(observation), given=track.given, stepped=track.stepped)
            self._begin(frame, begun, observation)
            return None
        reason = self._suspicion(track, observation)
        if not reason:
            self._follow(track, frame, observation)
            return None
        return self._search(track, frame, Unanswered(prompt, reason))

    def _is_corrected(self, prompt: Prompt) -> bool:
        """Whether the user added to the object's prompt since its last mask."""
        last = self._tracks.get(prompt.object_id)
        return last is not None and last.generation != prompt.generation

    def _begin(self, frame: Frame, track: Track, observation: Observation) -> None:
        key = observation.mask.prompt.object_id
        self._tracks[key] = track
        if key not in self._present and (scene := Scene.of(frame)):
            self._scenes[key] = scene
        self._to_learn.append(lambda: self._put(key, track, track.with_texture(observation, frame)))

    def _follow(self, track: Track, frame: Frame, observation: Observation) -> None:
        key = observation.mask.prompt.object_id
        self._tracks[key] = track
        self._to_learn.append(
            lambda: self._put(key, track, track.followed(observation, frame, self.limits))
        )

    def _search(self, track: Track, frame: Frame, suspect: Unanswered) -> Unanswered:
        key = suspect.prompt.object_id
        missing = replace(track, missing=track.missing + 1, texture=None)
        if missing.missing > self.limits.patience:
            del self._tracks[key]
            reason = f'not seen for {missing.missing} frames: {suspect.reason}'
            return replace(suspect, reason=reason)
        self._tracks[key] = missing
        self._to_learn.append(lambda: self._put(key, missing, self._searched(missing, frame)))
        return suspect

    def _put(self, key: int, before: Track, after: Track) -> None:
        """Put a track in the place of what it was, if that is still there."""
        if self._tracks.get(key) is before:
            self._tracks[key] = after

    def _correct(self, correction: Correction) -> None:
        mask = correction.mask
        if mask.box is None:
            return
        track = self._tracks.get(mask.prompt.object_id)
        side = max(round(mask.box.long_side / OBJECT_SHARE), MIN_ROI_SIZE)
        roi = Roi.square(*mask.box.centre, side)
        boxed = replace(mask.prompt, box=mask.box, square=roi)
        cut = replace(mask.within(roi, 2 * GRID), prompt=boxed)
        observation = Observation.of(correction.frame, cut)
        if not observation.depth.any():
            return
        if correction.by_user or track is None or not self._suspicion(track, observation):
            begun = Track.begin(observation).moved(correction.since)
            if track is not None:
                # The correction may answer a part of the user's prompt, or none of it.
                begun = replace(begun, given=track.given, stepped=track.stepped)
            place = begun.x, begun.y, bounded(begun.side, mask)
            self._tracks[boxed.object_id] = replace(begun, side=place[2], last_seen=place)

    def _suspicion(self, track: Track, observation: Observation) -> str:
        """Return why the mask is suspect; empty if it is accepted."""
        if not observation.depth.any():
            return 'the network sees nothing there'
        if observation.mask.score < self.limits.score:
            return f'the score fell to {observation.mask.score:.2f}'
        likeness = track.appearance.likeness(observation.colours, observation.depth)
        if likeness < self.limits.likeness:
            return f'what is there looks different (likeness {likeness:.2f})'
        return ''

    def _searched(self, track: Track, frame: Frame) -> Track:
        """Alternate between where it was seen last, wider and wider, and where its colours are.

        The former first: what blinks for one frame is there again in the next.
        """
        x, y, side = track.last_seen
        if not track.missing % 2 and (found := search(frame.pixels, track.appearance, track.size)):
            return track.placed(*found, side)
        widened = side * self.limits.widen**track.missing
        return track.placed(x, y, min(widened, side * self.limits.widest))
