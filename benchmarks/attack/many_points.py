"""Prompts that ask for more than a node can do: nobody else waits for them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from lifecycle_msgs.msg import Transition
from std_msgs.msg import Header

from benchmarks.attack.target import (
    Target,
    in_time,
    masks_go_on,
    segmenter,
    unharmed,
)
from benchmarks.report import Row
from benchmarks.rigs import scene
from picosam_ros.msg import Prompt
from picosam_ros.ros.messages import to_image
from picosam_ros.srv import Segment

# For each point of the one prompt: prompts of the call, and a share of a refinement.
CALLED, REFINED = 20 / 3, 0.1
REFINEMENT = 20
# How long the masks are watched after what was sent, and how long a call may take.
WATCH_S, CALL_S = 5.0, 30.0
OBJECT = 5


def run(count: int, seed: int) -> Iterator[Row]:
    """Send a prompt of `count` points, and more of all else."""
    del seed
    with segmenter() as target:
        before = target.begin()
        yield from _one_prompt(target, count)
        yield from _one_call(target, round(CALLED * count))
        yield from _refinements(target, max(round(REFINED * count), 1))
        yield from _deactivation(target, count)
        target.ask(OBJECT, count)
        target.client.serve(0.5)
        yield from unharmed(target.process, before)


def _one_prompt(target: Target, points: int) -> Iterator[Row]:
    target.forget_gap()
    stamp = target.ask(OBJECT, points)
    sent = time.monotonic()
    target.client.wait_for(lambda: stamp in target.statuses, WATCH_S)
    limit = in_time()
    name = f'answer to a prompt of {points} points'
    yield Row(name, time.monotonic() - sent, 's', limit, _said(target, stamp))
    target.client.serve(WATCH_S)
    yield masks_go_on(target, f'{points} points')


def _one_call(target: Target, prompts: int) -> Iterator[Row]:
    target.forget_gap()
    request = Segment.Request(
        image=to_image(scene.image(), 'rgb8', Header(frame_id='camera')),
        prompts=[target.prompt(1 + number % 200) for number in range(prompts)],
    )
    begun = time.monotonic()
    response = target.client.ask(Segment, '/segmenter/segment', request, CALL_S)
    seconds = time.monotonic() - begun
    said = '' if response is None else response.message or f'{len(response.masks.masks)} masks'
    note = f'after {seconds:.1f} s: {said[:60]}' if said else f'not within {CALL_S:g} s'
    yield Row(f'call with {prompts} prompts without an answer', int(response is None), '', 0, note)
    yield masks_go_on(target, f'call with {prompts} prompts')


def _refinements(target: Target, count: int) -> Iterator[Row]:
    target.ask(OBJECT)
    target.client.serve(0.5)
    target.forget_gap()
    stamps = []
    for _ in range(count):
        message = target.prompt(OBJECT, REFINEMENT)
        message.action, message.roi_size = Prompt.REFINE, 0
        target.prompts.publish(message)
        stamps.append(message.header.stamp)
        target.client.serve(0.01)
    keys = [stamp.sec * 1_000_000_000 + stamp.nanosec for stamp in stamps]
    target.client.wait_for(lambda: all(key in target.statuses for key in keys), CALL_S)
    unanswered = sum(key not in target.statuses for key in keys)
    note = f'{count} of {REFINEMENT} points each; the last: {_said(target, keys[-1])}'
    yield Row('refinements without an answer', unanswered, '', 0, note)
    target.client.serve(WATCH_S / 2)
    yield masks_go_on(target, f'{count} refinements')


def _deactivation(target: Target, points: int) -> Iterator[Row]:
    target.ask(OBJECT, points)
    target.client.serve(0.5)
    begun = time.monotonic()
    done = target.client.change(Transition.TRANSITION_DEACTIVATE)
    seconds = time.monotonic() - begun
    note = {True: '', False: 'refused', None: 'no answer'}[done]
    yield Row('deactivate with it', seconds, 's', in_time(), note)
    yield Row('deactivate not done', int(not done), '', 0, note)
    if done:
        target.client.change(Transition.TRANSITION_ACTIVATE)
        target.client.serve(0.5)


def _said(target: Target, stamp: int) -> str:
    status = target.statuses.get(stamp)
    if status is None:
        return 'no answer'
    return (status.reason or 'accepted')[:70]
