"""`picosam track`: an object followed through a video."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picosam_ros.commands.arguments import (
    add_engine_arguments,
    add_prompt_arguments,
    engine_options,
    prompts_of,
)
from picosam_ros.commands.terminal import INTERRUPTED, Progress, catch_interrupt, paint
from picosam_ros.errors import CameraError
from picosam_ros.prompt import Prompt

if TYPE_CHECKING:
    from picosam_ros.cameras.video import VideoFile
    from picosam_ros.commands.media import VideoWriter
    from picosam_ros.engines import Engine
    from picosam_ros.frame import Frame
    from picosam_ros.results import Result

HELP = 'follow an object through a video'
DESCRIPTION = (
    'Follow objects through a video and write it with their masks drawn on it. The prompt is '
    'about the first frame. Ctrl-C ends it; what was written until then can be watched.'
)
EXAMPLE = 'picosam track video.mp4 --point 320,240 -o out.mp4'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument('video', metavar='VIDEO', type=Path, help='any file that FFmpeg reads')
    add_prompt_arguments(parser, several=True)
    add_engine_arguments(parser)
    parser.add_argument(
        '-o',
        dest='out',
        metavar='OUT',
        type=Path,
        required=True,
        help='the video to write; its name ends in .mp4, .mkv or .avi',
    )


def run(arguments: argparse.Namespace) -> int:
    """Follow, write and tell; 130 if the user ended it.

    Raises:
        CameraError: the video cannot be read, at all or from some frame on.
        ImageError: the other one cannot be written.
        PromptError: a prompt does not fit the first frame.

    """
    prompts = prompts_of(arguments)
    from picosam_ros.cameras.video import VideoFile
    from picosam_ros.commands.media import VideoWriter
    from picosam_ros.engines import open_engine

    clip = VideoFile(str(arguments.video))
    if arguments.out.exists() and arguments.out.samefile(arguments.video):
        raise CameraError(f'{arguments.out} is the video that is read; give another name with -o')
    with (
        VideoWriter(arguments.out, clip.rate) as film,
        open_engine(arguments.engine, **engine_options(arguments)) as engine,
        catch_interrupt() as told,
    ):
        journey = Journey(clip, film, engine, prompts)
        progress = Progress(clip.frame_count, 'frames', live=not arguments.json)
        for done in journey.follow():
            progress.show(done)
            if told.is_set():
                break
        progress.end()
        model = engine.description.get('model', '')
    clip.release()
    report = {
        'video': str(arguments.video),
        'out': str(arguments.out),
        'engine': engine.name,
        'model': model,
        **journey.report(progress.seconds),
    }
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        _tell(report)
    if journey.damage:
        raise CameraError(f'{journey.damage}; the frames before are in {arguments.out}')
    return INTERRUPTED if told.is_set() else 0


@dataclass
class Sighting:
    """What became of one object: frames that show it, and where and why it was lost."""

    frames: int = 0
    lost_at: int | None = None
    reason: str = ''


@dataclass
class Journey:
    """Objects on their way through a video.

    Attributes:
        clip, film: what is read and written.
        engine: opened by the caller.
        prompts: about the first frame.
        sightings: of the objects, by their id.
        damage: why the video broke off; empty if it did not.

    """

    clip: VideoFile
    film: VideoWriter
    engine: Engine
    prompts: Sequence[Prompt]
    sightings: dict[int, Sighting] = field(default_factory=dict)
    damage: str = ''

    def follow(self) -> Iterator[int]:
        """Go from frame to frame; yield how many are done."""
        from picosam_ros.drawing.overlay import draw
        from picosam_ros.segmenter import follow

        self.sightings = {prompt.object_id: Sighting() for prompt in self.prompts}
        try:
            for result in follow(self.engine, self.prompts, self._frames()):
                self._note(result)
                self.film.write(draw(result.frame.pixels, result.masks))
                yield self.film.frames
        except CameraError as error:
            if not self.film.frames:
                raise
            self.damage = str(error)

    def _frames(self) -> Iterator[Frame]:
        from picosam_ros.frame import Frame

        while (shot := self.clip.next()) is not None:
            yield Frame(shot.pixels, shot.media_ns)

    def report(self, seconds: float) -> dict[str, Any]:
        """Figures, `seconds` being how long it took."""
        return {
            'frames': self.film.frames,
            'seconds': round(seconds, 3),
            'frames_per_second': round(self.film.frames / seconds, 2),
            'times_real_time': round(self.film.frames / self.clip.rate / seconds, 2),
            'objects': [
                {
                    'id': object_id,
                    'frames': seen.frames,
                    'lost_at': seen.lost_at,
                    'reason': seen.reason,
                }
                for object_id, seen in self.sightings.items()
            ],
        }

    def _note(self, result: Result) -> None:
        for mask in result.masks:
            self.sightings[mask.prompt.object_id].frames += not mask.empty
        for answer in result.lost:
            seen = self.sightings[answer.object_id]
            seen.lost_at, seen.reason = self.film.frames, answer.reason


def _tell(report: dict[str, Any]) -> None:
    frames, rate = report['frames'], report['frames_per_second']
    speed = f'{rate:.1f} frames/s, {report["times_real_time"]:.1f} times real time'
    print(f'{paint(f"{frames} frames", "bold")}  {speed}')
    for seen in report['objects']:
        line = f'object {seen["id"]} in {seen["frames"]} of {frames}'
        if seen['lost_at'] is not None:
            line += paint(f', lost at frame {seen["lost_at"]}: {seen["reason"]}', 'yellow')
        print(line)
    print(paint(f'video in {report["out"]}', 'dim'))
