"""What the upload of a network stops, and what a camera in a child process costs.

libcamera's Python binding keeps the interpreter lock during `start`; the simulated sensor does so,
too. Two ways keep a node alive meanwhile: to upload in a child first, and open here what is cached
then; or to leave the camera in the child.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import Row
from benchmarks.rigs.process_sizes import own_mb, read_sizes
from benchmarks.timing import isolated
from picosam_ros.cameras.picamera.imx500 import Imx500Camera
from picosam_ros.cameras.process.camera import Imx500Process

TITLE = 'An IMX500 that uploads its network: what stands still, and what its process costs'
UPLOAD_S, CACHED_S = 60.0, 3.0
TICK_S = 0.005
ROUNDS = 4
TARGET_STILL_MS = 1000.0
TARGET_COST_MS = 2.0
OPTIONS = {'source': '', 'rate': 30.0, 'frame_id': '', 'simulate': True}


def measure(frames: int) -> Iterator[Row]:
    """Upload three times, then compare so many frames."""
    here = isolated(_stand_still, Imx500Camera, f'start_s={UPLOAD_S}')
    cached = isolated(_stand_still, Imx500Camera, f'start_s={CACHED_S}')
    child = isolated(_stand_still, Imx500Process, f'start_s={UPLOAD_S}')
    still = f'longest pause of another thread, upload of {UPLOAD_S:g} s'
    yield Row(f'{still}: camera in this process', 1e3 * here, 'ms')
    note = f'a start from the cache of {CACHED_S:g} s was assumed'
    yield Row(f'{still}: first in a child, then here', 1e3 * cached, 'ms', note=note)
    yield Row(f'{still}: camera in a child', 1e3 * child, 'ms', TARGET_STILL_MS)
    direct, through, size = isolated(_ages, frames)
    yield Row('capture to arrival, camera in this process', direct, 'ms', note='simulated')
    yield Row('capture to arrival, camera in a child', through, 'ms', note='in turns')
    yield Row('what the child adds', through - direct, 'ms', TARGET_COST_MS)
    yield Row('memory of the child alone (USS)', size, 'MB', note='with the simulated sensor')


def _stand_still(kind: Callable[..., Any], faults: str) -> float:
    """Return the longest time in seconds for which a thread could not run during a start."""
    camera = kind(**OPTIONS, faults=faults)
    done, longest = threading.Event(), [0.0]

    def tick() -> None:
        last = time.monotonic()
        while not done.wait(TICK_S):
            now = time.monotonic()
            longest[0] = max(longest[0], now - last - TICK_S)
            last = now

    ticking = threading.Thread(target=tick)
    ticking.start()
    camera.open()
    while camera.read(0.1) is None:
        pass
    done.set()
    ticking.join()
    camera.close()
    return longest[0]


def _ages(frames: int) -> tuple[float, float, float]:
    """Return the median ages of frames in this process and in a child, in ms, and MB of a child."""
    cameras: list[Any] = [Imx500Camera(**OPTIONS), Imx500Process(**OPTIONS)]
    ages: list[list[float]] = [[], []]
    size = 0.0
    # In turns: one camera at a time, since the simulated sensor itself takes up the CPU.
    for _ in range(ROUNDS):
        for camera, own in zip(cameras, ages, strict=True):
            camera.open()
            taken = 0
            while taken < max(frames // ROUNDS, 1):
                frame = camera.read(1.0)
                if frame is not None:
                    taken += 1
                    own.append((frame.received_ns - frame.stamp_ns) / 1e6)
            if isinstance(camera, Imx500Process):
                size = own_mb(read_sizes(Path(f'/proc/{camera.pid}')))
            camera.close()
    direct, through = map(median, ages)
    return direct, through, size
