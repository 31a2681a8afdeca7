"""The viewer: from a click to its mask on the screen, and what ten browsers cost the pipeline."""

from __future__ import annotations

import asyncio
import json
import math
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from benchmarks.report import Row
from benchmarks.rigs.browser import chromium
from benchmarks.rigs.stream import (
    QUEUE,
    ROOT,
    TIMEOUT_S,
    use_own_domain,
)
from benchmarks.timing import isolated
from picosam_ros.msg import Latency, Point2D, Prompt
from picosam_ros.ros import process as ros_process

TITLE = 'The viewer: photos of 640×480 at 30 frames per second'
TARGET_CLICK_MS = 150.0
TARGET_LOSS = 5.0
CLIENTS = 10  # one of which reads nothing
CLICKS = 30
TRIES = 6
UNTIL_NEXT_PHOTO = 5.0  # seconds
# As a share of the image.
FIRST, LAST = 0.25, 0.75
CAMERA = ('camera', '--ros-args', '-p', 'camera:=photos')
VIEWER = ('viewer', '--ros-args', '-r', 'image:=image_raw', '-p', 'port:=0')


def measure(frames: int) -> Iterator[Row]:
    """Count so many frames without and with clients, and click a tenth as often."""
    alone, watched = isolated(_rates, frames)
    note = f'{alone:.2f} Hz without, {watched:.2f} Hz with them'
    lost = 100 * (1 - watched / alone)
    yield Row(f'rate lost to {CLIENTS} clients, one stalled', lost, '%', TARGET_LOSS, note)
    try:
        times, unanswered = isolated(_clicks, min(max(frames // 10, 2), CLICKS))
    except ImportError as error:
        yield Row('click to mask in the browser', math.nan, 'ms', note=f'skipped: {error}')
        return
    note = f'95th percentile {np.percentile(times, 95):.0f} ms of {len(times)} clicks'
    note += f'; {unanswered} more found nothing' if unanswered else ''
    yield Row('click to mask in the browser', median(times), 'ms', TARGET_CLICK_MS, note)


class Pipeline(Node):
    """Camera and viewer as processes of their own, and what the benchmark hears of them."""

    def __init__(self) -> None:
        super().__init__('listener')
        self.url = ''
        self._arrivals: list[float] = []
        self._executor = ros_process.make_executor()
        self._executor.add_node(self)
        self._prompt_publisher = self.create_publisher(Prompt, 'prompt', QUEUE)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(Latency, 'camera/latency', self._on_latency, QUEUE)
        self.create_subscription(String, 'viewer/url', self._on_url, latched)

    def begin(self) -> None:
        """Wait for both, and point at something."""
        self.wait_for(lambda: self.url and len(self._arrivals) > 10)
        self._prompt_publisher.publish(Prompt(points=[Point2D(x=320.0, y=240.0)]))
        self.rate(10)

    def rate(self, frames: int) -> float:
        """Results per second, over so many."""
        self._arrivals.clear()
        self.wait_for(lambda: len(self._arrivals) > frames, seconds=TIMEOUT_S + frames)
        return frames / (self._arrivals[frames] - self._arrivals[0])

    def wait_for(
        self,
        condition: Callable[[], object],
        complaint: str = 'camera or viewer do not answer; do they start by themselves?',
        seconds: float = TIMEOUT_S,
    ) -> None:
        """Serve callbacks until the condition holds; RuntimeError where it never does."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(complaint)
            self._executor.spin_once(timeout_sec=0.05)

    def _on_latency(self, _: Latency) -> None:
        self._arrivals.append(time.perf_counter())

    def _on_url(self, message: String) -> None:
        self.url = message.data


@contextmanager
def pipeline() -> Iterator[Pipeline]:
    """Start it on a ROS domain of its own; once in a process."""
    use_own_domain()
    ros_process.prepare()
    processes = [
        subprocess.Popen(
            [sys.executable, '-m', f'picosam_ros.nodes.{node}', *arguments],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        for node, *arguments in (CAMERA, VIEWER)
    ]
    rclpy.init()
    try:
        node = Pipeline()
        node.begin()
        yield node
    finally:
        rclpy.shutdown()
        for process in processes:
            process.terminate()
            process.wait()


def _rates(frames: int) -> tuple[float, float]:
    with pipeline() as node:
        alone = node.rate(frames)
        with _stalled(node.url), _clients(node.url, CLIENTS - 1) as got:
            node.wait_for(lambda: all(got.values()), 'a client received no image')
            node.rate(10)
            watched = node.rate(frames)
        return alone, watched


@contextmanager
def _clients(url: str, count: int) -> Iterator[dict[int, int]]:
    """Connect so many clients that acknowledge; yield how many images each has received."""
    got = dict.fromkeys(range(count), 0)
    ending = threading.Event()

    async def look(number: int) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f'{url}socket', max_msg_size=0) as connection,
        ):
            async for message in connection:
                if message.type == aiohttp.WSMsgType.BINARY:
                    (length,) = struct.unpack_from('<I', message.data)
                    scene = json.loads(message.data[4 : 4 + length])
                    await connection.send_json({'type': 'ack', 'number': scene['number']})
                    got[number] += 1
                if ending.is_set():
                    return

    async def look_all() -> None:
        await asyncio.gather(*map(look, got))

    thread = threading.Thread(target=lambda: asyncio.run(look_all()), daemon=True)
    thread.start()
    try:
        yield got
    finally:
        ending.set()
        thread.join(TIMEOUT_S)


@contextmanager
def _stalled(url: str) -> Iterator[None]:
    """Open a WebSocket, and read nothing from it."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(
            f'GET /socket HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n'
            'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'.encode()
        )
        yield


def _clicks(count: int) -> tuple[list[float], int]:
    with pipeline() as node, chromium(TIMEOUT_S) as start:
        page = start()
        page.goto(node.url)
        page.locator('#empty').wait_for(state='hidden')
        page.locator('#connection[data-state=live]').wait_for()
        clicks = [_click(page, share) for share in np.linspace(FIRST, LAST, count)]
        return [took for took, _ in clicks], sum(unanswered for _, unanswered in clicks)


def _click(page: Any, share: float) -> tuple[float, int]:
    """Click at a share of width and height until a mask comes.

    Returns:
        the milliseconds that the page measured, and how many clicks before it found nothing.

    """
    from playwright.sync_api import TimeoutError as Late

    page.keyboard.press('Escape')
    page.locator('#objects li').first.wait_for(state='detached')
    page.locator('#last-click').evaluate('node => node.removeAttribute("data-ms")')
    for unanswered in range(TRIES):
        box = page.locator('#image').bounding_box()
        page.mouse.click(box['x'] + share * box['width'], box['y'] + share * box['height'])
        try:
            page.locator('#last-click[data-ms]').wait_for(timeout=1e3 * UNTIL_NEXT_PHOTO)
        except Late:
            continue  # nothing was found there: the next photo has something else
        return float(page.locator('#last-click').get_attribute('data-ms')), unanswered
    raise RuntimeError(f'{TRIES} clicks at {share:.0%} of the image were answered by no mask')
