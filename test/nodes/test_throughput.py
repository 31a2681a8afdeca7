import numpy as np
import pytest
from helpers.harness import Process
from helpers.rig import Rig, picture
from std_srvs.srv import Trigger

from picosam_ros.ros.messages import to_bytes

VGA = (480, 640, 3)
# Seconds after which an image is late, or lost: that the next one tells.
LATE_S = 5.0
# Fast DDS gives up what is on its way to a process that a busy machine keeps still for a second.
LOST = 3


@pytest.fixture(scope='module')
def rig():
    """Run a segmenter as it comes, with the network that ships."""
    with Process('segmenter') as process:
        rig = Rig(process)
        rig.connect()
        yield rig
        process.stop()
        rig.close()


def stream(rig, image, *, count, ahead):
    """Publish an image `count` times, each with a new stamp, `ahead` at most on their way.

    An image is through when the node has counted it, as answered or dropped. The newest one is
    answered, as nothing replaces it. What is not counted before a later one is lost on the way.
    """
    lost, due = 0, sum(counts(rig))
    for number in range(1, count + 1):
        image.header = rig.header()
        rig.images.publish(image)
        due += 1
        if number % ahead and number < count:
            continue
        try:
            rig.wait_for(lambda due=due: through(rig) >= due, LATE_S)
        except AssertionError:
            counted = sum(counts(rig))
            lost += due + 1 - counted
            due = counted
            assert lost <= LOST
        else:
            assert rig.inboxes['latency'][-1].header == image.header
    assert sum(counts(rig)) == due + 1


def through(rig):
    """Give how many images the newest latency counts."""
    newest = rig.inboxes['latency'][-1]
    return newest.frames + newest.dropped


def counts(rig):
    """Give how many images were answered and dropped until now."""
    latency = rig.show(picture((150, 100))).latency
    return latency.frames, latency.dropped


def test_two_processes_lose_none_of_300_vga_images(rig):
    rig.call(Trigger, f'{rig.process.name}/clear_prompts')
    image = rig.image(np.zeros(VGA, np.uint8))
    image.data = to_bytes(np.random.default_rng(0).integers(0, 256, VGA, np.uint8))
    # With the middleware's own settings most are lost, every time.
    stream(rig, image, count=300, ahead=2)
    assert 'XML' not in rig.process.stderr
    assert 'deprecated' not in rig.process.stderr


def test_images_that_come_faster_than_masks_are_dropped_and_counted(rig):
    rig.fresh()
    for number in range(1, 9):
        rig.set((30 * number, 50), object_id=number)
    frames, dropped = counts(rig)
    stream(rig, rig.image(picture((150, 100))), count=160, ahead=4)
    assert counts(rig)[1] - dropped > 20
    # What waits is the newest: masks are no older than two rounds of the network, whatever came.
    # A busy machine may hold up a few between two stages.
    others = [message for message in rig.inboxes['latency'] if message.frames > frames]
    longest = max(message.inference + message.decode + message.publish for message in others)
    assert np.median([message.queue for message in others]) <= 2 * longest
