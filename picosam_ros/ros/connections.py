"""The connections of a node's topics: their peers, and the types and QoS that do not match.

They are read from the ROS graph, not from QoS events: an event names no peer, only the last policy
of several, and is never withdrawn; another type, or no peer at all, raises none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, qos_check_compatible

from picosam_ros.ros.diagnostics import ERROR, OK, Status

# Every node has them.
_COMMON = ('/parameter_events', '/rosout')

# What the graph has in place of a node's name.
_UNKNOWN = '_NODE_NAME_UNKNOWN_'

# Words of a reason of qos_check_compatible, the policy, and what fixes it on the peer: on its
# publisher, on its subscription.
_POLICIES = (
    ('reliable', 'reliability', 'publish reliable', 'subscribe best effort'),
    ('transient local', 'durability', 'publish transient local', 'subscribe volatile'),
    ('deadline', 'deadline', 'offer this deadline there', 'request no deadline there'),
    ('lease', 'liveliness lease', 'offer this lease there', 'request no lease there'),
    ('liveliness', 'liveliness', 'offer manual by topic there', 'request automatic there'),
)


@dataclass(frozen=True)
class Connection:
    """One topic of a node.

    Attributes:
        topic: its full name.
        peers: number of endpoints on the other side.
        published: whether the other side publishes.
        incompatible: a sentence for each peer that cannot connect: topic, policy, node, remedy.
        others: of a topic that the node publishes, the nodes that publish it, too.
        local: whether it is taken from a node of the same process.

    """

    topic: str
    peers: int
    published: bool
    incompatible: tuple[str, ...]
    others: tuple[str, ...] = ()
    local: bool = False

    @property
    def count(self) -> str:
        """Return the number of peers in words."""
        if self.local:
            return 'taken from a node of this process'
        return f'{self.peers} {"publisher" if self.published else "subscriber"}' + 's' * (
            self.peers != 1
        )


def connections_of(node: Node) -> list[Connection]:
    """Return every topic of a node, subscribed ones first."""
    subscriptions = getattr(node, 'all_subscriptions', node.subscriptions)
    subscribed = {subscription.topic_name for subscription in subscriptions}
    published = {publisher.topic_name for publisher in node.publishers}
    local = {each.topic_name for each in getattr(node, 'local_subscriptions', ())}
    return [
        *(Connection(topic, 1, True, (), local=True) for topic in sorted(local)),
        *(_connection(node, topic, True) for topic in sorted(subscribed.difference(_COMMON))),
        *(_connection(node, topic, False) for topic in sorted(published.difference(_COMMON))),
    ]


def topics_status(connections: Sequence[Connection], duplicates: str = '') -> Status:
    """Return the component `topics` of `/diagnostics`: every incompatible peer is an error.

    Args:
        connections: of the node.
        duplicates: what Duplicates.check says of them.

    """
    faults = [sentence for each in connections for sentence in each.incompatible]
    values = {each.topic: each.count for each in connections}
    if duplicates:
        faults.insert(0, duplicates)
    if faults:
        return Status(ERROR, '; '.join(faults), values)
    return Status(OK, 'all connections are compatible', values)


def _connection(node: Node, topic: str, published: bool) -> Connection:
    publishers = node.get_publishers_info_by_topic(topic)
    subscribers = node.get_subscriptions_info_by_topic(topic)
    ours, theirs = (subscribers, publishers) if published else (publishers, subscribers)
    name = node.get_fully_qualified_name()
    # The graph loses the names of a node's endpoints where one of the same name is destroyed late.
    unknown = [endpoint for endpoint in ours if endpoint.node_name == _UNKNOWN]
    ours = [endpoint for endpoint in ours if _name(endpoint) == name] or unknown
    incompatible = [
        sentence
        for own in ours
        for peer in theirs
        if (sentence := _incompatible(topic, own, peer, published=published))
    ]
    others = () if published else _others(node, topic, publishers)
    return Connection(topic, len(theirs), published, tuple(dict.fromkeys(incompatible)), others)


def _others(node: Node, topic: str, publishers: Sequence[Any]) -> tuple[str, ...]:
    """Return the names of the publishers of a topic that are not those of this node.

    One of them may have the same name: then it is told by the count.
    """
    own = node.get_fully_qualified_name()
    names = sorted(_name(each) for each in publishers)
    for _ in range(sum(each.topic_name == topic for each in node.publishers)):
        mine = own if own in names else next((n for n in names if n.endswith(_UNKNOWN)), None)
        if mine is not None:
            names.remove(mine)
    unnamed = 'a node whose name is not known'
    return tuple(unnamed if name.endswith(_UNKNOWN) else name for name in names)


def _incompatible(topic: str, own: Any, peer: Any, *, published: bool) -> str:
    act = 'publishes' if published else 'subscribes to'
    if own.topic_type != peer.topic_type:
        return (
            f'type of {topic}: {_name(peer)} {act} {peer.topic_type}, this node has '
            f'{own.topic_type}: remap one of them'
        )
    publisher, subscription = (peer, own) if published else (own, peer)
    compatibility, reasons = qos_check_compatible(publisher.qos_profile, subscription.qos_profile)
    if compatibility != QoSCompatibility.ERROR:
        return ''
    errors = [part for part in reasons.split(';') if part.startswith('ERROR: ')]
    policies = [_policy(part.removeprefix('ERROR: ').rstrip('.'), published) for part in errors]
    return f'QoS of {topic}, which {_name(peer)} {act}: {"; ".join(policies) or reasons}'


def _policy(reason: str, published: bool) -> str:
    for words, policy, publishing, subscribing in _POLICIES:
        if words in reason.lower():
            remedy = publishing if published else subscribing
            return f'{policy} ({reason[:1].lower()}{reason[1:]}): {remedy}'
    return reason


def _name(endpoint: Any) -> str:
    return f'{endpoint.node_namespace.rstrip("/")}/{endpoint.node_name}'
