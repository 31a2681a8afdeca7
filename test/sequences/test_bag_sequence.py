import cv2
import numpy as np
import pytest
from helpers.jpeg_files import with_orientation
from helpers.recorded import (
    FIRST_NS,
    PERIOD_NS,
    TOPIC,
    at,
    compressed,
    cut,
    disc,
    header,
    image,
    message,
    record,
    storage_file,
)

from picosam_ros.bags.messages import COMPRESSED, IMAGE
from picosam_ros.errors import BagError
from picosam_ros.sequences.bag import BagSequence
from picosam_ros.wire.value_range import ValueScale

STORAGES = pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])


def encoded(number, suffix='.jpg'):
    return cv2.imencode(suffix, disc(number)[..., ::-1])[1]


def wide(number):
    """Make an image of 16 bits that uses the values from 1000 on, more with each image."""
    values = np.tile(np.linspace(1000, 1500 + 200 * number, 160).astype(np.uint16), (120, 1))
    return message(
        IMAGE,
        header=header(number),
        height=120,
        width=160,
        encoding='mono16',
        is_bigendian=0,
        step=320,
        data=values.view(np.uint8).reshape(-1),
    )


def numbers(images):
    """Give the numbers of images, after a look at whether each is the one of its number."""
    found = []
    for one in images:
        assert (one.frame.pixels == disc(one.number)).all()
        assert one.frame.stamp_ns == FIRST_NS + one.number * PERIOD_NS
        assert one.frame.frame_id == 'lens'
        assert one.recorded_ns == at(one.number)
        found.append(one.number)
    return found


@STORAGES
def test_images_are_read_forwards_backwards_in_parts_and_again(tmp_path, storage):
    with BagSequence(record(tmp_path / 'bag', storage)) as sequence:
        assert (sequence.topic, sequence.total) == (TOPIC, 10)
        for _ in range(2):
            assert numbers(sequence.images()) == list(range(10))
            assert numbers(sequence.reversed(0, 10)) == list(range(9, -1, -1))
            assert numbers(sequence.images(3, 6)) == [3, 4, 5]
            assert numbers(sequence.images(8)) == [8, 9]
            assert numbers(sequence.reversed(3, 6)) == [5, 4, 3]
            assert numbers(sequence.reversed(8, 99)) == [9, 8]
            assert numbers(sequence.images(4, 4)) == numbers(sequence.reversed(4, 4)) == []
        assert (sequence.damage, sequence.refused, list(sequence.notes)) == ('', {}, [])


@STORAGES
def test_two_passes_at_once_do_not_disturb_each_other(tmp_path, storage):
    with BagSequence(record(tmp_path / 'bag', storage)) as sequence:
        pairs = zip(sequence.images(), sequence.reversed(0, 10), sequence.images(), strict=True)
        for number, (one, back, other) in enumerate(pairs):
            assert numbers([one, back, other]) == [number, 9 - number, number]


@STORAGES
def test_a_broken_message_is_refused_and_the_others_keep_their_numbers(tmp_path, storage):
    messages = [(IMAGE, at(n), image(n)) for n in range(5)]
    messages[2] = (IMAGE, at(2), b'\0\1\0\0 broken')
    path = record(tmp_path / 'bag', storage, topics={TOPIC: messages})
    with BagSequence(path) as sequence:
        assert sequence.total == 5
        assert numbers(sequence.images()) == [0, 1, 3, 4]
        [(number, why)] = sequence.refused.items()
        assert (number, sequence.damage) == (2, '')
        assert 'are not a serialised sensor_msgs/msg/Image' in why
    with BagSequence(path) as sequence:
        assert numbers(sequence.reversed(1, 4)) == [3, 1]
        assert list(sequence.refused) == [2]


@STORAGES
def test_of_a_recording_that_is_cut_off_the_first_images_are_read(tmp_path, storage):
    path = record(tmp_path / 'bag', storage, images=40)
    cut(storage_file(path), 0.6)
    with BagSequence(path) as sequence:
        there = numbers(sequence.images())
        assert there == list(range(len(there)))
        assert numbers(sequence.reversed(0, 40)) == there[::-1]
        assert 0 < len(there) < 40
        assert 'it ends too soon' in sequence.damage


def test_a_jpeg_is_given_as_it_is_stored_where_it_has_the_pixels_of_the_frame(tmp_path):
    turned = np.frombuffer(with_orientation(encoded(2).tobytes(), 6), np.uint8)
    contents = [(encoded(0), 'jpeg'), (encoded(1, '.png'), 'png'), (turned, 'jpeg')]
    messages = [
        (COMPRESSED, at(n), compressed(n, data, form)) for n, (data, form) in enumerate(contents)
    ]
    with BagSequence(record(tmp_path / 'bag', topics={TOPIC: messages})) as sequence:
        plain, png, turned = sequence.images()
        assert [one.jpeg for one in sequence.reversed(0, 3)] == [b'', b'', plain.jpeg]
    assert plain.jpeg == encoded(0).tobytes()
    decoded = cv2.imdecode(np.frombuffer(plain.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert (decoded[..., ::-1] == plain.frame.pixels).all()
    assert (png.frame.pixels == disc(1)).all()
    assert (turned.frame.width, turned.frame.height) == (120, 160)
    assert png.jpeg == turned.jpeg == b''


def test_a_raw_image_has_no_jpeg(tmp_path):
    with BagSequence(record(tmp_path / 'bag')) as sequence:
        assert {one.jpeg for one in sequence.images()} == {b''}


def test_images_of_16_bits_look_the_same_in_each_pass(tmp_path):
    messages = [(IMAGE, at(n), wide(n)) for n in range(6)]
    with BagSequence(record(tmp_path / 'bag', topics={TOPIC: messages})) as sequence:
        first, again = (
            [one.frame.pixels for one in sequence.images()],
            [one.frame.pixels for one in sequence.images()],
        )
        [alone] = sequence.images(0, 1)
    assert (np.array(first) == np.array(again)).all()
    assert (alone.frame.pixels == first[0]).all()
    assert (first[0].min(), first[0].max()) == (0, 255)


def test_a_fixed_range_is_taken_for_all_of_them(tmp_path):
    messages = [(IMAGE, at(n), wide(n)) for n in range(6)]
    path = record(tmp_path / 'bag', topics={TOPIC: messages})
    with BagSequence(path, scale=ValueScale('1000,2500')) as sequence:
        ahead = [int(one.frame.pixels.max()) for one in sequence.images()]
        back = [int(one.frame.pixels.max()) for one in sequence.reversed(0, 6)]
    assert ahead == sorted(ahead) == back[::-1]
    assert ahead[-1] > 2 * ahead[0]


def test_of_several_topics_one_must_be_named(tmp_path):
    topics = {name: [(IMAGE, at(n), image(n)) for n in range(2)] for name in ('/left', '/right')}
    path = record(tmp_path / 'bag', topics=topics)
    with pytest.raises(BagError, match=r'several image topics, /left \(2\), /right \(2\)'):
        BagSequence(path)
    with BagSequence(path, '/right') as sequence:
        assert (sequence.topic, numbers(sequence.images())) == ('/right', [0, 1])


def test_where_there_is_no_room_to_read_backwards_it_is_told(tmp_path, small_disk):
    with BagSequence(record(tmp_path / 'bag')) as sequence, small_disk(100_000):
        with pytest.raises(BagError, match='set TMPDIR to another folder'):
            next(sequence.reversed(0, 10))
        assert numbers(sequence.images()) == list(range(10))
