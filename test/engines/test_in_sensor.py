"""Whose turn it is, where the sensor looks, and what is said to those who wait."""

from itertools import pairwise

import numpy as np
import pytest

from picosam_ros import Frame, Prompt
from picosam_ros.engines.in_sensor import DEAD_BAND, PATIENCE, InSensorEngine
from picosam_ros.errors import CameraError
from picosam_ros.inference import Inference
from picosam_ros.prompt import Box, Point
from picosam_ros.roi import AUTO_SHARE, Roi

WIDTH, HEIGHT = 640, 480
PIXELS = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
LOGITS = np.full((96, 96), 3, np.float32)
SIDE = 100

NO_TENSOR = 'no tensor came with this frame'
UNSETTLED = 'the ROI was placed 1 frames ago, 3 are needed to settle'
WAITS = 'waits for its turn: the sensor has one ROI'
PLACED = 'the ROI has just been placed'


class Sensor:
    """Looks where it is told, at once, and makes a frame of it; or refuses."""

    def __init__(self):
        self.looked = []
        self.refusal = ''

    def look_at(self, roi):
        if self.refusal:
            raise CameraError(self.refusal)
        self.looked.append(roi)
        return len(self.looked)

    def frame(self):
        return self.answer(len(self.looked))

    def answer(self, ticket):
        roi = self.looked[ticket - 1]
        inference = Inference(LOGITS, roi, ticket, 14.3, 0.4)
        return Frame(PIXELS, exposure_ms=10.0, inference=inference)


def nothing(reason=NO_TENSOR):
    return Frame(PIXELS, no_inference=reason)


def at(x, y=240, object_id=1, generation=1):
    return Prompt((Point(x, y),), object_id=object_id, roi_size=SIDE, generation=generation)


@pytest.fixture
def sensor():
    return Sensor()


@pytest.fixture
def engine(sensor):
    with InSensorEngine(sensor=sensor) as engine:
        yield engine


def reasons(made):
    return {missing.prompt.object_id: missing.reason for missing in made.unanswered}


# One object


def test_the_first_frame_places_the_roi_and_the_next_one_has_the_mask(engine, sensor):
    made = engine.segment(nothing(), [at(100)])
    assert not made.masks
    assert sensor.looked == [Roi.square(100, 240, SIDE)]
    frame = sensor.frame()
    [mask] = engine.segment(frame, [at(100)]).masks
    assert mask.prompt == at(100)
    assert mask.engine == 'in_sensor'
    assert mask.logits is LOGITS
    assert mask.roi == frame.inference.roi
    assert (mask.image_width, mask.image_height) == (WIDTH, HEIGHT)
    assert mask.score == 1


def test_the_roi_stays_while_the_prompt_does(engine, sensor):
    engine.segment(nothing(), [at(100)])
    for _ in range(50):
        assert len(engine.segment(sensor.frame(), [at(100)])) == 1
    assert len(sensor.looked) == 1


@pytest.mark.parametrize(
    ('prompt', 'side'),
    [
        (Prompt.at(300, 200), round(AUTO_SHARE * HEIGHT)),
        (Prompt.inside(Box(200, 100, 299, 180)), 120),
    ],
)
def test_a_click_and_a_box_get_the_square_that_the_host_would_take(engine, sensor, prompt, side):
    engine.segment(nothing(), [prompt])
    [roi] = sensor.looked
    assert roi == Roi.choose(prompt, WIDTH, HEIGHT)
    assert roi.width == roi.height == side


def test_the_share_of_the_image_can_be_chosen(sensor):
    engine = InSensorEngine(sensor=sensor, auto_share=0.25)
    engine.segment(nothing(), [Prompt.at(300, 200)])
    assert sensor.looked[0].width == 120


@pytest.mark.parametrize('step', [-1, 1])
def test_within_the_dead_band_the_roi_stays_and_beyond_it_moves(engine, sensor, step):
    band = round(DEAD_BAND * SIDE)
    engine.segment(nothing(), [at(300)])
    engine.segment(sensor.frame(), [at(300 + step * band)])
    assert len(sensor.looked) == 1
    engine.segment(sensor.frame(), [at(300 + step * (band + 1))])
    assert sensor.looked[1:] == [Roi.square(300 + step * (band + 1), 240, SIDE)]


def test_small_steps_add_up_to_a_move(engine, sensor):
    engine.segment(nothing(), [at(300)])
    for x in range(300, 340):
        engine.segment(sensor.frame(), [at(x)])
    centres = [roi.x for roi in sensor.looked]
    assert len(centres) == 4
    assert {after - before for before, after in pairwise(centres)} == {13}


def test_a_tensor_of_an_earlier_place_is_no_answer(engine, sensor):
    engine.segment(nothing(), [at(100)])
    engine.segment(sensor.frame(), [at(300)])
    made = engine.segment(sensor.answer(1), [at(300)])
    assert not made.masks
    assert len(engine.segment(sensor.answer(2), [at(300)])) == 1


def test_a_tensor_for_an_earlier_generation_is_no_answer_and_the_roi_is_placed_anew(engine, sensor):
    engine.segment(nothing(), [at(100)])
    made = engine.segment(sensor.frame(), [at(100, generation=2)])
    assert not made.masks
    assert len(sensor.looked) == 2
    [mask] = engine.segment(sensor.frame(), [at(100, generation=2)]).masks
    assert mask.prompt.generation == 2


def test_the_sensors_times_are_told(engine, sensor):
    engine.segment(nothing(), [at(100)])
    timing = engine.segment(sensor.frame(), [at(100)]).timing
    assert (timing.exposure, timing.dnn, timing.dsp, timing.decode) == (10.0, 14.3, 0.4, 0)
    assert np.isnan(timing.inference)
    assert np.isnan(engine.segment(nothing(), [at(100)]).timing.dnn)


# Turns


def test_three_objects_take_turns_each_with_its_own_roi(engine, sensor):
    prompts = [at(100 * n, object_id=n) for n in (1, 2, 3)]
    engine.segment(nothing(), prompts)
    for turn in range(12):
        [mask] = engine.segment(sensor.frame(), prompts).masks
        assert mask.prompt.object_id == turn % 3 + 1
        assert mask.roi == Roi.square(100 * mask.prompt.object_id, 240, SIDE)


def test_a_new_object_comes_before_all_who_were_answered(engine, sensor):
    prompts = [at(100 * n, object_id=n) for n in (1, 2, 3)]
    engine.segment(nothing(), prompts)
    for _ in range(4):
        engine.segment(sensor.frame(), prompts)
    # It is the turn of object 2; then the new one comes, although 3 waited longest.
    prompts.append(at(400, object_id=4))
    [mask] = engine.segment(sensor.frame(), prompts).masks
    assert mask.prompt.object_id == 2
    [mask] = engine.segment(sensor.frame(), prompts).masks
    assert mask.prompt.object_id == 4
    [mask] = engine.segment(sensor.frame(), prompts).masks
    assert mask.prompt.object_id == 3


def test_a_changed_prompt_counts_as_new(engine, sensor):
    prompts = [at(100 * n, object_id=n) for n in (1, 2, 3)]
    engine.segment(nothing(), prompts)
    for _ in range(3):
        engine.segment(sensor.frame(), prompts)
    prompts[2] = at(330, object_id=3, generation=2)
    engine.segment(sensor.frame(), prompts)
    [mask] = engine.segment(sensor.frame(), prompts).masks
    assert (mask.prompt.object_id, mask.prompt.generation) == (3, 2)


def test_the_turn_of_an_object_that_was_removed_passes_on_at_once(engine, sensor):
    engine.segment(nothing(), [at(100), at(200, object_id=2)])
    engine.segment(nothing(), [at(200, object_id=2)])
    [mask] = engine.segment(sensor.frame(), [at(200, object_id=2)]).masks
    assert mask.prompt.object_id == 2


def test_an_object_that_went_and_came_back_counts_as_new(engine, sensor):
    prompts = [at(100 * n, object_id=n) for n in (1, 2, 3)]
    engine.segment(nothing(), prompts)
    for _ in range(3):
        engine.segment(sensor.frame(), prompts)
    engine.segment(nothing(), prompts[:2])
    engine.segment(sensor.frame(), prompts)
    [mask] = engine.segment(sensor.frame(), prompts).masks
    assert mask.prompt.object_id == 3


def test_without_prompts_nothing_is_placed_and_nothing_answered(engine, sensor):
    engine.segment(nothing(), [at(100)])
    made = engine.segment(sensor.frame(), [])
    assert (made.masks, made.unanswered) == ((), ())
    assert len(sensor.looked) == 1
    assert not engine.segment(sensor.frame(), [at(100)]).masks
    assert len(sensor.looked) == 2


def test_after_closing_nothing_of_before_is_answered(engine, sensor):
    engine.segment(nothing(), [at(100)])
    engine.close()
    assert not engine.segment(sensor.frame(), [at(100)]).masks


# What is said


def test_who_has_the_turn_is_told_what_is_missing_and_the_others_that_they_wait(engine, sensor):
    prompts = [at(100), at(200, object_id=2)]
    assert reasons(engine.segment(nothing(), prompts)) == {1: NO_TENSOR, 2: WAITS}
    assert reasons(engine.segment(nothing(UNSETTLED), prompts)) == {1: UNSETTLED, 2: WAITS}
    assert reasons(engine.segment(sensor.frame(), prompts)) == {2: PLACED}
    assert reasons(engine.segment(nothing(), prompts)) == {1: WAITS, 2: NO_TENSOR}


def test_a_turn_without_a_tensor_is_passed_on_after_a_while(engine, sensor):
    prompts = [at(100), at(200, object_id=2)]
    engine.segment(nothing(), prompts)
    for _ in range(PATIENCE):
        engine.segment(nothing(), prompts)
        assert len(sensor.looked) == 1
    engine.segment(nothing(), prompts)
    assert sensor.looked[1:] == [Roi.square(200, 240, SIDE)]


def test_an_object_that_never_rests_does_not_keep_its_turn_for_ever(engine, sensor):
    rests = at(100, object_id=2)
    for step in range(PATIENCE + 2):
        engine.segment(nothing(UNSETTLED), [at(100 + 30 * step), rests])
    [mask] = engine.segment(sensor.frame(), [at(30), rests]).masks
    assert mask.prompt == rests


def test_an_object_alone_gets_its_roi_placed_again_after_a_while(engine, sensor):
    engine.segment(nothing(), [at(100)])
    for _ in range(2 * PATIENCE + 2):
        engine.segment(nothing(), [at(100)])
    assert sensor.looked == 3 * [Roi.square(100, 240, SIDE)]
    assert len(engine.segment(sensor.frame(), [at(100)])) == 1


def test_a_refused_roi_is_the_reason_and_the_warning_until_one_is_taken(engine, sensor):
    assert engine.warning == ''
    sensor.refusal = 'the driver refused the ROI'
    prompts = [at(100), at(200, object_id=2)]
    made = engine.segment(nothing(), prompts)
    assert reasons(made) == {1: sensor.refusal, 2: sensor.refusal}
    assert engine.warning == sensor.refusal
    sensor.refusal = ''
    assert reasons(engine.segment(nothing(), prompts)) == {1: NO_TENSOR, 2: WAITS}
    assert engine.warning == ''
    assert len(engine.segment(sensor.frame(), prompts)) == 1


def test_after_a_refusal_the_tensor_of_the_old_place_is_no_answer(engine, sensor):
    engine.segment(nothing(), [at(100)])
    sensor.refusal = 'the driver refused the ROI'
    [mask] = engine.segment(sensor.frame(), [at(300)]).masks
    assert mask.roi == Roi.square(100, 240, SIDE)
    assert not engine.segment(sensor.frame(), [at(300)]).masks


def test_an_image_of_another_source_is_said_to_be_one_and_moves_nothing(engine, sensor):
    made = engine.segment(Frame(PIXELS), [at(100)])
    assert reasons(made) == {1: 'this image does not come from the sensor'}
    assert sensor.looked == []
