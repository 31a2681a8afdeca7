import math

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Point
from helpers.rig import HEIGHT, ROI_SIZE, WIDTH, picture, values_of
from rclpy.serialization import serialize_message

from picosam_ros.msg import Point2D, Prompt, PromptStatus
from picosam_ros.ros.messages import from_time
from picosam_ros.wire.images import ENCODINGS

CENTRE = (150, 100)


def changed(rig, **fields):
    """Give a good image, and then not."""
    image = rig.image(picture(CENTRE))
    for name, value in fields.items():
        setattr(image, name, value)
    return image


BAD_IMAGES = (
    {'step': 3 * WIDTH - 1},
    {'data': b'123'},
    {'data': b''},
    {'width': 0},
    {'height': 0},
    {'width': 2**32 - 1},
    {'height': 2**32 - 1},
    {'encoding': '16SC3'},
    {'encoding': ''},
    {'encoding': 'nv12', 'height': HEIGHT - 1},
    {'encoding': 'uyvy', 'width': WIDTH - 1},
)


@pytest.mark.parametrize(
    ('fields', 'sentence'),
    [
        ({'step': 9}, f'step 9 was given for {WIDTH} pixels'),
        ({'data': b'123'}, f'3 bytes were given for {HEIGHT} rows'),
        ({'encoding': '16SC3'}, "encoding '16SC3' was given"),
    ],
)
def test_a_bad_image_is_a_warning_in_the_diagnostics_that_says_what_is_wrong(rig, fields, sentence):
    rig.images.publish(changed(rig, **fields))
    status = rig.component('input', lambda status: sentence in status.message)
    assert status.level == DiagnosticStatus.WARN
    assert int(values_of(status)['refused (image)']) >= 1


def test_every_bad_image_is_counted_and_the_next_one_is_answered(rig):
    def refused(status):
        return int(values_of(status).get('refused (image)', 0))

    before = refused(rig.images_have_arrived())
    rig.point(*CENTRE)
    bad = [changed(rig, **fields) for fields in BAD_IMAGES]
    for image in bad:
        rig.images.publish(image)
        assert len(rig.show(picture(CENTRE)).masks.masks) == 1
    answered = [message.header for message in rig.inboxes['latency']]
    assert not [image.header for image in bad if image.header in answered]
    after = before + len(BAD_IMAGES)
    assert refused(rig.component('input', lambda status: refused(status) >= after)) == after


def test_a_message_that_is_cut_off_is_told(rig):
    whole = serialize_message(rig.image(picture(CENTRE)))
    rig.images.publish(whole[:1000])
    status = rig.component('input', lambda status: 'serialised' in status.message)
    assert '1000 bytes are not a serialised sensor_msgs/msg/Image' in status.message
    assert rig.show(picture(CENTRE))


def test_images_of_every_encoding_and_padding_are_answered(rig):
    rng = np.random.default_rng(5)
    rig.point(*CENTRE)
    for name, encoding in ENCODINGS.items():
        image = changed(rig, encoding=name)
        image.step = WIDTH * encoding.channels * encoding.depth + 6
        image.data = rng.integers(
            0, 256, image.step * HEIGHT * encoding.rows // 2, np.uint8
        ).tobytes()
        assert len(rig.show(image).masks.masks) == 1, name


@pytest.mark.parametrize('size', [(1, 1), (1, 300), (300, 1), (2000, 1500)])
def test_images_of_any_size_are_answered(rig, size):
    width, height = size
    rig.show(picture(CENTRE, width=width, height=height))
    fits = 2 * max(size) >= ROI_SIZE
    state = PromptStatus.ACCEPTED if fits else PromptStatus.CLAMPED
    assert rig.point(0, 0).state == state
    result = rig.show(picture((0, 0), width=width, height=height))
    [mask] = result.masks.masks
    assert not mask.empty
    assert (result.label_mask.width, result.label_mask.height) == size


def test_prompts_outside_of_an_image_that_shrank_are_lost_and_the_others_go_on(rig):
    inside = rig.set((20, 20), object_id=2)
    outside = rig.set((300, 200), object_id=3)
    assert len(rig.show(picture((20, 20))).masks.masks) == 2
    rig.inboxes['prompt_status'].clear()
    result = rig.show(picture((20, 20), width=160, height=120))
    assert [(m.object_id, m.generation) for m in result.masks.masks] == [(2, inside.generation)]
    assert result.labels.shape == (120, 160)
    [lost] = rig.wait_for(lambda: rig.inboxes['prompt_status'])
    assert (lost.state, lost.object_id) == (PromptStatus.LOST, 3)
    assert lost.generation == outside.generation
    assert lost.reason.startswith(f'the image changed from {WIDTH}×{HEIGHT} to 160×120: point')
    assert rig.set((300, 200), object_id=3).state == PromptStatus.REFUSED
    assert len(rig.show(picture((20, 20))).masks.masks) == 1


def test_a_thousand_prompts_in_a_second_are_all_answered(rig):
    statuses = rig.inboxes['prompt_status']
    ticks, stamps = [], []
    timer = rig.node.create_timer(0.001, lambda: ticks.append(send(len(ticks))))

    def send(number):
        # One in four is refused, one in four comes by another topic.
        if number % 4 == 3:
            rig.clicks.publish(Point(x=float(number % WIDTH), y=20.0))
            return
        x = math.nan if number % 4 == 2 else float(number % WIDTH)
        header = rig.header()
        stamps.append(from_time(header.stamp))
        rig.prompts.publish(
            Prompt(header=header, object_id=1 + number % 20, points=[Point2D(x=x, y=10.0)])
        )

    rig.wait_for(lambda: len(ticks) >= 1000)
    rig.node.destroy_timer(timer)
    sent = len(ticks)
    rig.wait_for(lambda: len(statuses) >= sent)
    rig.settle()
    answers = statuses[:sent]
    own = [from_time(status.header.stamp) for status in answers if status.header.frame_id]
    assert sorted(own) == stamps
    assert len(answers) - len(own) == sum(number % 4 == 3 for number in range(sent))
    refused = [status for status in answers if status.state == PromptStatus.REFUSED]
    assert len(refused) == sum(number % 4 == 2 for number in range(sent))
    assert all(status.reason for status in refused)
    assert len(statuses) == sent + 3  # those of `settle`
    assert len(rig.show(picture(CENTRE)).masks.masks) > 1


@pytest.mark.parametrize(('sec', 'nanosec'), [(-1, 0), (5, 10**9)])
def test_a_stamp_that_is_none_is_refused_of_images_and_of_prompts(rig, sec, nanosec):
    told = f'the stamp is {sec} s and {nanosec} ns; allowed are'
    image = rig.image(picture(CENTRE))
    image.header.stamp = Time(sec=sec, nanosec=nanosec)
    rig.images.publish(image)
    assert rig.component('input', lambda status: told in status.message).level == b'\1'
    prompts = [
        Prompt(points=[Point2D(x=150.0, y=100.0)]),
        Prompt(action=Prompt.REFINE, points=[Point2D(x=150.0, y=100.0)]),
        Prompt(action=Prompt.REMOVE),
    ]
    statuses = rig.inboxes['prompt_status']
    for count, prompt in enumerate(prompts, 1):
        prompt.header.stamp = image.header.stamp
        rig.prompts.publish(prompt)
        rig.wait_for(lambda: len([s for s in statuses if told in s.reason]) == count)  # noqa: B023
    assert all(status.state == PromptStatus.REFUSED for status in statuses)
    # Nobody made another stamp of it.
    assert all(status.header.stamp == image.header.stamp for status in statuses)


@pytest.mark.parametrize('action', [Prompt.SET, Prompt.REFINE])
def test_labels_of_other_programs_are_refused_in_words(rig, action):
    rig.set((*CENTRE, True))
    points = [Point2D(x=150.0, y=100.0), Point2D(x=120.0, y=80.0, label=2)]
    answer = rig.ask(Prompt(action=action, points=points))
    assert answer.state == PromptStatus.REFUSED
    assert 'label 2; allowed are 0 (not on the object) and 1 (on it); give SAM' in answer.reason
