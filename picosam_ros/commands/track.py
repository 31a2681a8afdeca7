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
    from picosam_ros.commands.mask_writer import MaskWriter
    from picosam_ros.commands.video_writer import VideoWriter
    from picosam_ros.engines import Engine
    from picosam_ros.frame import Frame
    from picosam_ros.results import Result

HELP = 'follow an object through a video'
DESCRIPTION = (
    'Follow objects through a video and write it with their masks drawn on it. The prompt is '
    'about the first frame. Ctrl-C ends it; the video up to then is complete.'
)
EXAMPLE = 'picosam track video.mp4 --point 320,240 -o out.mp4'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument('video', metavar='VIDEO', type=Path, help='any file that FFmpeg reads')
    add_prompt_arguments(parser, several=True)
    add_engine_arguments(parser)
    parser.add_argument(
        '-o',
        dest='out',
        metavar='OUT',
        type=Path,
        required=True,
        help='the video to write, with the suffix .mp4, .mkv or .avi; the first two in H.264, '
        'which browsers play, where PyAV (pip install av) is installed',
    )
    parser.add_argument(
        '--masks',
        dest='mask',
        metavar='OUT',
        type=Path,
        help='write the masks, too: to a new folder as PNG files of object ids, to a .json file as '
        'COCO instances, or to a .txt file as MOTS, with class 1',
    )


def run(arguments: argparse.Namespace) -> int:
    """Follow the objects and print a summary; return 130 if interrupted.

    Raises:
        CameraError: the video cannot be read, at all or from some frame on.
        ImageError, OutputError: the output video, or the masks, cannot be written.
        PromptError: a prompt does not fit the first frame.

    """
    prompts = prompts_of(arguments)
    from picosam_ros.cameras.video import VideoFile
    from picosam_ros.commands.mask_writer import open_mask_writer
    from picosam_ros.commands.video_writer import VideoWriter
    from picosam_ros.engines import open_engine

    video = VideoFile(str(arguments.video))
    with (
        VideoWriter(arguments.out, video.rate) as out,
        open_engine(arguments.engine, **engine_options(arguments)) as engine,
        catch_interrupt() as interrupted,
    ):
        masks = open_mask_writer(arguments.mask) if arguments.mask else None
        follower = VideoFollower(video, out, engine, prompts, masks)
        progress = Progress(video.frame_count, 'frames', live=not arguments.json)
        for done in follower.follow():
            progress.show(done)
            if interrupted.is_set():
                break
        progress.end()
        if masks is not None:
            masks.close()
        model = engine.description.get('model', '')
    video.release()
    report = {
        'video': str(arguments.video),
        'out': str(arguments.out),
        'masks': str(arguments.mask or ''),
        'engine': engine.name,
        'model': model,
        **follower.report(progress.seconds),
    }
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        _print_summary(report)
    if follower.damage:
        raise CameraError(f'{follower.damage}; the frames before are in {arguments.out}')
    return INTERRUPTED if interrupted.is_set() else 0


@dataclass
class ObjectSummary:
    """Number of frames that show an object, and where and why it was lost."""

    frames: int = 0
    lost_at: int | None = None
    reason: str = ''


@dataclass
class VideoFollower:
    """Follows objects through a video and writes their masks.

    Attributes:
        video, out: the videos that are read and written.
        engine: opened by the caller.
        prompts: prompts for the first frame.
        masks: takes the masks, if they are wanted.
        objects: summaries by object id.
        damage: why reading ended early; empty if it did not.

    """

    video: VideoFile
    out: VideoWriter
    engine: Engine
    prompts: Sequence[Prompt]
    masks: MaskWriter | None = None
    objects: dict[int, ObjectSummary] = field(default_factory=dict)
    damage: str = ''

    def follow(self) -> Iterator[int]:
        """Process frame by frame; yield the number of frames so far."""
        from picosam_ros.drawing.overlay import draw
        from picosam_ros.segmenter import follow

        self.objects = {prompt.object_id: ObjectSummary() for prompt in self.prompts}
        try:
            for result in follow(self.engine, self.prompts, self._frames()):
                self._note(result)
                if self.masks is not None:
                    height, width = result.frame.pixels.shape[:2]
                    self.masks.write(self.out.frames, result.masks, width, height)
                self.out.write(draw(result.frame.pixels, result.masks))
                yield self.out.frames
        except CameraError as error:
            if not self.out.frames:
                raise
            self.damage = str(error)

    def _frames(self) -> Iterator[Frame]:
        from picosam_ros.frame import Frame

        while (captured := self.video.next()) is not None:
            yield Frame(captured.pixels, captured.media_ns)

    def report(self, seconds: float) -> dict[str, Any]:
        """Return a summary, ready for JSON; `seconds` is the time that it took."""
        return {
            'codec': self.out.codec,
            'frames': self.out.frames,
            'skipped': self.video.skipped,
            'notes': self.out.notes,
            'seconds': round(seconds, 3),
            'frames_per_second': round(self.out.frames / seconds, 2),
            'times_real_time': round(self.out.frames / self.video.rate / seconds, 2),
            'objects': [
                {
                    'id': object_id,
                    'frames': seen.frames,
                    'lost_at': seen.lost_at,
                    'reason': seen.reason,
                }
                for object_id, seen in self.objects.items()
            ],
        }

    def _note(self, result: Result) -> None:
        for mask in result.masks:
            self.objects[mask.prompt.object_id].frames += not mask.empty
        for answer in result.lost:
            seen = self.objects[answer.object_id]
            seen.lost_at, seen.reason = self.out.frames, answer.reason


def _print_summary(report: dict[str, Any]) -> None:
    frames, rate = report['frames'], report['frames_per_second']
    speed = f'{rate:.1f} frames/s, {report["times_real_time"]:.1f} times real time'
    print(f'{paint(f"{frames} frames", "bold")}  {speed}')
    for seen in report['objects']:
        line = f'object {seen["id"]} in {seen["frames"]} of {frames}'
        if seen['lost_at'] is not None:
            line += paint(f', lost at frame {seen["lost_at"]}: {seen["reason"]}', 'yellow')
        print(line)
    if report['skipped']:
        print(paint(f'{report["skipped"]} broken frames of the input were skipped', 'yellow'))
    for note in report['notes']:
        print(paint(note, 'yellow'))
    print(paint(f'video ({report["codec"]}) in {report["out"]}', 'dim'))
    if report['masks']:
        print(paint(f'masks in {report["masks"]}', 'dim'))
