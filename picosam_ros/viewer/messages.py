"""The messages that browsers are sent; docs/viewer.md has them as a table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from picosam_ros.drawing.overlay import PALETTE
from picosam_ros.results import Answer
from picosam_ros.stages import TABLE
from picosam_ros.viewer.frames import ImageMasks
from picosam_ros.viewer.pictures import LARGEST_FILE, Shown

VERSION = 1


@dataclass(frozen=True)
class Component:
    """One status of `/diagnostics`; `level` is 0 ok, 1 warn, 2 error, 3 stale."""

    name: str
    level: int
    message: str
    values: Mapping[str, str]


def hello(name: str, *, title: str, prompt_topic: str, camera: str, recording: str) -> str:
    """Return the first message: the node's name, the colours of objects by id, and the stages.

    `prompt_topic` is where prompts are published, and `camera` the node's full name; both are empty
    without ROS. `recording` is the command that installs what a recording of the last seconds
    needs; empty where it is there.
    """
    return _text(
        'hello',
        version=VERSION,
        node=name,
        title=title,
        palette=PALETTE,
        stages=[asdict(stage) for stage in TABLE],
        prompt_topic=prompt_topic,
        camera=camera,
        recording=recording,
    )


def cameras(there: Mapping[str, bool]) -> str:
    """Return the cameras that can be chosen, and whether each is there now."""
    return _text('cameras', cameras=[{'name': name, 'there': is_} for name, is_ in there.items()])


def scenes(*, several: bool) -> str:
    """Return whether the camera has several scenes, so that the page can ask for the next one."""
    return _text('scenes', several=several)


def picture(shown: Shown) -> str:
    """Return what is shown, and whether the page may send pictures, of up to so many bytes."""
    return _text(
        'picture',
        offered=shown.offered,
        name=shown.name,
        camera=shown.camera,
        largest=LARGEST_FILE,
    )


def answer(reply: Answer, tag: int | None) -> str:
    """Return the answer to a prompt; `tag` for its sender, None for the other pages."""
    return _text(
        'answer',
        tag=tag,
        object=reply.object_id,
        state=reply.state.name.lower(),
        generation=reply.generation,
        reason=reply.reason,
    )


def notice(text: str, tag: int | None = None) -> str:
    """Return a text for the user, about the prompt with the tag if one is given."""
    return _text('notice', tag=tag, text=text)


def preview(tag: int, masks: ImageMasks, reason: str = '') -> str:
    """Return the masks that were asked for; `reason` why there are none, empty if there are."""
    return _text(
        'preview',
        tag=tag,
        stamp=str(masks.stamp_ns),
        masks=masks.described(),
        unanswered=[{'object': i, 'reason': why} for i, why in masks.unanswered],
        asked=masks.asked,
        planned=masks.planned,
        reason=reason,
    )


def late(masks: ImageMasks) -> str:
    """Return masks that came after their image was sent."""
    return _text('late', stamp=str(masks.stamp_ns), masks=masks.described())


def gone(number: int) -> str:
    """Return that a frame is not to be had at full size."""
    return _text('gone', number=number)


def statistics(stages: Mapping[str, float], *, rate: float, skipped: float) -> str:
    """Return means of the stages in milliseconds, and results and skipped images per second."""
    rounded = {stage: round(value, 3) for stage, value in stages.items()}
    return _text('statistics', stages=rounded, rate=round(rate, 2), skipped=round(skipped, 2))


def diagnostics(components: list[Component]) -> str:
    """Return the status of every component."""
    statuses = [
        {'name': c.name, 'level': c.level, 'message': c.message, 'values': dict(c.values)}
        for c in components
    ]
    return _text('diagnostics', components=statuses)


def link(*, round_trip_s: float, side: int, quality: int, clients: int) -> str:
    """Return the state of a page's connection; NaN before the first round trip."""
    round_trip_ms = None if math.isnan(round_trip_s) else round(1e3 * round_trip_s, 1)
    return _text('link', round_trip_ms=round_trip_ms, side=side, quality=quality, clients=clients)


def _text(kind: str, **content: Any) -> str:
    return json.dumps({'type': kind, **content}, separators=(',', ':'), ensure_ascii=False)
