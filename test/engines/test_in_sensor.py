"""Where the sensor looks for one object, and which of its tensors are answers."""

from itertools import pairwise

import numpy as np
import pytest
from helpers.obedient_sensor import HEIGHT, LOGITS, SIDE, WIDTH, Sensor, at, nothing

from picosam_ros import Prompt
from picosam_ros.engines.in_sensor import DEAD_BAND, InSensorEngine
from picosam_ros.engines.squares import DEFAULT_SHARE, square_for
from picosam_ros.prompt import Box
from picosam_ros.roi import Roi


@pytest.fixture
def sensor():
    return Sensor()


@pytest.fixture
def engine(sensor):
    with InSensorEngine(sensor=sensor) as engine:
        yield engine


def test_the_first_frame_places_the_roi_and_the_next_one_has_the_mask(engine, sensor):
    made = engine.segment(nothing(), [at(100)])
    assert not made.masks
    assert sensor.looked == [Roi.square(100, 240, SIDE)]
    frame = sensor.frame()
    [mask] = engine.segment(frame, [at(100)]).masks
    assert mask.prompt == at(100)
    assert mask.engine == 'in_sensor'
    assert mask.logits is LOGITS
    assert mask.roi == frame.sensor_output.roi
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
        (Prompt.from_point(300, 200), round(DEFAULT_SHARE * HEIGHT)),
        (Prompt.from_box(Box(200, 100, 299, 180)), 120),
    ],
)
def test_a_click_and_a_box_get_the_square_that_the_host_would_take(engine, sensor, prompt, side):
    engine.segment(nothing(), [prompt])
    [roi] = sensor.looked
    assert roi == square_for(prompt, WIDTH, HEIGHT)
    assert roi.width == roi.height == side


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
