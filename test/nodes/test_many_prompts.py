"""Prompts in numbers: each is answered, or counted as lost."""

from diagnostic_msgs.msg import DiagnosticArray
from helpers.harness import Client, Process
from helpers.rig import values_of
from rclpy.duration import Duration
from rclpy.qos import QoSProfile

from picosam_ros.msg import Point2D, Prompt, PromptStatus

COUNT = 3000
ANSWERS = ('prompts accepted', 'prompts clamped', 'prompts refused')


def flood(client, count, depth):
    """Publish as fast as it goes, once the node knows the publisher, and wait until it has all.

    A prompt that is refused is answered as well, so no image is needed.
    """
    publisher = client.publisher(Prompt, 'prompt', QoSProfile(depth=depth))
    client.wait_for(publisher.get_subscription_count)
    prompt = Prompt(object_id=9, points=[Point2D(x=50.0, y=50.0)])
    for number in range(count):
        publisher.publish(prompt)
        if number == 0:
            # What is lost before the first one that arrives cannot be known.
            assert publisher.wait_for_all_acked(Duration(seconds=30))
    assert publisher.wait_for_all_acked(Duration(seconds=30))
    client.node.destroy_publisher(publisher)


def test_a_burst_that_fits_the_queue_of_the_publisher_loses_none(rig):
    answers = rig.subscribe(PromptStatus, f'{rig.process.name}/prompt_status', 2000)
    rig.known_to(rig.process.name)
    flood(rig, 1000, depth=1000)
    rig.wait_for(lambda: len(answers) == 1000)
    assert values_of(rig.latest('prompts'))['lost'] == '0'
    answers.close()


def test_what_is_lost_beyond_the_queue_is_counted_and_told(red_network):
    with Process('segmenter', {'model': red_network, 'threads': 1}) as process:
        client = Client(process)
        reports = client.subscribe(DiagnosticArray, '/diagnostics')
        client.known_to(process.name)
        flood(client, COUNT, depth=1)
        name = process.name.lstrip('/')

        def parts():
            named = {status.name: status for status in reports[-1].status} if reports else {}
            return [named.get(f'{name}: {part}') for part in ('prompts', 'segmentation')]

        def complete():
            prompts, segmentation = parts()
            if prompts is None:
                return False
            counts = values_of(segmentation)
            answered = sum(int(counts.get(state, 0)) for state in ANSWERS)
            return answered + int(values_of(prompts)['lost']) == COUNT

        client.wait_for(complete)
        if values_of(parts()[0])['lost'] != '0':
            # It is told for some seconds: a busy machine may need more for the rest.
            messages = [
                s.message for r in reports for s in r.status if s.name == f'{name}: prompts'
            ]
            [told, *_] = [each for each in messages if 'lost' in each]
            assert 'prompts were lost before this node could take them' in told
            assert 'deeper queue' in told
        process.stop()
        client.close()
