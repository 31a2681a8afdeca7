"""All topics of a camera node at full rate, for a long time: what it holds does not grow."""

from __future__ import annotations

import time
from collections.abc import Iterator

from geometry_msgs.msg import PointStamped

from benchmarks.attack.target import HEAP_MB, unharmed
from benchmarks.report import Row
from benchmarks.rigs import scene
from benchmarks.rigs.client import Client, ros
from benchmarks.rigs.node_process import NodeProcess
from benchmarks.rigs.process_sizes import MB
from picosam_ros.msg import MaskArray
from picosam_ros.prompts.recent_frames import FRAMES

from sensor_msgs.msg import Image  # isort: skip

SETTINGS = {'camera': 'imx500', 'simulate': True, 'threads': 1}
IMAGES = ('/image_raw', '/camera/overlay', '/camera/label_mask', '/camera/confidence')
CLICK_S = 5.0
# Until every history of the middleware was full once, and the heap has had its largest load.
FILL_S = 40.0
IMAGE_MB = 3 * scene.WIDTH * scene.HEIGHT / MB
# The heap keeps its highest level. Which moment that is, is chance: as many images more at once as
# are kept for prompts.
GROWTH_MB = 2 * FRAMES * IMAGE_MB


def run(count: int, seed: int) -> Iterator[Row]:
    """Watch for `count` seconds; of fewer than FILL_S, memory is judged less strictly."""
    del seed
    with ros(), NodeProcess('camera', SETTINGS) as process:
        client, frames = Client(process), [0]
        client.subscribe(MaskArray, '/camera/masks', lambda _: frames.__setitem__(0, frames[0] + 1))
        clicks = client.publisher(PointStamped, 'prompt_point')
        client.wait_for(lambda: frames[0] > FRAMES)
        alone = process.footprint()
        for name in IMAGES:
            client.node.create_subscription(Image, name, lambda _: None, 10)
        fill = min(FILL_S, count)
        _watch(client, clicks, fill)
        _await_result(client, frames)  # with all that belongs to a running camera
        before = process.footprint()
        note = f'{len(IMAGES)} image topics, each with a history in the middleware'
        yield Row(
            'gained with the first subscribers',
            before.memory_mb - alone.memory_mb,
            'MB',
            None,
            note,
        )
        begun, seen = time.monotonic(), frames[0]
        _watch(client, clicks, count)
        rate = (frames[0] - seen) / (time.monotonic() - begun)
        yield Row('results', rate, 'per s', None, f'{frames[0] - seen} in {count} s')
        yield Row('no result at all', int(not _await_result(client, frames)), '', 0)
        # A heap that has not had its largest load yet may still take it.
        yet = 0.0 if fill == FILL_S else HEAP_MB
        yield from unharmed(process, before, GROWTH_MB + yet)
        client.close()


def _await_result(client: Client, frames: list[int]) -> bool:
    """Wait for one more; whether it came."""
    seen = frames[0]
    return client.wait_for(lambda: frames[0] > seen)


def _watch(client: Client, clicks: object, seconds: float) -> None:
    """Point at something else now and then."""
    until, number = time.monotonic() + seconds, 0
    while (left := until - time.monotonic()) > 0:
        message = PointStamped()
        message.point.x, message.point.y = scene.clicks(8)[number % 8]
        clicks.publish(message)  # type: ignore[attr-defined]
        client.serve(min(CLICK_S, left))
        number += 1
