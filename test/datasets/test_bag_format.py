import numpy as np
import pytest
from helpers.examples import CONTENTS, HEIGHT, PERIOD_NS, WIDTH, example, examples, label, masks
from helpers.recorded import record
from rosbags.rosbag2 import Reader

from picosam_ros.bags.messages import typestore
from picosam_ros.datasets.bag import mask_of, storage_of
from picosam_ros.datasets.base import Contents
from picosam_ros.datasets.write import write_dataset


def read(path):
    """Return the messages by the times of their recording."""
    with Reader(path) as reader:
        assert [connection.topic for connection in reader.connections] == ['/segmenter/masks']
        return {
            at: typestore().deserialize_cdr(data, connection.msgtype)
            for connection, at, data in reader.messages()
        }


def pixels(mask):
    """Paint a message's mask on its image: its ROI is of whole pixels."""
    image = np.zeros((HEIGHT, WIDTH), np.uint8)
    x, y = int(mask.roi.x), int(mask.roi.y)
    values = mask.probability.reshape(mask.height, mask.width)
    image[y : y + mask.height, x : x + mask.width] = values >= 128
    return image


def test_rosbags_reads_every_mask_under_the_header_of_its_image(tmp_path):
    write_dataset(tmp_path, ['bag'], CONTENTS, examples(), stopped=lambda: False)
    read_one = read(tmp_path / 'bag' / 'one')
    for made in examples()[:9]:
        message = read_one[made.image.recorded_ns]
        stamp = message.header.stamp
        assert stamp.sec * 10**9 + stamp.nanosec == made.image.number * PERIOD_NS
        assert message.header.frame_id == 'lens'
        [mask] = message.masks
        assert np.array_equal(pixels(mask), made.labels.seen[0].to_image(WIDTH, HEIGHT))
        assert (mask.object_id, mask.engine) == (1, 'label cup')


def test_images_that_are_not_chosen_are_there_and_unanswered_ones_are_not(tmp_path):
    write_dataset(tmp_path, ['bag'], CONTENTS, examples(), stopped=lambda: False)
    messages = read(tmp_path / 'bag' / 'two')
    assert [at // PERIOD_NS for at in messages] == [0, 1, 4]
    first, _, last = messages.values()
    assert [(mask.object_id, mask.empty) for mask in first.masks] == [
        (1, False),
        (2, False),
        (3, True),
    ]
    assert last.masks == []


@pytest.mark.parametrize('name', masks())
def test_a_mask_on_the_image_is_the_mask_of_the_label(name):
    made = example(0, [label(masks()[name], 9)])
    mask = mask_of(made.labels.labels[0], made.labels)
    assert np.array_equal(mask.to_image(), masks()[name])
    assert mask.prompt.object_id == 9


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_the_storage_is_that_of_the_recording(tmp_path, storage):
    path = record(tmp_path / 'given', storage, images=1)
    assert storage_of(path) == storage
    contents = Contents(('cup',), {'one': path})
    write_dataset(tmp_path, ['bag'], contents, examples()[:2], stopped=lambda: False)
    [stored] = (tmp_path / 'bag' / 'one').glob('one.*')
    assert stored.suffix == {'sqlite3': '.db3', 'mcap': '.mcap'}[storage]


def test_a_film_and_a_compressed_recording_have_storages(tmp_path):
    assert storage_of(tmp_path / 'film.mp4') == 'mcap'
    assert storage_of(tmp_path / 'part_0.db3.zstd') == 'sqlite3'
