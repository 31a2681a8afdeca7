"""Which proposal a click means, by what was learnt; and which is the next in size."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from helpers.disc_masks import disc
from helpers.photo_clicks import OBJECTS, answer, click_on, frame_of
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.engines.host import HostEngine
from picosam_ros.engines.host.agreement import STEP_IN_AREA, agreement, area_of, most_agreed
from picosam_ros.engines.host.candidates import NAMES, describe
from picosam_ros.engines.host.choice import (
    PROPERTY,
    LearntChoice,
    by_size,
    choice_of,
    step_by_size,
)
from picosam_ros.errors import ModelError
from picosam_ros.models import DEFAULT_MODEL, find_model

WIDTH = len(NAMES)


def preferring(**weights):
    """Return a choice by the weighted sum of named numbers, which are within five deviations."""
    weight = np.zeros((WIDTH, 1), np.float32)
    for name, value in weights.items():
        weight[NAMES.index(name)] = value
    mean, deviation = np.zeros(WIDTH, np.float32), np.full(WIDTH, 4, np.float32)
    return LearntChoice(mean, deviation, ((weight, np.zeros(1, np.float32)),))


def drawn(seed, hidden=8):
    """Return a choice with two hidden layers, drawn."""
    rng = np.random.default_rng(seed)

    def array(*shape):
        return rng.normal(size=shape).astype(np.float32)

    sizes = ((WIDTH, hidden), (hidden, hidden), (hidden, 1))
    layers = tuple((array(*size), array(size[1])) for size in sizes)
    return LearntChoice(array(WIDTH), np.exp(array(WIDTH)), layers)


SMALL, MIDDLING, LARGE = (disc(160, 120, radius, side=4 * radius) for radius in (10, 20, 40))
MASKS = [MIDDLING, LARGE, SMALL]


# The network


@pytest.mark.parametrize(('sign', 'chosen'), [(1, LARGE), (-1, SMALL)])
def test_the_mask_with_the_highest_score_is_the_one_that_the_weights_prefer(sign, chosen):
    scores = preferring(area=sign)(MASKS)
    assert scores.shape == (3,)
    assert MASKS[int(np.argmax(scores))] is chosen


def test_all_of_the_image_is_meant_only_where_there_is_nothing_else():
    all_of_it, nothing = disc(160, 120, 400, side=640), disc(160, 120, -1, side=80)
    choice = preferring(area=1)
    scores = choice([SMALL, all_of_it, nothing, LARGE])
    assert np.argsort(scores).tolist() == [2, 1, 0, 3]
    assert choice([nothing, all_of_it]).argmax() == 1


def test_a_hidden_layer_passes_on_what_is_above_zero_and_numbers_far_off_are_clipped():
    choice = drawn(3)
    numbers = describe(MASKS)
    values = np.clip((numbers - choice.mean) / choice.deviation, -5, 5)
    (first, a), (second, b), (last, c) = choice.layers
    hidden = np.maximum(np.maximum(values @ first + a, 0) @ second + b, 0)
    np.testing.assert_allclose(choice(MASKS), (hidden @ last + c)[:, 0], rtol=1e-5)
    assert np.abs(choice.scores(1e9 * numbers)).max() < 1e5


@pytest.mark.parametrize('seed', range(5))
def test_a_choice_comes_back_from_its_text_to_the_bit(seed):
    choice = drawn(seed)
    again = LearntChoice.from_json(choice.to_json())
    for before, after in (
        (choice.mean, again.mean),
        (choice.deviation, again.deviation),
        *(
            (b, a)
            for bs, as_ in zip(choice.layers, again.layers, strict=True)
            for b, a in zip(bs, as_, strict=True)
        ),
    ):
        assert after.dtype == np.float32
        assert after.tobytes() == before.tobytes()
        assert after.shape == before.shape
    assert again(MASKS).tobytes() == choice(MASKS).tobytes()


def changed(**entries):
    return json.dumps(json.loads(drawn(0).to_json()) | entries)


LAYERS = json.loads(drawn(0).to_json())['layers']
REFUSED = {
    'nothing': '',
    'cut off': drawn(0).to_json()[:-9],
    'a list': '[]',
    'a number': '7',
    'deep': '[' * 200_000,
    'no mean': json.dumps({'numbers': list(NAMES)}),
    'ragged': changed(layers=[[[[1, 2], [3]], [0]]]),
    'words': changed(mean=['much'] * WIDTH),
    'a layer without bias': changed(layers=[LAYERS[0][:1]]),
    'too large for a float': changed(mean=[10**400] * WIDTH),
    'other numbers': changed(numbers=[*NAMES[:-1], 'square_6']),
    'another order': changed(numbers=[*NAMES[::-1]]),
    'fewer numbers': changed(numbers=list(NAMES[:-1])),
    'short mean': changed(mean=[0.0] * (WIDTH - 1)),
    'a table of means': changed(mean=[[0.0] * WIDTH]),
    'zero deviation': changed(deviation=[0.0] + [1.0] * (WIDTH - 1)),
    'negative deviation': changed(deviation=[-1.0] * WIDTH),
    'NaN in the mean': changed(mean=[float('nan')] * WIDTH),
    'infinite weights': changed(layers=[[[[float('inf')]] * WIDTH, [0.0]]]),
    'no layers': changed(layers=[]),
    'more than one score': changed(layers=LAYERS[:-1]),
    'layers that do not follow': changed(layers=[LAYERS[0], LAYERS[2], LAYERS[1]]),
    'a bias of another length': changed(layers=[*LAYERS[:2], [LAYERS[2][0], [0.0, 0.0]]]),
}


@pytest.mark.parametrize('text', REFUSED.values(), ids=REFUSED)
def test_what_is_no_choice_is_refused_with_what_to_do(text):
    with pytest.raises(
        ModelError, match=r'its learnt choice .*python -m training\.choice'
    ) as raised:
        LearntChoice.from_json(text)
    assert len(str(raised.value)) < 300


@given(
    st.text()
    | st.recursive(
        st.none() | st.floats() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(['numbers', 'mean', 'deviation', 'layers']), inner)
        ),
    ).map(json.dumps)
)
def test_any_text_is_refused_like_that(text):
    with pytest.raises(ModelError, match=r'training\.choice'):
        LearntChoice.from_json(text)


# The file


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    """Return a function that writes the shipped network with a text as its choice, or none."""

    def write(name, text=None):
        model = onnx.load(find_model(DEFAULT_MODEL).path)
        properties = {entry.key: entry.value for entry in model.metadata_props}
        properties.pop(PROPERTY, None)
        if text is not None:
            properties[PROPERTY] = text
        onnx.helper.set_model_props(model, properties)
        path = tmp_path_factory.mktemp('choice') / f'{name}.onnx'
        onnx.save(model, path)
        return str(path)

    return write


CHOICES = {
    'largest': preferring(area=1),
    'smallest': preferring(area=-1),
    'best rated': preferring(rating=1),
    'none': None,
}


@pytest.fixture(scope='module')
def engines(written):
    """Open an engine for each of CHOICES."""
    opened = {}
    for name, choice in CHOICES.items():
        path = written(name.replace(' ', '_'), choice and choice.to_json())
        opened[name] = HostEngine(model=path, threads=1)
        opened[name].open()
    yield opened
    for engine in opened.values():
        engine.close()


@pytest.fixture
def proposed(monkeypatch):
    """Let engines answer with the proposal itself, without a second look."""
    network = 'picosam_ros.engines.host.click_network'
    monkeypatch.setattr(f'{network}.ClickNetwork._once_more', lambda *given: given[-1])
    monkeypatch.setattr(f'{network}.is_cut', lambda _: False)


def same(one, other):
    """Whether they are one mask of one run; the engine takes specks away from what it answers."""
    return (one.roi, one.score) == (other.roi, other.score)


@pytest.mark.usefixtures('proposed')
@pytest.mark.parametrize('name', OBJECTS)
def test_the_engine_takes_the_proposal_that_the_choice_in_the_file_prefers(engines, name):
    frame, prompt = frame_of(name), click_on(name)
    masks = engines['none'].candidates(frame, prompt)
    areas = describe(masks)[:, NAMES.index('area')]
    expected = {
        'largest': masks[int(np.argmax(areas))],
        'smallest': masks[int(np.argmin(areas))],
        'best rated': masks[0],
        'none': masks[most_agreed(masks)],
    }
    for kind, mask in expected.items():
        assert same(answer(engines[kind], frame, prompt), mask), kind


@pytest.mark.parametrize('name', OBJECTS)
def test_what_was_chosen_is_looked_at_once_more_and_can_be_stepped_from(engines, name):
    frame, prompt = frame_of(name), click_on(name)
    small, large = (answer(engines[kind], frame, prompt) for kind in ('smallest', 'largest'))
    assert 4 * small.area < large.area
    assert small.candidates == large.candidates == len(engines['none'].candidates(frame, prompt))
    for kind, mask, step in (('smallest', small, 1), ('largest', large, -1)):
        stepped = answer(engines[kind], frame, replace(prompt, size_step=step))
        assert np.sign(stepped.area - mask.area) == step


def test_without_a_choice_the_scores_are_those_of_agreement():
    scores = choice_of({'producer': 'someone'})(MASKS)
    assert scores.tobytes() == agreement(MASKS).tobytes()
    learnt = choice_of({'producer': 'someone', PROPERTY: preferring(area=1).to_json()})
    assert learnt(MASKS).tobytes() == preferring(area=1)(MASKS).tobytes()


@pytest.mark.parametrize('text', ['', '{', changed(deviation=[0.0] * WIDTH)])
def test_an_engine_does_not_open_with_a_damaged_choice(written, text):
    path = written('damaged', text)
    with pytest.raises(ModelError) as refusal:
        HostEngine(model=path, threads=1).open()
    sentence = str(refusal.value)
    assert sentence.startswith(f'model file {path}: its learnt choice ')
    assert sentence.endswith('; fit it again with `python -m training.choice`')


# Sizes


def rated(*given):
    """Return discs of so large radii, and their scores."""
    radii, scores = zip(*given, strict=True)
    return [disc(160, 120, radius, side=4 * radius) for radius in radii], np.array(scores)


def test_there_is_one_mask_of_each_size_the_best_scored_one_and_they_come_by_area():
    masks, scores = rated((40, 0.5), (10, 0.1), (42, 0.9), (20, 0.3), (21, 0.2), (38, 0.7))
    assert by_size(masks, scores) == [masks[1], masks[3], masks[2]]


def test_between_two_sizes_a_better_mask_takes_the_place_of_both():
    masks, scores = rated((40, 0.5), (46, 0.9), (52, 0.6))
    assert by_size(masks, scores) == [masks[1]]
    assert by_size(masks, -scores) == [masks[0], masks[2]]


@given(st.lists(st.tuples(st.integers(5, 110), st.integers(-9, 9)), min_size=1, max_size=9))
def test_no_two_sizes_are_within_the_factor_and_the_best_of_all_is_one_of_them(given_masks):
    masks, scores = rated(*given_masks)
    sizes = by_size(masks, scores)
    areas = np.array([area_of(mask) for mask in sizes])
    assert (areas[1:] > STEP_IN_AREA * areas[:-1]).all()
    assert masks[int(np.argmax(scores))] in sizes
    for mask, score in zip(masks, scores, strict=True):
        rivals = [
            scores[masks.index(size)]
            for size in sizes
            if max(area_of(mask), area_of(size)) <= STEP_IN_AREA * min(area_of(mask), area_of(size))
        ]
        assert max(rivals) >= score


def test_what_is_empty_has_no_size():
    empty = disc(160, 120, -1)
    assert by_size([empty, SMALL, empty], np.array([3.0, 1.0, 2.0])) == [SMALL]
    assert by_size([empty], np.ones(1)) == by_size([], np.ones(0)) == []


# Steps

RADII = (10, 20, 40, 80)
OF_RADII = [disc(160, 120, radius, side=4 * radius) for radius in RADII[::-1]]
EQUAL = np.ones(len(RADII))


def area(radius):
    return np.pi * radius**2


@pytest.mark.parametrize(
    ('radius', 'step', 'expected'),
    [
        (20, 1, 40),
        (20, -1, 10),
        (20, 2, 80),
        (40, -2, 10),
        (80, -3, 10),
        (25, 1, 40),
        (30, -1, 20),
        (20, 7, 80),
        (20, -7, 10),
        (5, 1, 10),
        (5, 3, 40),
        (200, -1, 80),
        (200, -4, 10),
        (200, 1, None),
        (80, 1, None),
        (78, 1, None),
        (10, -1, None),
        (11, -2, None),
    ],
)
def test_a_step_goes_so_many_sizes_on_and_stays_at_the_last_one(radius, step, expected):
    found = step_by_size(OF_RADII, EQUAL, area(radius), step)
    assert found is (None if expected is None else OF_RADII[RADII[::-1].index(expected)])


def test_of_those_that_are_about_as_large_a_step_takes_the_best_scored():
    masks, scores = rated((80, 0.9), (40, 0.5), (41, 0.5), (42, 0.6), (43, 0.5))
    worse = [replace(mask, score=1 - 0.5 * (n == 3)) for n, mask in enumerate(masks)]
    for step, start in ((1, 20), (-1, 60)):
        assert step_by_size(worse, scores, area(start), step) is worse[3]


@pytest.mark.parametrize('step', [1, -1])
def test_there_is_no_step_to_nothing(step):
    empty = disc(160, 120, -1)
    assert step_by_size([empty, empty], np.ones(2), area(20), step) is None
    assert step_by_size([], np.ones(0), area(20), step) is None
