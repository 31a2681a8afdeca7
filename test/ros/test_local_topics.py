import threading

from helpers.harness import PATIENCE

from picosam_ros.ros.guarded_node import GuardedNode
from picosam_ros.ros.local_topics import LocalTopics


def test_a_topic_is_there_from_its_declaration_on_and_hands_over_the_object_itself():
    topics = LocalTopics()
    assert topics.find('/camera/masks') is None
    topic = topics.declare('/camera/masks')
    assert topics.find('/camera/masks') is topics.declare('/camera/masks') is topic
    assert not topic.wanted
    got, item = [], object()
    topic.subscribe(got.append)
    topic.subscribe(got.append)
    assert topic.wanted
    topic.publish(item)
    assert got == [item, item]


def test_nothing_is_handed_over_after_a_subscription_is_destroyed_not_even_what_is_on_its_way():
    topic = LocalTopics().declare('/masks')
    inside, go, got = threading.Event(), threading.Event(), []

    def take(item):
        inside.set()
        assert go.wait(PATIENCE)
        got.append(item)

    subscription = topic.subscribe(take)
    publishing = threading.Thread(target=topic.publish, args=[1])
    publishing.start()
    assert inside.wait(PATIENCE)
    destroying = threading.Thread(target=subscription.destroy)
    destroying.start()
    go.set()
    destroying.join(PATIENCE)
    # The call that ran then is over.
    assert got == [1]
    assert not topic.wanted
    subscription.take(2)
    assert got == [1]
    publishing.join(PATIENCE)


def test_a_node_takes_the_topics_of_its_process_by_their_remapped_names_and_counts_what_fails():
    topics = LocalTopics()
    options = {
        'namespace': '/bot',
        'cli_args': ['--ros-args', '-r', 'image:=front/image'],
        'local_topics': topics,
    }
    node = GuardedNode('listener', **options)
    try:
        assert node.create_local_subscription('image', print) is None
        topic = topics.declare('/bot/front/image')
        subscription = node.create_local_subscription('image', lambda item: 1 / item)
        assert [each.topic_name for each in node.local_subscriptions] == ['/bot/front/image']
        topic.publish(0)
        assert node.callback_faults.report()['callbacks'].values['errors'] == 1
        assert node.destroy_subscription(subscription)
        assert not node.local_subscriptions
        assert not topic.wanted
    finally:
        node.destroy_node()
