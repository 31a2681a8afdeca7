"""Whose turn it is, and what is said to those who wait."""

import pytest
from helpers.obedient_sensor import (
    NO_TENSOR,
    PIXELS,
    PLACED,
    SIDE,
    UNSETTLED,
    WAITS,
    Sensor,
    at,
    nothing,
    reasons,
)

from picosam_ros import Frame
from picosam_ros.engines.in_sensor import MAX_WAIT, InSensorEngine
from picosam_ros.roi import Roi


@pytest.fixture
def sensor():
    return Sensor()


@pytest.fixture
def engine(sensor):
    with InSensorEngine(sensor=sensor) as engine:
        yield engine


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
    for _ in range(MAX_WAIT):
        engine.segment(nothing(), prompts)
        assert len(sensor.looked) == 1
    engine.segment(nothing(), prompts)
    assert sensor.looked[1:] == [Roi.square(200, 240, SIDE)]


def test_an_object_that_never_rests_does_not_keep_its_turn_for_ever(engine, sensor):
    rests = at(100, object_id=2)
    for step in range(MAX_WAIT + 2):
        engine.segment(nothing(UNSETTLED), [at(100 + 30 * step), rests])
    [mask] = engine.segment(sensor.frame(), [at(30), rests]).masks
    assert mask.prompt == rests


def test_an_object_alone_gets_its_roi_placed_again_after_a_while(engine, sensor):
    engine.segment(nothing(), [at(100)])
    for _ in range(2 * MAX_WAIT + 2):
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
