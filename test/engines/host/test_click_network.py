"""The network that takes clicks, a box and a previous mask: how often it runs, and what it says."""

import tracemalloc
from dataclasses import replace

import cv2
import numpy as np
import onnx
import pytest
from helpers.photo_clicks import (
    OBJECTS,
    answer,
    click_on,
    clicked,
    deepest,
    frame_of,
    iou,
    pixels_of,
)
from onnx import TensorProto, helper, numpy_helper

from picosam_ros.engines.host import HostEngine
from picosam_ros.engines.host.click_network import FURTHER_LOOKS, SIDE_SHARES, SIZES
from picosam_ros.engines.host.prompt_maps import BOX, NEGATIVE, POSITIVE, PREVIOUS
from picosam_ros.engines.runtimes import OnnxRuntimeNetwork
from picosam_ros.engines.work_limit import WorkLimit
from picosam_ros.frame import Frame
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.roi import Affine, Roi

# A square, and the three masks of a run.
NEW_CLICK = len(SIDE_SHARES) + 1
CORRECTION = 1 + len(FURTHER_LOOKS)
MASKS = 3

SCENE = 'coffee/handle'
# What has an outline of its own, as what is followed mostly has.
OUTLINED = ('astronaut/patch', 'chelsea/left eye', 'chelsea/right eye')


class NoTime(WorkLimit):
    def has_time(self):
        return False


# How often it runs


@pytest.mark.parametrize('name', OBJECTS)
def test_a_new_click_takes_a_run_for_each_square_and_one_more(engine, runs, name):
    clicked(engine, name)
    assert len(runs) == NEW_CLICK <= 6


def test_several_new_points_take_no_more_runs_than_one(engine, runs):
    points = Point(240, 60), Point(300, 120), Point(20, 20, positive=False)
    answer(engine, frame_of('coffee'), Prompt(points))
    assert len(runs) <= NEW_CLICK


@pytest.mark.parametrize(
    'prompt',
    [
        Prompt.from_box(Box(200, 150, 320, 240)),
        Prompt((Point(250, 200), Point(210, 160, positive=False)), box=Box(200, 150, 320, 240)),
        Prompt.from_point(250, 200, roi_size=100),
    ],
    ids=['box', 'box with points', 'a click with its size'],
)
def test_what_tells_its_size_takes_one_run(engine, runs, prompt):
    answer(engine, frame_of('coffee'), prompt)
    assert len(runs) == 1


def correction(prompt, mask):
    """Say that the middle of a mask is not of the object."""
    return prompt.refined((Point(*mask.centroid, positive=False),), mask.as_previous())


def test_a_correction_takes_three_runs(engine, runs):
    frame, prompt, mask = clicked(engine, SCENE)
    assert mask.agrees_with(Point(*mask.centroid))
    runs.clear()
    answer(engine, frame, correction(prompt, mask))
    assert len(runs) == CORRECTION


def test_a_negative_point_alone_corrects_a_mask_whose_prompt_had_no_point(engine, runs):
    frame, _, mask = clicked(engine, SCENE)
    prompt = correction(Prompt(previous=mask.as_previous()), mask)
    runs.clear()
    assert answer(engine, frame, prompt).prompt is prompt
    assert len(runs) == CORRECTION
    assert all(run.maps[..., PREVIOUS].any() for run in runs)


def test_a_frame_whose_time_is_spent_corrects_by_one_run(engine, runs):
    frame, prompt, mask = clicked(engine, SCENE)
    runs.clear()
    engine.set_work_limit(NoTime())
    answer(engine, frame, correction(prompt, mask))
    engine.set_work_limit(WorkLimit())
    assert len(runs) == 1


@pytest.mark.parametrize('points', [(), (Point(20, 20, positive=False),)], ids=['none', 'agreeing'])
def test_a_mask_that_no_point_disagrees_with_takes_one_run(engine, runs, points):
    frame, prompt, mask = clicked(engine, SCENE)
    runs.clear()
    answer(engine, frame, prompt.refined(points, mask.as_previous()))
    assert len(runs) == 1


def test_a_step_takes_the_runs_of_what_is_meant_and_those_of_one_more_click(engine, runs):
    frame, prompt, mask = clicked(engine, SCENE)
    runs.clear()
    answer(engine, frame, replace(prompt, size_step=1))
    assert len(runs) <= 2 * NEW_CLICK
    runs.clear()
    answer(engine, frame, replace(prompt, size_step=1, previous=mask.as_previous()))
    assert len(runs) <= 1 + NEW_CLICK


def test_a_step_from_a_followed_mask_takes_part_once_and_the_next_frame_one_run(engine, runs):
    frame, prompt, mask = clicked(engine, SCENE)
    larger = answer(engine, frame, replace(prompt, size_step=1, previous=mask.as_previous()))
    runs.clear()
    again = answer(engine, frame, prompt.refined((), larger.as_previous()))
    assert len(runs) == 1
    assert iou(again.to_image(), larger.to_image()) > 0.8


def test_squares_that_see_all_of_the_image_are_looked_at_more_closely(engine, runs):
    frame = frame_of('coffee')
    for box, side in (
        (Box(130, 190, 220, 230), min(SIZES)),
        (Box(10, 10, 470, 310), max(SIZES)),
    ):
        runs.clear()
        answer(engine, frame, Prompt.from_box(box))
        assert [run.side for run in runs] == [side]


# Large images


@pytest.fixture(scope='module')
def large():
    """Return an image of 12 megapixels, and the photo in it that its click is about."""
    pixels = np.zeros((3000, 4000, 3), np.uint8)
    pixels[1000:2000, 1000:2500] = cv2.resize(pixels_of('coffee'), (1500, 1000))
    return Frame(pixels)


def test_a_click_into_a_large_image_touches_no_array_of_all_of_its_pixels(engine, large):
    prompt = Prompt.from_point(1700, 1300)
    # What is planned once for each size of the input is no part of it.
    answer(engine, large, prompt)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        mask = answer(engine, large, prompt)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert mask.score > 0
    assert peak - before < large.width * large.height / 2


def test_masks_are_compared_without_pasting_any_into_the_image(engine, large, monkeypatch):
    monkeypatch.setattr('picosam_ros.mask.paste', None)
    prompt = Prompt.from_point(1700, 1300)
    mask = answer(engine, large, prompt)
    for step in (-1, 1):
        answer(engine, large, replace(prompt, size_step=step, previous=mask.as_previous()))


# Points that correct


@pytest.mark.parametrize('name', OBJECTS)
def test_a_positive_point_adds_what_was_missed(engine, name):
    frame, prompt, mask = clicked(engine, name)
    larger = answer(engine, frame, replace(prompt, size_step=1)).to_image()
    point = Point(*deepest(larger & ~mask.to_image()))
    assert not mask.agrees_with(point)
    better = answer(engine, frame, prompt.refined((point,), mask.as_previous()))
    assert better.agreeing_points == 2
    assert better.area > mask.area
    assert better.prompt.points == (*prompt.points, point)


@pytest.mark.parametrize('name', OBJECTS)
def test_a_negative_point_takes_away_what_is_too_much(engine, name):
    frame, prompt, mask = clicked(engine, name)
    smaller = answer(engine, frame, replace(prompt, size_step=-1)).to_image()
    point = Point(*deepest(mask.to_image() & ~smaller), positive=False)
    assert not mask.agrees_with(point)
    better = answer(engine, frame, prompt.refined((point,), mask.as_previous()))
    assert better.agreeing_points == 2
    assert better.area < mask.area


def test_a_correction_shows_the_network_all_points_and_the_previous_mask(engine, runs):
    frame, prompt, mask = clicked(engine, SCENE)
    more = Point(170, 175, positive=False), Point(150, 200)
    runs.clear()
    corrected = answer(engine, frame, prompt.refined(more, mask.as_previous()))
    run = runs[0]
    to_square = corrected.roi.affine_to(run.side, run.side)
    for point in (*prompt.points, *more):
        column, row = map(round, to_square(point.x, point.y))
        assert run.maps[row, column, POSITIVE if point.positive else NEGATIVE] > 230
    column, row = map(round, to_square(*mask.centroid))
    assert mask.agrees_with(Point(*mask.centroid))
    assert run.maps[row, column, PREVIOUS] > 127
    assert not run.maps[..., BOX].any()


def test_the_further_looks_at_a_correction_are_mirrored(engine, runs):
    frame, prompt, mask = clicked(engine, SCENE)
    runs.clear()
    corrected = answer(engine, frame, correction(prompt, mask))
    without, closer = runs[1:]
    for run, share in ((without, 1.2), (closer, 0.9)):
        square = Roi.square(*corrected.roi.centre, round(share * corrected.roi.width))
        to_square = square.affine_to(run.side, run.side)
        for point in (*prompt.points, Point(*mask.centroid, positive=False)):
            column, row = to_square(point.x, point.y)
            map_of = run.maps[..., POSITIVE if point.positive else NEGATIVE]
            assert map_of[round(row), round(run.side - 1 - column)] > 230
    assert not without.maps[..., PREVIOUS].any()
    assert closer.maps[..., PREVIOUS].any()
    assert closer.side > without.side


@pytest.mark.parametrize('far', [Point(30, 200), Point(460, 200), Point(180, 10), Point(180, 310)])
def test_the_square_of_a_correction_holds_the_mask_and_all_points(engine, far):
    frame, prompt, mask = clicked(engine, SCENE)
    roi = answer(engine, frame, prompt.refined((far,), mask.as_previous())).roi
    x1, y1 = roi.x + roi.width, roi.y + roi.height
    for x, y in ((far.x, far.y), (mask.box.x0, mask.box.y0), (mask.box.x1, mask.box.y1)):
        assert roi.x <= x < x1
        assert roi.y <= y < y1


@pytest.mark.parametrize('name', OUTLINED)
def test_a_previous_mask_alone_is_found_again_where_the_object_is_now(engine, name):
    _, _, mask = clicked(engine, name)
    moved = np.roll(mask.to_image(), (5, 7), (0, 1))
    again = answer(engine, frame_of(name, dx=7, dy=5), Prompt(previous=mask.as_previous()))
    assert iou(again.to_image(), moved) > 0.85
    assert iou(again.to_image(), moved) > iou(again.to_image(), mask.to_image())


@pytest.fixture
def halves(tmp_path):
    """Return an engine whose masks are the left, the right and the lower half of any square."""
    masks = np.full((1, MASKS, 32, 32), -5, np.float32)
    masks[0, 0, :, :16] = masks[0, 1, :, 16:] = masks[0, 2, 16:] = 5
    ratings = np.array([[0.9, 0.6, 0.3]], np.float32)
    value, uint8, float32 = helper.make_tensor_value_info, TensorProto.UINT8, TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node('Identity', ['masks'], ['logits']),
            helper.make_node('Identity', ['ratings'], ['rating']),
        ],
        'halves',
        [value('image', uint8, ['N', 64, 64, 3]), value('prompt', uint8, ['N', 64, 64, 4])],
        [value('logits', float32, ['N', 3, 32, 32]), value('rating', float32, ['N', 3])],
        [numpy_helper.from_array(masks, 'masks'), numpy_helper.from_array(ratings, 'ratings')],
    )
    path = tmp_path / 'halves.onnx'
    opset = [helper.make_opsetid('', 13)]
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=opset), path)
    with HostEngine(model=str(path), threads=1) as engine:
        yield engine


@pytest.mark.parametrize(
    ('points', 'score'),
    [
        ([], 0.9),
        ([Point(20, 50)], 0.9),
        ([Point(80, 20)], 0.6),
        ([Point(20, 50, positive=False)], 0.6),
        ([Point(20, 80), Point(80, 80)], 0.3),
        ([Point(20, 20, positive=False), Point(80, 20, positive=False)], 0.3),
        ([Point(20, 20), Point(80, 20), Point(80, 80)], 0.6),
    ],
    ids=['none', 'left', 'right', 'not left', 'lower', 'not upper', 'most of them'],
)
def test_of_the_masks_of_a_run_the_best_rated_that_agrees_with_most_points_is_taken(
    halves, points, score
):
    frame = Frame(np.zeros((100, 100, 3), np.uint8))
    mask = answer(halves, frame, Prompt(tuple(points), box=Box(0, 0, 99, 99)))
    assert mask.score == pytest.approx(score)


# What the square cuts off


IN_THE_MIDDLE = Prompt.from_box(Box(40, 40, 59, 59))
AROUND_IT, LARGER = 28, 42


def test_a_mask_that_reaches_the_rim_is_made_again_in_a_larger_square_around(halves, runs):
    mask = answer(halves, Frame(np.zeros((100, 100, 3), np.uint8)), IN_THE_MIDDLE)
    assert mask.roi.width == LARGER
    assert mask.prompt is IN_THE_MIDDLE
    first, again = runs
    assert not first.maps[..., PREVIOUS].any()
    assert again.maps[..., PREVIOUS].any()
    assert mask.candidates == MASKS


@pytest.mark.parametrize(
    'prompt',
    [
        Prompt.from_point(50, 50, roi_size=AROUND_IT),
        Prompt.from_box(Box(0, 0, 99, 99)),
    ],
    ids=['its side was given', 'the image ends there'],
)
def test_a_mask_that_reaches_the_rim_stays_where_that_is_no_cut(halves, runs, prompt):
    answer(halves, Frame(np.zeros((100, 100, 3), np.uint8)), prompt)
    assert len(runs) == 1


def test_a_mask_that_the_user_chose_stays_though_it_is_cut(halves, runs):
    frame = Frame(np.zeros((100, 100, 3), np.uint8))
    cut = answer(halves, frame, IN_THE_MIDDLE)
    runs.clear()
    chosen = replace(cut.as_previous(), chosen=True)
    assert answer(halves, frame, Prompt(previous=chosen)).roi != cut.roi
    assert len(runs) == 1


def test_a_frame_whose_time_is_spent_keeps_the_mask_that_is_cut(halves, runs):
    halves.set_work_limit(NoTime())
    mask = answer(halves, Frame(np.zeros((100, 100, 3), np.uint8)), IN_THE_MIDDLE)
    halves.set_work_limit(WorkLimit())
    assert mask.roi.width == AROUND_IT
    assert len(runs) == 1


@pytest.mark.parametrize('name', OUTLINED)
def test_an_object_that_comes_closer_at_once_is_seen_whole_in_the_same_frame(engine, name):
    frame, _, mask = clicked(engine, name)
    x, y = mask.centroid
    far = mask.as_previous().moved(Affine(0.8, 0.8, 0.2 * x, 0.2 * y))
    found = answer(engine, frame, Prompt(previous=far))
    assert iou(found.to_image(), mask.to_image()) > 0.85


# Boxes


@pytest.mark.parametrize('name', OBJECTS)
def test_a_box_around_an_object_shows_it(engine, name):
    frame, _, mask = clicked(engine, name)
    boxed = answer(engine, frame, Prompt.from_box(mask.box))
    assert iou(boxed.to_image(), mask.to_image()) > 0.9


def test_a_point_in_a_box_says_which_of_the_things_in_it(engine):
    frame = frame_of('chelsea')
    eyes = [answer(engine, frame, click_on(f'chelsea/{side} eye')) for side in ('left', 'right')]
    boxes = [eye.box for eye in eyes]
    both = Box(
        min(box.x0 for box in boxes),
        min(box.y0 for box in boxes),
        max(box.x1 for box in boxes),
        max(box.y1 for box in boxes),
    )
    for eye, other in (eyes, eyes[::-1]):
        points = Point(*eye.centroid), Point(*other.centroid, positive=False)
        mask = answer(engine, frame, Prompt(points, box=both))
        assert mask.agreeing_points == 2


# Candidates


@pytest.mark.parametrize('name', OBJECTS)
def test_a_new_click_is_chosen_from_the_masks_of_all_squares(engine, name):
    frame, prompt, mask = clicked(engine, name)
    proposed = engine.candidates(frame, prompt)
    assert mask.candidates == len(proposed) == MASKS * len(SIDE_SHARES)
    scores = [one.score for one in proposed]
    assert scores == sorted(scores, reverse=True)
    assert {one.prompt for one in proposed} == {prompt}


def test_what_takes_one_run_is_chosen_from_the_masks_of_that(engine):
    frame, prompt = frame_of(SCENE), Prompt.from_box(Box(200, 150, 320, 240))
    proposed = engine.candidates(frame, prompt)
    assert len(proposed) == answer(engine, frame, prompt).candidates == MASKS
    assert len({one.roi for one in proposed}) == 1


def test_in_a_small_image_no_square_is_tried_twice(engine, runs):
    frame = Frame(np.ascontiguousarray(pixels_of('coffee')[100:160, 200:260]))
    mask = answer(engine, frame, Prompt.from_point(30, 30))
    assert mask.candidates == MASKS * len(
        {one.roi for one in engine.candidates(frame, mask.prompt)}
    )
    assert mask.candidates < MASKS * len(SIDE_SHARES)


def test_a_mask_stays_as_it_is_when_the_engine_goes_on(engine):
    frame, _, mask = clicked(engine, SCENE)
    before = mask.logits.copy()
    answer(engine, Frame(255 - frame.pixels), Prompt.from_box(Box(20, 30, 300, 200)))
    np.testing.assert_array_equal(mask.logits, before)


def test_nothing_to_see_is_an_answer(engine):
    frame = Frame(np.zeros((60, 80, 3), np.uint8))
    for prompt in (Prompt.from_point(0, 0), Prompt.from_box(Box(70, 50, 79, 59))):
        for step in (-1, 0, 1):
            assert answer(engine, frame, replace(prompt, size_step=step)).prompt.object_id == 1


def test_an_interrupted_call_ends_after_the_run_that_it_is_at(engine, monkeypatch):
    prompts = [Prompt.from_point(40 * n, 60, object_id=n) for n in range(1, 9)]
    run = OnnxRuntimeNetwork.run
    runs = []

    def interrupting(network, feed, wanted):
        runs.append(wanted)
        engine.interrupt()
        return run(network, feed, wanted)

    with monkeypatch.context() as patched:
        patched.setattr(OnnxRuntimeNetwork, 'run', interrupting)
        made = engine.segment(frame_of(SCENE), prompts)
    engine.interrupt(False)
    assert len(runs) == 1
    assert not made.masks
    left = [(each.prompt.object_id, each.reason) for each in made.unanswered]
    assert left == [(number, 'interrupted') for number in range(1, 9)]
    assert len(engine.segment(frame_of(SCENE), prompts).masks) == 8


# Larger and smaller


@pytest.mark.parametrize('step', [1, -1], ids=['larger', 'smaller'])
@pytest.mark.parametrize('name', OBJECTS)
def test_a_new_click_with_a_step_is_another_object_of_that_place(engine, name, step):
    frame, prompt, mask = clicked(engine, name)
    stepped = answer(engine, frame, replace(prompt, size_step=step))
    assert np.sign(stepped.area - mask.area) == step
    assert stepped.agreeing_points == 1
    assert stepped.prompt.size_step == step


@pytest.mark.parametrize('step', [1, -1], ids=['larger', 'smaller'])
@pytest.mark.parametrize('name', ['astronaut/patch', 'chelsea/left eye', 'coffee/handle'])
def test_steps_from_the_present_mask_go_on_until_there_is_no_other_and_then_it_stays(
    engine, name, step
):
    frame, prompt, mask = clicked(engine, name)
    areas = [mask.area]
    for _ in range(10):
        asked = replace(prompt, size_step=step, previous=mask.as_previous())
        mask = answer(engine, frame, asked)
        areas.append(mask.area)
        if abs(areas[-1] - areas[-2]) < 0.2 * areas[-2]:
            break
    else:
        pytest.fail(f'no end: {areas}')
    *changed, before, last = areas
    assert [*changed, before] == sorted([*changed, before], reverse=step < 0)
    assert last == pytest.approx(before, rel=0.2)


def test_two_steps_are_no_less_than_one(engine):
    frame, prompt, mask = clicked(engine, SCENE)
    once, twice = (answer(engine, frame, replace(prompt, size_step=n)).area for n in (1, 2))
    assert mask.area < once < twice


@pytest.mark.parametrize(
    'prompt',
    [
        Prompt.from_box(Box(150, 165, 210, 215)),
        Prompt((Point(10, 10, positive=False),), box=Box(150, 165, 210, 215)),
    ],
    ids=['box', 'box with a negative point'],
)
def test_a_step_from_what_has_no_positive_point_is_one_at_its_middle(engine, prompt):
    frame = frame_of('coffee')
    larger, meant, smaller = (
        answer(engine, frame, replace(prompt, size_step=step)) for step in (1, 0, -1)
    )
    assert smaller.area < meant.area < larger.area
    assert larger.prompt.box == prompt.box
