"""What `segment` takes and refuses, for every engine by the same base class."""

import numpy as np
import pytest
from helpers.exported import write_pair

from picosam_ros import Frame, Point, Prompt
from picosam_ros.engines import ENGINES, open_engine
from picosam_ros.errors import EngineError, ImageError, PromptError
from picosam_ros.prompt import Box

WIDTH, HEIGHT = 64, 48


class Sensor:
    def look_at(self, roi):
        return 1


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_pair(tmp_path_factory.mktemp('pair')).options


@pytest.fixture(params=list(ENGINES))
def engine(request, files, tiny_network):
    values = {**files, 'model': tiny_network(), 'threads': 1, 'sensor': Sensor()}
    own = [option for option in ENGINES.options_of(request.param) if option in values]
    with open_engine(request.param, **{option: values[option] for option in own}) as opened:
        yield opened


@pytest.fixture
def rgb():
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def answers(made):
    """Return the logits of each mask, or why there is none."""
    return [mask.logits for mask in made.masks] + [it.reason for it in made.unanswered]


def assert_same(a, b):
    for one, other in zip(answers(a), answers(b), strict=True):
        np.testing.assert_array_equal(one, other)


PROMPTS = [Prompt.from_point(30, 20, roi_size=32)]


def test_an_array_is_answered_as_its_frame(engine, rgb):
    assert_same(engine.segment(rgb, PROMPTS), engine.segment(Frame.from_array(rgb), PROMPTS))


def test_alpha_is_ignored(engine, rgb):
    rgba = np.dstack([rgb, np.full((HEIGHT, WIDTH), 9, np.uint8)])
    assert_same(engine.segment(rgba, PROMPTS), engine.segment(rgb, PROMPTS))


def test_grey_is_answered_as_three_equal_channels(engine, rgb):
    grey = rgb[..., 0]
    assert_same(engine.segment(grey, PROMPTS), engine.segment(np.dstack([grey] * 3), PROMPTS))


def test_another_array_is_refused(engine, rgb):
    for array in (rgb.astype(np.float32), rgb[..., :2], None):
        with pytest.raises(ImageError, match='uint8'):
            engine.segment(array, PROMPTS)


@pytest.mark.parametrize(('x', 'y'), [(-1, 20), (WIDTH, 20), (30, HEIGHT), (30, -0.6)])
def test_a_point_outside_of_the_image_is_refused_with_the_bounds(engine, rgb, x, y):
    with pytest.raises(PromptError, match='x from 0 to 63 and y from 0 to 47'):
        engine.segment(rgb, [*PROMPTS, Prompt.from_point(x, y, object_id=2)])


def test_a_box_is_cut_at_the_border_and_refused_outside_of_the_image(engine, rgb):
    cut = engine.segment(rgb, [Prompt.from_box(Box(40, 30, 900, 900))])
    inside = engine.segment(rgb, [Prompt.from_box(Box(40, 30, WIDTH - 1, HEIGHT - 1))])
    assert_same(cut, inside)
    with pytest.raises(PromptError, match='outside of the 64×48 image'):
        engine.segment(rgb, [Prompt.from_box(Box(70, 0, 90, 9))])


def test_a_prompt_beyond_the_capabilities_is_refused_with_what_the_engine_takes(engine, rgb):
    prompt = Prompt((Point(9, 9), Point(20, 20, positive=False)), Box(5, 5, 30, 30))
    if engine.capabilities.boxes_with_points:
        engine.segment(rgb, [prompt])
    else:
        with pytest.raises(PromptError, match=f"engine '{engine.name}' does not take .*it takes"):
            engine.segment(rgb, [prompt])


def test_open_engine_has_typed_options_and_no_others(tiny_network):
    with pytest.raises(TypeError, match='tread'):
        open_engine('host', model=tiny_network(), tread=2)
    with pytest.raises(EngineError, match=r'no option encoder \(of edgesam, cascade\)'):
        open_engine('host', model=tiny_network(), encoder='e.onnx')


def test_anything_but_a_list_of_prompts_is_refused_with_how_to_make_one(engine, rgb):
    prompt = Prompt.from_point(20, 20)
    with pytest.raises(PromptError, match=r'a single prompt was given; give a list: \[prompt\]'):
        engine.segment(rgb, prompt)
    with pytest.raises(PromptError, match=r'\(20, 20\) was given as a prompt; make one with'):
        engine.segment(rgb, [(20, 20)])


def test_coordinates_in_place_of_a_point_or_a_box_are_refused_with_the_class():
    with pytest.raises(PromptError, match=r'box \(1, 2, 30, 40\) was given; give Box\(x0'):
        Prompt.from_box((1, 2, 30, 40))
    with pytest.raises(PromptError, match=r'point \(1, 2\) was given; give Point\(x, y\)'):
        Prompt(points=((1, 2),))


@pytest.mark.parametrize('given', ['x', 1.5, -1])
def test_a_number_of_threads_that_is_none_is_refused(given, tiny_network):
    with pytest.raises(EngineError, match=f'threads {given!r} was given; allowed are 1 and more'):
        open_engine('host', model=tiny_network(), threads=given)


@pytest.mark.parametrize('sensor', [None, Sensor()], ids=['without a sensor', 'with one'])
def test_an_unknown_policy_is_refused_with_the_nearest_one(sensor):
    words = r"fallback_policy 'fil_gaps' was given \(did you mean 'fill_gaps'\?\); allowed are"
    with pytest.raises(EngineError, match=words):
        open_engine('auto', sensor=sensor, fallback_policy='fil_gaps')
