"""Follows running nodes by what they publish anyway, for the command `picosam watch`."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from picosam_ros.latency import LatencySample, summarise
from picosam_ros.msg import Latency, Mask, MaskArray, PromptStatus
from picosam_ros.node_state import NodeState, SeenObject
from picosam_ros.results import PromptState
from picosam_ros.ros.messages import to_timing
from picosam_ros.ros.remote.finding import find_nodes
from picosam_ros.ros.remote.session import Session
from picosam_ros.ros.running_nodes import NodeName, Wanted, running_nodes
from picosam_ros.status import Level, Status

# Rates and latencies are those of the last seconds.
_WINDOW_S = 5.0
_QUEUE = 100


class Watching:
    """The nodes that are wanted, also those that start later.

    Args:
        session: of the command.
        wanted: which nodes.
        seconds: how long the first one is waited for.

    Raises:
        TopicError: there is none.

    """

    def __init__(self, session: Session, wanted: Wanted, seconds: float) -> None:
        self._session, self._wanted = session, wanted
        self._nodes: dict[NodeName, _WatchedNode] = {}
        session.node.create_subscription(
            DiagnosticArray, '/diagnostics', self._on_diagnostics, _QUEUE
        )
        for name in find_nodes(session, wanted, seconds):
            self._nodes[name] = _WatchedNode(session, name)

    def states(self, seconds: float | None, period_s: float) -> Iterator[list[NodeState] | None]:
        """Yield what is known each `period_s`, and None between, ten times a second or more often.

        Args:
            seconds: after which it ends; None for never.
            period_s: in seconds.

        """
        begin = time.monotonic()
        due = begin + period_s
        end = math.inf if seconds is None else begin + max(seconds, period_s)
        while due <= end:
            self._session.spin()
            if time.monotonic() < due:
                yield None
                continue
            # A machine that was busy leaves out what it could not show in time.
            due = max(due, time.monotonic() - period_s) + period_s
            yield self._states()

    def _states(self) -> list[NodeState]:
        there = {name for name in running_nodes(self._session.node) if name in self._wanted}
        for name in there - self._nodes.keys():
            self._nodes[name] = _WatchedNode(self._session, name)
        known = sorted(self._nodes.items(), key=lambda item: str(item[0]))
        return [node.state(there=name in there) for name, node in known]

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            owner, _, component = status.name.partition(': ')
            for name, node in self._nodes.items():
                if str(name).lstrip('/') == owner:
                    node.components[component] = _to_status(status)


class _WatchedNode:
    """One node's topics, and what came on them."""

    def __init__(self, session: Session, name: NodeName) -> None:
        self.components: dict[str, Status] = {}
        self._node = session.node
        self._name = name
        self._masks: MaskArray | None = None
        self._samples: deque[LatencySample] = deque()
        self._last_at = -math.inf
        self._answers = Counter({state.name.lower(): 0 for state in PromptState})
        self._last_refusal = ''
        for kind, topic, take in (
            (MaskArray, 'masks', self._on_masks),
            (Latency, 'latency', self._on_latency),
            (PromptStatus, 'prompt_status', self._on_status),
        ):
            session.node.create_subscription(kind, f'{name}/{topic}', take, _QUEUE)

    def state(self, *, there: bool) -> NodeState:
        """Return what is known; `there`: the node is in the graph."""
        now = time.monotonic()
        while self._samples and self._samples[0].at < now - _WINDOW_S:
            self._samples.popleft()
        return NodeState(
            name=str(self._name),
            there=there,
            silence_s=now - self._last_at,
            latency=summarise(f'{self._name}/latency', list(self._samples)),
            objects=_objects(self._masks) if self._masks and self._samples and there else [],
            answers=self._answers,
            last_refusal=self._last_refusal or self._earlier_refusal(),
            readers=self._readers() if there else [],
            components=self.components if there else {},
        )

    def _on_masks(self, message: MaskArray) -> None:
        self._masks = message

    def _on_latency(self, message: Latency) -> None:
        self._last_at = time.monotonic()
        sample = LatencySample(self._last_at, to_timing(message), message.prompts, message.dropped)
        self._samples.append(sample)

    def _on_status(self, message: PromptStatus) -> None:
        state = PromptState(message.state)
        self._answers[state.name.lower()] += 1
        if state == PromptState.REFUSED:
            self._last_refusal = f'object {message.object_id}: {message.reason}'

    def _earlier_refusal(self) -> str:
        """Return the last one before the watching began; empty if there was none."""
        prompts = self.components.get('prompts')
        told = str(prompts.values.get('last refusal', '')) if prompts else ''
        return '' if told == 'none' else told

    def _readers(self) -> list[str]:
        own = self._node.get_fully_qualified_name()
        readers = {
            str(NodeName(each.node_name, each.node_namespace))
            for each in self._node.get_subscriptions_info_by_topic(f'{self._name}/masks')
        }
        return sorted(readers - {own})


def _objects(message: MaskArray) -> list[SeenObject]:
    answered = [_seen(mask) for mask in message.masks]
    others = [
        SeenObject(object_id, reason=reason)
        for object_id, reason in zip(message.unanswered, message.reasons, strict=False)
    ]
    return sorted(answered + others, key=lambda seen: seen.object_id)


def _seen(mask: Mask) -> SeenObject:
    box = mask.box
    corners = None if mask.empty else (round(box.x0), round(box.y0), round(box.x1), round(box.y1))
    return SeenObject(mask.object_id, float(mask.score), mask.area, corners, mask.engine)


def _to_status(status: DiagnosticStatus) -> Status:
    values: Mapping[str, object] = {value.key: value.value for value in status.values}
    return Status(Level(status.level[0]), status.message, values)
