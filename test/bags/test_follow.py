import cv2
import numpy as np
import pytest
from helpers.recorded import (
    FIRST_NS,
    HEIGHT,
    PERIOD_NS,
    TOPIC,
    WIDTH,
    at,
    centre,
    compressed,
    disc,
    image,
    read,
    record,
)

from picosam_ros.bags.follow import follow
from picosam_ros.bags.mask_bag import TOPICS, MaskBag
from picosam_ros.bags.messages import COMPRESSED, IMAGE
from picosam_ros.bags.recording import Recording
from picosam_ros.engines import open_engine
from picosam_ros.errors import BagError, PromptError
from picosam_ros.prompt import Prompt

PROMPTS = (Prompt.from_point(*centre(0)),)
STORAGES = pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])


@pytest.fixture(scope='module')
def engine(tiny_network):
    with open_engine('host', model=tiny_network(), threads=1) as engine:
        yield engine


def followed(path, out, engine, prompts=PROMPTS, images=None):
    """Run over a recording, or its first images; give the last stats."""
    with Recording(path) as recording, MaskBag(out, recording.storage) as masks:
        all_stats = follow(recording, recording.choose(''), engine, prompts, masks)
        for stats in all_stats:
            if stats.seen == images:
                break
    return stats


@STORAGES
def test_the_masks_of_every_image_are_written_under_its_stamp(tmp_path, engine, storage):
    stats = followed(record(tmp_path / 'bag', storage), tmp_path / 'out', engine)
    assert (stats.images, stats.refused, stats.masks, stats.notes) == (10, 0, 10, [])
    assert stats.span_s == pytest.approx(9 * PERIOD_NS / 1e9)
    topics = read(tmp_path / 'out')
    assert set(topics) == set(TOPICS)
    for messages in topics.values():
        assert [time for time, _ in messages] == [at(number) for number in range(10)]
        for number, (_, message) in enumerate(messages):
            stamp = message.header.stamp
            assert stamp.sec * 10**9 + stamp.nanosec == FIRST_NS + number * PERIOD_NS
            assert message.header.frame_id == 'lens'
    for number, (_, message) in enumerate(topics['/segmenter/masks']):
        [mask] = message.masks
        assert (message.image_width, message.image_height) == (WIDTH, HEIGHT)
        assert (mask.centroid_x, mask.centroid_y) == pytest.approx(centre(number), abs=0.5)
        assert mask.area == pytest.approx(np.pi * 15**2, rel=0.05)
        assert len(mask.probability) == mask.width * mask.height
    for number, (_, message) in enumerate(topics['/segmenter/label_mask']):
        assert (message.encoding, message.step) == ('mono8', WIDTH)
        labels = message.data.reshape(HEIGHT, WIDTH)
        inside = disc(number)[..., 0] > 128
        assert ((labels == 1) == inside).mean() > 0.99
        confidence = topics['/segmenter/confidence'][number][1].data.reshape(HEIGHT, WIDTH)
        assert ((confidence > 0) == (labels > 0)).all()
    for number, (_, message) in enumerate(topics['/segmenter/latency']):
        assert (message.frames, message.prompts, message.dropped) == (number + 1, 1, 0)
        assert message.inference > 0
        assert message.decode > 0
        assert np.isnan([message.total, message.queue, message.publish]).all()


def test_ros_reads_what_is_written(tmp_path, engine):
    serialization = pytest.importorskip('rclpy.serialization', reason='there is no ROS here')
    from rosbags.rosbag2 import Reader
    from sensor_msgs.msg import Image

    from picosam_ros.msg import Latency, MaskArray

    followed(record(tmp_path / 'bag', images=1), tmp_path / 'out', engine)
    classes = {'/masks': MaskArray, '/latency': Latency, '/label_mask': Image, '/confidence': Image}
    with Reader(tmp_path / 'out') as reader:
        for wanted, _, serialised in reader.messages():
            kind = classes.pop(wanted.topic.removeprefix('/segmenter'))
            message = serialization.deserialize_message(serialised, kind)
            stamp = message.header.stamp
            assert stamp.sec * 10**9 + stamp.nanosec == FIRST_NS
            if kind is MaskArray:
                assert message.masks[0].engine == 'host'
                assert len(message.masks[0].probability) == 96 * 96
    assert not classes


def test_compressed_images_are_images_too(tmp_path, engine):
    def png(number):
        data = cv2.imencode('.png', disc(number)[..., ::-1])[1].reshape(-1)
        return compressed(number, data, 'rgb8; png compressed bgr8')

    topics = {'/camera/compressed': [(COMPRESSED, at(n), png(n)) for n in range(3)]}
    stats = followed(record(tmp_path / 'bag', topics=topics), tmp_path / 'out', engine)
    assert stats.masks == 3
    last = read(tmp_path / 'out')['/segmenter/masks'][-1][1]
    assert last.masks[0].centroid_x == pytest.approx(centre(2)[0], abs=0.5)


def test_an_image_that_cannot_be_read_is_left_out_and_told(tmp_path, engine):
    contents = [image(0), b'\0\1\0\0abc', image(2, encoding='nonsense'), image(3)]
    messages = [(IMAGE, at(number), content) for number, content in enumerate(contents)]
    stats = followed(record(tmp_path / 'bag', topics={TOPIC: messages}), tmp_path / 'out', engine)
    assert (stats.images, stats.refused) == (2, 2)
    [note] = stats.notes
    assert note.startswith('image 2 is left out: 7 bytes are not a serialised sensor_msgs/')


def test_a_recording_of_which_no_image_can_be_read_is_an_error_and_nothing_is_made(
    tmp_path, engine
):
    broken = np.frombuffer(b'no picture', np.uint8)
    topics = {TOPIC: [(COMPRESSED, 1, compressed(0, broken, 'jpeg'))]}
    path = record(tmp_path / 'bag', topics=topics)
    with pytest.raises(BagError, match=r"not one of the 1 images of .*'jpeg' was given: OpenCV"):
        followed(path, tmp_path / 'out', engine)
    assert [file.name for file in tmp_path.iterdir()] == ['bag']


def test_a_prompt_that_does_not_fit_the_first_image_is_an_error_and_nothing_is_made(
    tmp_path, engine
):
    with pytest.raises(PromptError, match=r'object 1: point \(500, 5\) is outside of the image'):
        followed(record(tmp_path / 'bag'), tmp_path / 'out', engine, [Prompt.from_point(500, 5)])
    assert not (tmp_path / 'out').exists()


@STORAGES
def test_what_is_done_when_it_ends_early_can_be_read(tmp_path, engine, storage):
    stats = followed(record(tmp_path / 'bag', storage), tmp_path / 'out', engine, images=4)
    assert stats.images == 4
    assert {len(messages) for messages in read(tmp_path / 'out').values()} == {4}


def test_a_folder_that_exists_is_not_written_over(tmp_path):
    with pytest.raises(BagError, match='exists already; give the name of a new folder'):
        MaskBag(tmp_path, 'mcap')


def test_objects_that_are_lost_are_told(tmp_path, engine):
    away = np.full((HEIGHT, WIDTH, 3), (20, 90, 160), np.uint8)
    messages = [(IMAGE, at(n), image(n, pixels=away if n else None)) for n in range(120)]
    path = record(tmp_path / 'bag', topics={TOPIC: messages})
    stats = followed(path, tmp_path / 'out', engine)
    assert stats.masks == 1
    [note] = stats.notes
    assert note.startswith('object 1 is lost at image 92: ')
