"""What the page is sent, as JSON has it; docs/label.md has it as a table."""

from __future__ import annotations

from typing import Any

from picosam_ros.drawing.overlay import PALETTE
from picosam_ros.label_pages.outlines import outline_of
from picosam_ros.labelling.labelled import Label
from picosam_ros.labelling.prompt_file import ALL, PlacedPrompt
from picosam_ros.prompting.prompts import Prompts


def everything(prompts: Prompts, title: str) -> dict[str, Any]:
    """Return all that there is."""
    return {
        'title': title,
        'palette': PALETTE,
        'recordings': [{'name': name, 'images': total} for name, total in prompts.totals.items()],
        'objects': objects(prompts),
    }


def objects(prompts: Prompts) -> list[dict[str, Any]]:
    """Return the objects by their ids, each with its prompts in the order of the file."""
    found: dict[int, dict[str, Any]] = {}
    for one in sorted(prompts.placed, key=lambda each: each.key.prompt.object_id):
        object_id = one.key.prompt.object_id
        entry = {'object': object_id, 'name': one.key.name, 'prompts': []}
        found.setdefault(object_id, entry)['prompts'].append(prompt(one))
    return list(found.values())


def prompt(placed: PlacedPrompt) -> dict[str, Any]:
    """Return a prompt, in pixels of the image."""
    given = placed.key.prompt
    box = given.box
    return {
        'pattern': placed.recording,
        'everywhere': placed.recording == ALL,
        'image': placed.key.image,
        'points': [{'x': one.x, 'y': one.y, 'positive': one.positive} for one in given.points],
        'box': {'x0': box.x0, 'y0': box.y0, 'x1': box.x1, 'y1': box.y1} if box else None,
    }


def label(found: Label, width: int, height: int) -> dict[str, Any]:
    """Return a label in an image of this size, with its outline; without a mask that is empty."""
    return {
        'object': found.object_id,
        'name': found.name,
        'score': round(found.score, 3),
        'doubt': found.doubt,
        'outline': outline_of(found, width, height),
    }
