"""What the page is sent, as JSON has it; docs/review.md has it as a table."""

from __future__ import annotations

from typing import Any

from picosam_ros.drawing.overlay import PALETTE
from picosam_ros.label_pages.outlines import outline_of
from picosam_ros.labelling.labelled import Label
from picosam_ros.review.queue import Queue


def everything(queue: Queue, title: str, advice: str) -> dict[str, Any]:
    """Return all that does not change, and the answers that there are.

    An image is the place of its recording's name in `recordings`, and its number.
    """
    names = list(dict.fromkeys(one.recording for one in queue.doubted))
    places = {name: place for place, name in enumerate(names)}
    return {
        'title': title,
        'advice': advice,
        'palette': PALETTE,
        'recordings': names,
        'images': [[places[one.recording], one.image.number] for one in queue.doubted],
        **changes(queue, 0),
    }


def changes(queue: Queue, since: int) -> dict[str, Any]:
    """Return the answers that changed after `since` changes, by place, and the last step."""
    return {
        'changes': queue.changes,
        'last_step': queue.last_step,
        'answers': list(queue.answers(since).items()),
    }


def image(queue: Queue, place: int) -> dict[str, Any]:
    """Return an image's labels and doubts."""
    labelled, found = queue.labelled(place), queue.doubted[place].image
    return {
        'width': labelled.width,
        'height': labelled.height,
        'doubts': list(found.doubts),
        'labels': [label(one, labelled.width, labelled.height) for one in labelled.labels],
    }


def label(one: Label, width: int, height: int) -> dict[str, Any]:
    """Return a label with its outline: curves of x, y, x, y … in image pixels, to 0.1."""
    return {
        'object': one.object_id,
        'name': one.name,
        'counts': one.counts,
        'score': round(one.score, 3),
        'doubt': one.doubt,
        'outline': outline_of(one, width, height),
    }
