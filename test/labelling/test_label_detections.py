import math

import pytest

pytest.importorskip('rosbags.rosbag2', reason='pip brings rosbags')
import numpy as np
from helpers.recorded import FIRST_NS, IMAGE, PERIOD_NS, TOPIC, at, header, image, message, record

from picosam_ros.bags.vision import DETECTIONS
from picosam_ros.errors import BagError, PromptError
from picosam_ros.labelling.detections import read_detections
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.prompt import Box, Prompt

BOXES = '/detector/boxes'


def stamps(images=100):
    return {number: FIRST_NS + number * PERIOD_NS for number in range(images)}


def part(kind, **fields):
    return message(f'vision_msgs/msg/{kind}', **fields)


def hypothesis(name, score):
    geometry = 'geometry_msgs/msg/'
    pose = message(
        geometry + 'Pose',
        position=message(geometry + 'Point', x=0.0, y=0.0, z=0.0),
        orientation=message(geometry + 'Quaternion', x=0.0, y=0.0, z=0.0, w=1.0),
    )
    covered = message(geometry + 'PoseWithCovariance', pose=pose, covariance=np.zeros(36))
    return part(
        'ObjectHypothesisWithPose',
        hypothesis=part('ObjectHypothesis', class_id=name, score=score),
        pose=covered,
    )


def detection(track='', centre=(50, 60), size=(21, 11), results=(('cup', 0.9),), number=0):
    position = part('Point2D', x=float(centre[0]), y=float(centre[1]))
    box = part(
        'BoundingBox2D',
        center=part('Pose2D', position=position, theta=0.0),
        size_x=float(size[0]),
        size_y=float(size[1]),
    )
    scored = [hypothesis(*result) for result in results]
    return part('Detection2D', header=header(number), results=scored, bbox=box, id=track)


def array(number, *detections, shift_ns=0):
    """Make what is recorded for image `number`, with a stamp that is that much later."""
    stamp_ns = FIRST_NS + number * PERIOD_NS + shift_ns
    seconds, nanoseconds = divmod(stamp_ns, 10**9)
    stamp = message('builtin_interfaces/msg/Time', sec=seconds, nanosec=nanoseconds)
    own = message('std_msgs/msg/Header', stamp=stamp, frame_id='lens')
    content = part('Detection2DArray', header=own, detections=[*detections])
    return (DETECTIONS, at(number), content)


@pytest.fixture
def read(tmp_path):
    """Return a function that records arrays and reads the prompts of their boxes."""

    def read(arrays, *, images=100, storage='sqlite3', topic='', **options):
        topics = {TOPIC: [(IMAGE, at(0), image(0))], BOXES: arrays}
        bag = record(tmp_path / f'bag_{len([*tmp_path.iterdir()])}', storage, topics=topics)
        return read_detections(bag, topic, stamps(images), **options)

    return read


def found(prompts):
    return [(key.image, key.prompt.object_id, key.name) for key in prompts.keys]


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_a_box_is_a_prompt_for_the_image_of_its_stamp(read, storage):
    prompts = read([array(7, detection())], storage=storage)
    prompt = Prompt((), Box(40, 55, 60, 65), 1)
    assert prompts.keys == (KeyPrompt(7, prompt, 'cup'),)
    assert prompts.notes == ()


def test_an_object_is_prompted_where_it_begins_and_then_every_so_many_images(read):
    arrays = [array(n, detection('a', (50 + n, 60))) for n in range(5, 70)]
    assert found(read(arrays)) == [(5, 1, 'cup'), (35, 1, 'cup'), (65, 1, 'cup')]
    assert found(read(arrays, every=50)) == [(5, 1, 'cup'), (55, 1, 'cup')]


def test_a_prompt_that_is_due_waits_for_the_next_array_that_has_the_object(read):
    arrays = [array(n, *[detection('a')] * (n < 20 or n > 45)) for n in range(60)]
    assert found(read(arrays)) == [(0, 1, 'cup'), (46, 1, 'cup')]


def test_ids_of_the_detector_are_kept_where_they_are_numbers_and_free(read):
    def one(*tracks):
        return [detection(track, (30 * index, 60)) for index, track in enumerate(tracks)]

    arrays = [array(0, *one('7', 'left', '1000')), array(1, *one('1', '7', '254'))]
    ids = [key.prompt.object_id for key in read(arrays).keys]
    assert ids == [7, 1, 2, 3, 254]


def test_boxes_without_an_id_go_on_where_they_overlap_and_have_one_class(read):
    moved = [array(n, detection('', (50 + 5 * n, 60))) for n in range(8)]
    assert found(read(moved)) == [(0, 1, 'cup')]
    jumped = [array(0, detection()), array(1, detection('', (100, 60)))]
    assert found(read(jumped)) == [(0, 1, 'cup'), (1, 2, 'cup')]
    other = [array(0, detection()), array(1, detection(results=[('dog', 0.9)]))]
    assert found(read(other)) == [(0, 1, 'cup'), (1, 2, 'dog')]


def test_an_object_without_an_id_that_was_missed_for_a_while_is_still_the_same(read):
    gap = [array(0, detection()), array(1), array(25, detection())]
    assert found(read(gap)) == [(0, 1, 'cup')]
    longer = [array(0, detection()), array(1), array(32, detection())]
    assert found(read(longer)) == [(0, 1, 'cup'), (32, 2, 'cup')]
    # The detector looks at one image in 40: the object is in all that it looked at.
    rarely = [array(0, detection()), array(40, detection()), array(80, detection())]
    assert found(read(rarely)) == [(0, 1, 'cup'), (40, 1, 'cup'), (80, 1, 'cup')]


def test_the_class_is_that_of_the_likeliest_hypothesis(read):
    results = [('car', math.nan), ('cup', 0.2), ('dog', 0.7)]
    assert found(read([array(0, detection(results=results))])) == [(0, 1, 'dog')]
    assert found(read([array(0, detection(results=[]))])) == [(0, 1, 'object')]
    assert found(read([array(0, detection(results=[('', 0.5)]))])) == [(0, 1, 'object')]


def test_boxes_of_a_low_score_are_left_out(read):
    boxes = [
        detection('1', results=[('cup', 0.5)]),
        detection('2', results=[('cup', 0.49)]),
        detection('3', results=[]),
        detection('4', results=[('cup', math.nan)]),
    ]
    assert found(read([array(0, *boxes)], min_score=0.5)) == [(0, 1, 'cup')]


def test_an_array_between_images_is_for_the_nearest_within_half_a_period(read):
    half = PERIOD_NS // 2
    assert found(read([array(4, detection(), shift_ns=half)])) == [(4, 1, 'cup')]
    assert found(read([array(4, detection(), shift_ns=half + 2)])) == [(5, 1, 'cup')]
    prompts = read(
        [array(4, detection('a')), array(9, detection('b'), shift_ns=half + 1)], images=10
    )
    assert found(prompts) == [(4, 1, 'cup')]
    [note] = prompts.notes
    assert note.startswith(f'{BOXES}: arrays whose stamp is that of no image: 1; the first: at 17')


def test_of_two_arrays_for_an_image_the_nearer_one_is_used_and_the_other_told(read):
    late, exact = array(4, detection('9'), shift_ns=1000), array(4, detection('3'))
    for arrays in ([late, exact], [exact, late]):
        prompts = read(arrays)
        assert found(prompts) == [(4, 3, 'cup')]
        assert 'arrays for an image that has a nearer one: 1' in prompts.notes[0]


def test_boxes_that_are_none_are_counted_and_the_first_is_named(read):
    empty, nowhere = detection('a', size=(0, 0)), detection('b', (math.nan, 5))
    prompts = read([array(3, detection('c'), empty), array(4, nowhere)])
    assert found(prompts) == [(3, 1, 'cup')]
    [note] = prompts.notes
    assert 'boxes that are none: 2; the first: detection 2 of the array at 17' in note
    assert 'is empty' in note


def test_a_track_that_is_twice_in_an_array_is_told(read):
    prompts = read([array(0, detection('a'), detection('a', (90, 60)))])
    assert found(prompts) == [(0, 1, 'cup')]
    assert 'boxes whose track is in the image already: 1' in prompts.notes[0]


def test_messages_that_cannot_be_read_are_counted(read):
    prompts = read([(DETECTIONS, at(0), b'\0\1\0\0rubbish'), array(1, detection())])
    assert found(prompts) == [(1, 1, 'cup')]
    assert 'messages that cannot be read: 1; the first: at 17' in prompts.notes[0]


def test_more_objects_than_ids_are_refused(read):
    arrays = [array(n, detection(f'track {n}')) for n in range(255)]
    with pytest.raises(PromptError, match=r'detection 1 of the array at .* one more object than'):
        read(arrays, images=300)
    assert len(read(arrays[:254], images=300).keys) == 254


def test_a_topic_that_is_not_there_is_named_with_those_that_are(read, tmp_path):
    with pytest.raises(BagError, match=r"detection topic '/boxes' was given; .* has /detector/b"):
        read([array(0, detection())], topic='/boxes')
    with pytest.raises(BagError, match=r'has no detection topics \(of type vision_msgs/msg/Det'):
        read_detections(record(tmp_path / 'images'), '', stamps())
    with pytest.raises(BagError, match=r'none does not exist'):
        read_detections(tmp_path / 'none', '', stamps())


def test_of_images_with_the_same_stamp_the_first_is_meant(tmp_path):
    bag = record(tmp_path / 'bag', topics={BOXES: [array(0, detection())]})
    prompts = read_detections(bag, BOXES, dict.fromkeys(range(4, 9), FIRST_NS))
    assert found(prompts) == [(4, 1, 'cup')]


def test_without_images_there_is_no_prompt(read):
    prompts = read([array(0, detection())], images=0)
    assert prompts.keys == ()
    assert 'that of no image: 1' in prompts.notes[0]
