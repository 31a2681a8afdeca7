"""Prompts for the images of recordings as the text of a YAML file, which `prompt_file` reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from picosam_ros.labelling.prompt_file import PlacedPrompt

_HEADER = '# Prompts for: picosam label RECORDING... --prompts THIS_FILE -o OUT\n'


def to_yaml(prompts: Sequence[PlacedPrompt]) -> bytes:
    """Return prompts as text: the same for the same prompts."""
    entries = [_entry(one) for one in prompts]
    text = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, default_flow_style=None)
    return (_HEADER + text).encode()


def _entry(placed: PlacedPrompt) -> dict[str, Any]:
    key, prompt = placed.key, placed.key.prompt
    entry: dict[str, Any] = {'id': prompt.object_id, 'name': key.name, 'image': key.image}
    if prompt.points:
        entry['points'] = [
            [_short(one.x), _short(one.y), *([] if one.positive else [0])] for one in prompt.points
        ]
    if (box := prompt.box) is not None:
        entry['box'] = [_short(value) for value in (box.x0, box.y0, box.x1, box.y1)]
    if prompt.roi_size:
        entry['roi_size'] = prompt.roi_size
    if prompt.size_step:
        entry['size_step'] = prompt.size_step
    entry['recording'] = placed.recording
    return entry


def _short(value: float) -> int | float:
    """Return a whole number without its fraction."""
    return int(value) if value == int(value) else value
