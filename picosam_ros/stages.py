"""The stages of a result: what each is called, and what happens in it, wherever it is shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One part of the time from the capture of an image to the publishing of its masks.

    Attributes:
        name: in `Timing`, in `Latency.msg` and in JSON.
        label: for people: on the page, in `/diagnostics` and in a terminal.
        meaning: from what to what; the comment in `Latency.msg`.

    """

    name: str
    label: str
    meaning: str


# In the order in which they happen; the total is the sum of those before it.
TABLE = (
    Stage('exposure', 'exposure', 'capture stamp to the end of exposure (in-sensor cameras)'),
    Stage('dnn', 'sensor DNN', 'network in the sensor'),
    Stage('dsp', 'sensor DSP', 'output processing in the sensor'),
    Stage('receive', 'receive', 'the rest of capture stamp to arrival in this process'),
    Stage('queue', 'queue', 'arrival to the start of work on it'),
    Stage('preprocess', 'preprocess', 'crop and resample'),
    Stage(
        'encode',
        'encode',
        'network on the host, on the whole image: once, whatever the prompts (edgesam)',
    ),
    Stage('inference', 'inference', 'network on the host, for the prompts'),
    Stage('decode', 'decode', 'logits to messages; whether a mask is believed is judged here'),
    Stage('publish', 'publish', 'messages handed to the middleware'),
    Stage('other', 'other', 'the rest of total: following objects, ways between threads'),
    Stage('total', 'total', 'capture stamp to the end of publishing: the sum of the stages'),
)
LABELS = {stage.name: stage.label for stage in TABLE}
