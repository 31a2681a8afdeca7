"""Prompts faster than they can be answered: none of them goes without a trace."""

from __future__ import annotations

import time
from collections.abc import Iterator

from geometry_msgs.msg import Point, PointStamped

from benchmarks.attack.target import Target, masks_go_on, segmenter, unharmed
from benchmarks.report import Row
from picosam_ros.msg import Prompt
from picosam_ros.ros.messages import from_time

RATES = (70, 200, 500, 1000)
OBJECTS = 8
# What most publishers have: at a high rate the middleware drops some before they are sent.
DEPTH = 10


def run(count: int, seed: int) -> Iterator[Row]:
    """Send an equal part of `count` prompts at each rate."""
    del seed  # nothing here is left to chance
    with segmenter() as target:
        before = target.begin()
        storm = Storm(target)
        for rate in RATES:
            yield from storm.facts(max(count // len(RATES), 1), rate)
        yield from unharmed(target.process, before)


class Storm:
    """Sends prompts and points in turn, and counts what becomes of them."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._prompts = target.client.publisher(Prompt, 'prompt', DEPTH)
        self._points = target.client.publisher(PointStamped, 'prompt_point', DEPTH)
        topics = self._prompts, self._points
        target.client.wait_for(lambda: all(topic.get_subscription_count() for topic in topics))

    def facts(self, count: int, rate: float) -> Iterator[Row]:
        """Send so many at so many a second."""
        target = self._target
        target.statuses.clear()
        target.forget_gap()
        lost_before = _counted_lost(target)
        begun = time.monotonic()
        stamps = []
        for number in range(count):
            stamps.append(self._send(number))
            target.client.serve(begun + (number + 1) / rate - time.monotonic())
        # A gap in what arrived shows with the next prompt of the topic that does.
        last = [self._send(0), self._send(1)]
        target.client.wait_for(lambda: all(stamp in target.statuses for stamp in last))
        answered = lost = 0

        def told() -> bool:
            nonlocal answered, lost
            answered = sum(stamp in target.statuses for stamp in stamps)
            lost = _counted_lost(target) - lost_before
            return answered + lost >= count

        target.client.wait_for(told)
        note = f'{count} sent, {answered} answered, {lost} counted as lost'
        missing = max(count - answered - lost, 0)
        yield Row(f'prompts without a trace, {rate}/s', missing, '', 0, note)
        yield masks_go_on(target, f'{rate}/s')

    def _send(self, number: int) -> int:
        """Send a prompt, or a point, and return its stamp."""
        message = self._target.prompt(1 + number // 2 % OBJECTS)
        if number % 2:
            first = message.points[0]
            point = Point(x=first.x, y=first.y)
            self._points.publish(PointStamped(header=message.header, point=point))
        else:
            self._prompts.publish(message)
        return from_time(message.header.stamp)


def _counted_lost(target: Target) -> int:
    """What the node says of prompts that the middleware lost."""
    values = target.client.report('prompts')
    return sum(int(value) for key, value in values.items() if key.startswith('lost'))
