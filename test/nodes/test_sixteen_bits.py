"""Images of 16 bits on the topic, of which a camera uses a part."""

import numpy as np
import pytest
from helpers.harness import Process
from helpers.rig import array_of, disc, picture, values_of
from sensor_msgs.msg import Image

from picosam_ros.msg import Point2D, Prompt
from picosam_ros.srv import Segment

CENTRE = (150, 100)


def twelve_bits(rig, pixels):
    message = rig.image(pixels)
    stored = pixels.astype('<u2') << 4
    return Image(
        header=message.header,
        height=message.height,
        width=message.width,
        encoding='rgb16',
        step=2 * message.step,
        data=stored.tobytes(),
    )


def test_twelve_bits_give_the_mask_of_eight_and_the_range_is_shown(rig):
    rig.point(*CENTRE)
    eight = array_of(rig.show(picture(CENTRE)).label_mask)
    twelve = array_of(rig.show(twelve_bits(rig, picture(CENTRE))).label_mask)
    assert np.count_nonzero(eight) == pytest.approx(np.count_nonzero(disc(CENTRE)), rel=0.06)
    assert np.array_equal(twelve, eight)
    status = rig.component('input', lambda status: 'value range' in values_of(status))
    assert values_of(status)['value range'] == '0,4095 (automatic)'


def test_segment_scales_its_image_too(rig):
    prompt = Prompt(points=[Point2D(x=150.0, y=100.0)])
    areas = []
    for image in (rig.image(picture(CENTRE)), twelve_bits(rig, picture(CENTRE))):
        request = Segment.Request(image=image, prompts=[prompt])
        answer = rig.call(Segment, f'{rig.process.name}/segment', request)
        assert answer.success, answer.message
        areas.append(answer.masks.masks[0].area)
    assert areas[0] == areas[1]


def test_a_range_that_is_none_is_one_sentence_and_exit_code_1(red_network):
    with Process('segmenter', {'model': red_network, 'value_range': '9,5'}) as process:
        assert process.wait() == 1
        assert "value range '9,5' was given; allowed are auto, full, and LOW" in process.stderr
        assert 'Traceback' not in process.stderr
