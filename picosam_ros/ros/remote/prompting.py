"""Sends one prompt to a running node, and waits for the answer to that one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lifecycle_msgs.srv import GetState
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from picosam_ros.errors import TopicError
from picosam_ros.msg import Box2D, Point2D, PromptStatus
from picosam_ros.msg import Prompt as PromptMessage
from picosam_ros.prompt import Box, Point
from picosam_ros.prompts.recent_frames import NOT_KEPT, is_about_stamp
from picosam_ros.results import Answer, PromptState
from picosam_ros.ros.messages import to_time
from picosam_ros.ros.remote.session import Session
from picosam_ros.ros.running_nodes import NodeName

_PROMPT = 'picosam_ros/msg/Prompt'
_QUEUE = 1000
# Seconds after which a question that changes nothing is asked again: an answer is lost while the
# node does not know the client yet.
_ASK_AGAIN_S = 0.5


class Prompting:
    """The topics of one node's prompts.

    Args:
        session: of the command.
        name: of the node.
        seconds: how long anything is waited for.

    Attributes:
        state: the node's, of its lifecycle: one that is not active makes no masks.

    Raises:
        TopicError: the node takes no prompts, or does not answer.

    """

    def __init__(self, session: Session, name: NodeName, seconds: float) -> None:
        self._session, self._name, self._seconds = session, name, seconds
        self._statuses: list[PromptStatus] = []
        node = session.node
        self._clear = node.create_client(Trigger, f'{name}/clear_prompts')
        self._subscription = node.create_subscription(
            PromptStatus, f'{name}/prompt_status', self._statuses.append, _QUEUE
        )
        self._publisher = node.create_publisher(PromptMessage, self._topic(), _QUEUE)
        self._expect(self._publisher.get_subscription_count, 'does not take prompts')
        self.state = self._lifecycle_state()

    def send(self, message: PromptMessage) -> Answer:
        """Send a prompt about what the node sees now; return the answer.

        Raises:
            TopicError: there is none.

        """
        stamp_ns = time.time_ns()
        # A stamp that nobody else has: the answer comes under the prompt's header.
        message.header = Header(stamp=to_time(stamp_ns))
        answer = self._answer(message)
        if not is_about_stamp(answer.reason):
            return replace(answer, reason='') if answer.reason == NOT_KEPT else answer
        # Other clocks than this machine's: a simulation's, or those of the robot.
        message.header = Header()
        return self._answer(message)

    def clear(self) -> str:
        """Remove all objects; return the node's sentence.

        Raises:
            TopicError: the node does not answer.

        """
        response = self._asked(self._clear, Trigger.Request(), once=True)
        return str(response.message)

    def _answer(self, message: PromptMessage) -> Answer:
        self._statuses.clear()
        self._publisher.publish(message)

        def own() -> PromptStatus | None:
            return next((each for each in self._statuses if _is_answer(each, message)), None)

        found = self._expect(own, 'did not answer the prompt')
        return Answer(found.object_id, PromptState(found.state), found.reason, found.generation)

    def _topic(self) -> str:
        """Return what the topic `prompt` is called: it may be remapped."""
        node, name = self._session.node, self._name

        def subscribed() -> list[str]:
            topics = node.get_subscriber_names_and_types_by_node(name.name, name.namespace)
            return [topic for topic, kinds in topics if _PROMPT in kinds]

        found: list[str] = self._expect(subscribed, 'does not take prompts')
        return found[0]

    def _lifecycle_state(self) -> str:
        """Ask for it. Who answers that has heard of the subscription to the answers, too.

        What is announced here is heard there in its order.
        """
        client = self._session.node.create_client(GetState, f'{self._name}/get_state')
        response = self._asked(client, GetState.Request())
        return str(response.current_state.label)

    def _asked(self, client: Any, request: Any, *, once: bool = False) -> Any:
        """Return a response; ask until there is one, or once."""
        self._expect(client.service_is_ready, f'has no service {client.srv_name}')
        futures: list[Any] = []
        due = 0.0

        def answered() -> Any:
            nonlocal due
            if time.monotonic() >= due and not (once and futures):
                due = time.monotonic() + _ASK_AGAIN_S
                futures.append(client.call_async(request))
            return next((future for future in futures if future.done()), None)

        return self._expect(answered, f'did not answer {client.srv_name}').result()

    def _expect(self, condition: Any, fault: str) -> Any:
        met = self._session.wait_for(condition, self._seconds)
        if met is None:
            raise TopicError(
                f'{self._name} {fault} within {self._seconds:g} s: is it still running, and is the '
                'machine busy? `picosam watch` shows it; --timeout N waits longer'
            )
        return met


def to_message(
    points: Sequence[Point],
    box: Box | None,
    *,
    object_id: int,
    refine: bool,
    roi_size: int = 0,
    size_step: int = 0,
) -> PromptMessage:
    """Return the message that begins an object, or refines it; the node judges what is in it."""
    action = PromptMessage.REFINE if refine else PromptMessage.SET
    message = PromptMessage(
        action=action, object_id=object_id, roi_size=roi_size, size_step=size_step
    )
    labels = (Point2D.NEGATIVE, Point2D.POSITIVE)
    message.points = [Point2D(x=each.x, y=each.y, label=labels[each.positive]) for each in points]
    if box is not None:
        message.box = Box2D(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1)
    return message


def removal(object_id: int) -> PromptMessage:
    """Return the message that removes an object."""
    return PromptMessage(action=PromptMessage.REMOVE, object_id=object_id)


def _is_answer(status: PromptStatus, prompt: PromptMessage) -> bool:
    """Whether it answers that prompt; an object that is lost meanwhile is no answer."""
    if status.object_id != prompt.object_id or status.state == PromptStatus.LOST:
        return False
    stamp = prompt.header.stamp
    return status.header.stamp == stamp or not (stamp.sec or stamp.nanosec)
