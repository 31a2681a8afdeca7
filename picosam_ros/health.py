"""The state of a Segmenter, as `/diagnostics` and the viewer's page show it."""

from __future__ import annotations

from picosam_ros.latency import LatencyWindow
from picosam_ros.segmenter import Segmenter
from picosam_ros.stages import LABELS
from picosam_ros.status import Level, Status


def segmentation_status(segmenter: Segmenter, window: LatencyWindow, advice: str) -> Status:
    """Return the component `segmentation`: engine, prompts, and percentiles of each stage.

    Args:
        segmenter: at work.
        window: the timings of its last results.
        advice: how to send a prompt, while there is none.

    """
    engine, prompts = segmenter.engine, segmenter.prompts
    objects = len(prompts.active)
    corrections = 'taken' if engine.capabilities.corrections else 'not taken'
    values: dict[str, object] = {'engine': engine.name, **engine.description}
    values.update({'corrections': corrections, 'objects': objects})
    values.update({f'prompts {state.name.lower()}': n for state, n in prompts.answers.items()})
    for stage, p in window.percentiles().items():
        values[f'{LABELS[stage]} p50/p95/p99 ms'] = f'{p.p50:.1f} / {p.p95:.1f} / {p.p99:.1f}'
    if engine.warning:
        return Status(Level.WARN, engine.warning, values)
    return Status(Level.OK, f'{objects} objects' if objects else f'no prompt: {advice}', values)
