"""Only masks that lead back to their prompt are believed."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.square_engine import SquareEngine, picture

from picosam_ros.labelling.doubts import ASTRAY
from picosam_ros.labelling.keys import KeyPrompt, stretches
from picosam_ros.labelling.labeller import Labeller
from picosam_ros.labelling.verifier import LOOK_ON, Verifier
from picosam_ros.prompt import Prompt
from picosam_ros.roi import Roi
from picosam_ros.sequences.base import SequenceImage

SIDE = 60
LEFT, RIGHT = 150, 420


class TwoObjects(SquareEngine):
    """Sees two squares that stand still, and answers with the one that is nearer to the prompt.

    Attributes:
        slips: stamps at which it answers with the right one on the way there.
        hidden: stamps at which nothing is there.
        blind: the same on the way there alone.
        shrunk: stamps at which it sees half of it on the way back.
        score: of the masks.

    """

    slips, hidden, blind, shrunk = (), (), (), ()
    score = 0.9

    def __init__(self):
        super().__init__()
        self.way_there = True

    def mask(self, frame, prompt):
        x = LEFT if abs(prompt.centre[0] - LEFT) < abs(prompt.centre[0] - RIGHT) else RIGHT
        if self.way_there and frame.stamp_ns in self.slips:
            x = RIGHT
        gone = frame.stamp_ns in self.hidden or (self.way_there and frame.stamp_ns in self.blind)
        logits = np.full((8, 8), -1.0 if gone else 1.0, np.float32)
        mask = super().mask(frame, prompt)
        half = not self.way_there and frame.stamp_ns in self.shrunk
        roi = Roi.square(x, 200, SIDE // 2 if half else SIDE)
        return replace(mask, logits=logits, roi=roi, score=self.score)


def verified(engine, numbers, key=0):
    prompt = Prompt.from_point(LEFT, 200, roi_size=SIDE)
    images = [SequenceImage(number, picture(stamp_ns=number), number) for number in numbers]
    labeller = Labeller(engine, stretches([KeyPrompt(key, prompt, 'cup')]))
    for image in images:
        labeller.step(image)
    engine.way_there = False
    verifier = Verifier(engine, labeller.images)
    for image in reversed(images):
        verifier.step(image)
    return verifier.finish()


def doubts(images):
    return [image.labels[0].doubt for image in images]


def test_masks_that_lead_back_raise_no_doubt():
    images = verified(TwoObjects(), range(20))
    assert doubts(images) == [''] * 20
    assert [image.number for image in images] == list(range(20))


def test_after_a_slip_to_another_object_all_masks_are_doubted_and_those_before_are_not():
    engine = TwoObjects()
    engine.slips = range(40, 60)
    found = doubts(verified(engine, range(60)))
    # Where the way back began anew, some images before the slip are between the two.
    assert found[: 40 - LOOK_ON - 1] == [''] * (40 - LOOK_ON - 1)
    assert found[40:] == [ASTRAY] * 20


def test_a_way_back_that_does_not_arrive_at_the_prompt_proves_nothing():
    engine = TwoObjects()
    # So soon after the prompt that the way back is still looked on when it ends.
    engine.slips = range(3, 12)
    assert doubts(verified(engine, range(12))) == [ASTRAY] * 12


def test_an_image_in_which_the_two_ways_differ_is_doubted_alone():
    engine = TwoObjects()
    engine.shrunk = (6,)
    assert doubts(verified(engine, range(12))) == [''] * 6 + [ASTRAY] + [''] * 5


def test_backwards_through_a_recording_it_is_the_same():
    engine = TwoObjects()
    engine.slips = range(20)
    found = doubts(verified(engine, range(59, -1, -1), key=59))
    assert found[40:] == [ASTRAY] * 20
    assert not any(found[:20])


def test_an_object_that_nobody_sees_for_a_while_is_doubted_there_alone():
    engine = TwoObjects()
    engine.hidden = range(5, 25)
    found = doubts(verified(engine, range(40)))
    assert all(doubt.startswith('not seen: ') for doubt in found[5:25])
    assert not any(found[:5])
    assert not any(found[26:])


def test_what_only_the_way_back_sees_gets_its_masks_from_there():
    engine = TwoObjects()
    engine.blind = range(5, 25)
    images = verified(engine, range(40))
    assert doubts(images) == [''] * 40
    assert all(image.labels[0].counts == images[0].labels[0].counts for image in images)


def test_a_mask_from_the_way_back_that_the_network_rates_low_is_doubted():
    engine = TwoObjects()
    engine.blind, engine.score = range(5, 8), 0.3
    found = doubts(verified(engine, range(12)))
    assert found == ['the network rates its mask 0.30'] * 12


@pytest.mark.parametrize('hidden', [range(1, 12), range(12)])
def test_an_object_that_never_comes_back_is_not_seen(hidden):
    engine = TwoObjects()
    engine.hidden = hidden
    found = doubts(verified(engine, range(12)))
    assert all(found[number].startswith('not seen: ') for number in hidden)
