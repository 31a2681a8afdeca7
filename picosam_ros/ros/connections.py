"""Who is on the other side of a node's topics, and what keeps them from connecting.

ROS's graph is asked, and not the QoS events: an event names no other node, only the last policy
of several, and is never taken back; and another type, or nobody at all, is no event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, qos_check_compatible

# Every node has them, so that they tell nothing about this one.
_EVERYBODYS = ('/parameter_events', '/rosout')

# What qos_check_compatible's sentences say, the policy's name, and how the other side mends it
# if it publishes and if it subscribes.
_POLICIES = (
    ('reliable', 'reliability', 'let it publish reliable', 'let it subscribe best effort'),
    (
        'transient local',
        'durability',
        'let it publish transient local',
        'let it subscribe volatile',
    ),
    ('deadline', 'deadline', 'let it promise this deadline', 'let it ask for no deadline'),
    ('lease', 'liveliness lease', 'let it promise this lease', 'let it ask for no lease'),
    ('liveliness', 'liveliness', 'let it be manual by topic', 'let it ask for automatic'),
)


@dataclass(frozen=True)
class Connection:
    """One topic of a node.

    Attributes:
        topic: its full name.
        peers: endpoints on the other side.
        published: whether the other side publishes.
        misfits: for each of them that cannot connect: topic, policy, who, and what to do.

    """

    topic: str
    peers: int
    published: bool
    misfits: tuple[str, ...]

    @property
    def count(self) -> str:
        """How many there are, in words."""
        return f'{self.peers} {"publisher" if self.published else "subscriber"}' + 's' * (
            self.peers != 1
        )


def connections_of(node: Node) -> list[Connection]:
    """Every topic of a node, subscribed ones first."""
    subscribed = {subscription.topic_name for subscription in node.subscriptions}
    published = {publisher.topic_name for publisher in node.publishers}
    return [
        *(_link(node, topic, True) for topic in sorted(subscribed.difference(_EVERYBODYS))),
        *(_link(node, topic, False) for topic in sorted(published.difference(_EVERYBODYS))),
    ]


def _link(node: Node, topic: str, published: bool) -> Connection:
    publishers = node.get_publishers_info_by_topic(topic)
    subscribers = node.get_subscriptions_info_by_topic(topic)
    ours, theirs = (subscribers, publishers) if published else (publishers, subscribers)
    ours = [endpoint for endpoint in ours if _name(endpoint) == node.get_fully_qualified_name()]
    misfits = [
        misfit
        for own in ours
        for peer in theirs
        if (misfit := _misfit(topic, own, peer, published=published))
    ]
    return Connection(topic, len(theirs), published, tuple(dict.fromkeys(misfits)))


def _misfit(topic: str, own: Any, peer: Any, *, published: bool) -> str:
    if own.topic_type != peer.topic_type:
        act = 'publishes' if published else 'subscribes to'
        return (
            f'type of {topic}: {_name(peer)} {act} {peer.topic_type}, this node has '
            f'{own.topic_type}: remap one of them'
        )
    publisher, subscription = (peer, own) if published else (own, peer)
    verdict, reasons = qos_check_compatible(publisher.qos_profile, subscription.qos_profile)
    if verdict != QoSCompatibility.ERROR:
        return ''
    errors = [part for part in reasons.split(';') if part.startswith('ERROR: ')]
    policies = [_policy(part.removeprefix('ERROR: ').rstrip('.'), published) for part in errors]
    act = 'publishes' if published else 'subscribes to'
    return f'QoS of {topic}, which {_name(peer)} {act}: {"; ".join(policies) or reasons}'


def _policy(reason: str, published: bool) -> str:
    for words, policy, publishing, subscribing in _POLICIES:
        if words in reason.lower():
            cure = publishing if published else subscribing
            return f'{policy} ({reason[:1].lower()}{reason[1:]}): {cure}'
    return reason


def _name(endpoint: Any) -> str:
    return f'{endpoint.node_namespace.rstrip("/")}/{endpoint.node_name}'
