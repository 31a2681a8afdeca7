"""The first mask of a fresh process; nothing is imported before the clock runs."""

from __future__ import annotations

import time


def start() -> dict[str, float]:
    """Milliseconds of import, open (check, load, warm up) and the first mask."""
    begun = time.perf_counter()
    import onnxruntime  # noqa: F401

    from picosam_ros import Frame, Prompt
    from picosam_ros.engines.host import HostEngine

    imported = time.perf_counter()
    engine = HostEngine()
    engine.open()
    opened = time.perf_counter()

    from benchmarks.rigs.scene import image

    frame = Frame.from_array(image())
    before = time.perf_counter()
    engine.segment(frame, [Prompt.from_point(320, 240)])
    return {
        'import': 1e3 * (imported - begun),
        'open': 1e3 * (opened - imported),
        'first mask': 1e3 * (time.perf_counter() - before),
    }
