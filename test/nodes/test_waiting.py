"""The log of a node that waits: for what, what is there instead, and when it comes."""

from helpers.harness import Client, Process
from lifecycle_msgs.msg import Transition
from sensor_msgs.msg import Image


def test_a_segmenter_says_what_it_waits_for_and_which_images_there_are_until_they_come(red_network):
    with Process('segmenter', {'model': red_network, 'autostart': False}) as process:
        client = Client(process)
        client.publisher(Image, 'elsewhere')
        client.known_to(process.name)
        assert client.change(Transition.TRANSITION_CONFIGURE)
        assert client.change(Transition.TRANSITION_ACTIVATE)
        topic = f'{process.namespace}/image'
        client.wait_for(lambda: f'waiting for images on {topic} ' in process.stderr)
        client.wait_for(lambda: f'no image from {topic}: it has no publisher' in process.stderr)
        assert 'Topics with images are ' in process.stderr
        assert f'{process.namespace}/elsewhere' in process.stderr
        images = client.publisher(Image, 'image')
        client.wait_for(images.get_subscription_count)

        def arrived():
            images.publish(Image(width=4, height=4, step=12, encoding='rgb8', data=bytes(48)))
            return f'images arrive on {topic}' in process.stderr

        client.wait_for(arrived)
        process.stop()
        client.close()
