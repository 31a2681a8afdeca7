"""The interactive protocol, against a slow computation of its own and an engine that is known."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from helpers.labelled import rectangle

from picosam_ros.engines.base import Capabilities, Engine
from picosam_ros.errors import PromptError
from picosam_ros.evaluation.annotations import Annotations
from picosam_ros.evaluation.contact_sheet import draw_contact_sheet
from picosam_ros.evaluation.evaluator import Evaluator
from picosam_ros.evaluation.metrics import clicks_report
from picosam_ros.evaluation.protocols import interactions, next_click
from picosam_ros.mask import Mask
from picosam_ros.prompt import Point, Prompt
from picosam_ros.results import Segmentation
from picosam_ros.roi import Roi

SHAPE = (60, 80)


def filled(*rectangles, shape=SHAPE):
    """H×W bool, true on the pixels x0 <= x < x1, y0 <= y < y1 of each."""
    mask = np.zeros(shape, np.bool_)
    for x0, y0, x1, y1 in rectangles:
        mask[y0:y1, x0:x1] = True
    return mask


def mask_of(inside, prompt):
    """Return an engine's mask that covers these pixels of an image."""
    height, width = inside.shape
    logits = np.where(inside, np.float32(5), np.float32(-5))
    return Mask(prompt, logits, Roi(0, 0, width, height), width, height, 'known', 1.0)


# Where the next click goes


def regions(wrong):
    """Flood the connected regions, one pixel after the other."""
    left = {(int(y), int(x)) for y, x in zip(*np.nonzero(wrong), strict=True)}
    while left:
        found, rim = set(), {left.pop()}
        while rim:
            found |= rim
            near = {(y + dy, x + dx) for y, x in rim for dy in (-1, 0, 1) for dx in (-1, 0, 1)}
            rim = near & left
            left -= rim
        yield found


def depth(region, pixel):
    """Distance to the nearest pixel that is not of the region; beyond the border none is."""
    rows, columns = np.mgrid[-1 : SHAPE[0] + 1, -1 : SHAPE[1] + 1]
    outside = np.ones(rows.shape, np.bool_)
    outside[tuple(np.array(list(region)).T + 1)] = False
    return np.hypot(rows - pixel[0], columns - pixel[1])[outside].min()


@pytest.mark.parametrize('seed', range(8))
def test_the_click_is_the_innermost_pixel_of_the_largest_wrong_region(seed):
    rng = np.random.default_rng(seed)
    corners = rng.integers((-10, -10), SHAPE[::-1], (2, 6, 2)).clip(0)
    sides = rng.integers(4, 25, (2, 6, 2))
    answer, truth = (
        filled(*np.hstack((at, at + side))) for at, side in zip(corners, sides, strict=True)
    )
    click = next_click(answer, truth)
    kinds = {True: truth & ~answer, False: answer & ~truth}
    sizes = {kind: [len(region) for region in regions(wrong)] for kind, wrong in kinds.items()}
    assert max(sizes[click.positive]) == max(sizes[True] + sizes[False])
    pixel = click.y, click.x
    [chosen] = [region for region in regions(kinds[click.positive]) if pixel in region]
    assert len(chosen) == max(sizes[click.positive])
    assert depth(chosen, pixel) == pytest.approx(max(depth(chosen, one) for one in chosen))


def test_what_was_missed_is_clicked_as_the_object_and_what_is_too_much_as_not():
    truth = filled((10, 10, 31, 31))
    assert next_click(filled(), truth) == Point(20, 20, positive=True)
    assert next_click(truth | filled((50, 10, 71, 31)), truth) == Point(60, 20, positive=False)


def test_of_two_regions_of_one_size_what_was_missed_comes_first():
    assert next_click(filled((50, 10, 71, 31)), filled((10, 10, 31, 31))) == Point(20, 20)


def test_a_large_thin_region_comes_before_a_small_thick_one():
    thin, thick = (0, 50, 80, 53), (10, 10, 21, 21)
    assert next_click(filled(), filled(thin, thick)).y == 51


def test_at_the_border_of_the_picture_a_region_ends():
    assert next_click(filled(), filled((0, 0, 21, 60))).x == 10


def test_where_nothing_is_wrong_there_is_nothing_to_click():
    truth = filled((10, 10, 31, 31))
    assert next_click(truth, truth) is None
    assert next_click(filled(), filled((5, 5, 6, 6)), [Point(5, 5)]) is None


def test_a_pixel_is_not_clicked_twice():
    truth, earlier = filled((10, 10, 31, 31)), []
    for _ in range(20):
        earlier.append(next_click(filled(), truth, earlier))
    assert len(set(earlier)) == 20
    assert all(truth[point.y, point.x] for point in earlier)


# A conversation


def test_each_answer_is_to_all_clicks_so_far_as_one_prompt():
    asked = []

    def ask(prompt):
        asked.append(prompt)
        return mask_of(filled(), prompt)

    truth = filled((10, 10, 31, 31))
    made = list(interactions(ask, Prompt.from_point(20, 20), truth, 4))
    assert [prompt for prompt, _ in made] == asked
    assert [len(prompt.points) for prompt in asked] == [1, 2, 3, 4]
    for before, after in pairwise(asked):
        assert after.points[:-1] == before.points


def test_a_further_click_corrects_the_mask_that_it_is_about():
    truth, answers = filled((10, 10, 31, 31)), [filled((10, 10, 15, 31)), filled()]
    prompts = []

    def ask(prompt):
        prompts.append(prompt)
        return mask_of(answers[len(prompts) > 1], prompt)

    list(interactions(ask, Prompt.from_point(20, 20), truth, 3))
    first, second, third = (prompt.previous for prompt in prompts)
    assert first is None
    np.testing.assert_array_equal(second.logits > 0, answers[0])
    # An empty mask says nothing.
    assert third is None


def test_a_conversation_ends_when_nothing_is_wrong():
    truth = filled((10, 10, 31, 31))
    [_] = interactions(partial(mask_of, truth), Prompt.from_point(20, 20), truth, 4)


# The figures, worked out by hand


def test_clicks_to_a_goal_count_up_to_the_first_answer_that_reaches_it():
    ious = np.array([[0.85, 0.7, 0.95], [0.1, 0.8, 0.89], [0.2, 0.3, 0.4], [1.0, 1.0, 1.0]])
    report = clicks_report(ious, np.array([100, 2000, 20000, 100]))
    # To 80 %: 1, 2, never, 1. To 90 %: 3, never, never, 1. Never counts as all three clicks.
    assert (report['noc80'], report['reached80']) == ((1 + 2 + 3 + 1) / 4, 0.75)
    assert (report['noc90'], report['reached90']) == ((3 + 3 + 3 + 1) / 4, 0.5)
    assert [figures['miou'] for figures in report['after']] == pytest.approx(ious.mean(0), abs=1e-4)
    assert [figures['medium'] for figures in report['after']] == [0.1, 0.8, 0.89]


# Through the evaluator


class Painter(Engine):
    """Paints a square of 21 pixels around each click, and takes those around negative ones away."""

    name = 'painter'
    warning = ''
    description = {'model': 'square-21'}
    capabilities = Capabilities(negative_points=True, boxes=False, boxes_with_points=False)

    def open(self):
        self.asked = []

    def close(self):
        pass

    def segment_frame(self, frame, prompts):
        self.asked += [(frame, prompt) for prompt in prompts]
        return Segmentation(tuple(self._paint(frame, prompt) for prompt in prompts))

    def _paint(self, frame, prompt):
        logits = np.full((frame.height, frame.width), -1, np.float32)
        for point in prompt.points:
            x, y = int(point.x), int(point.y)
            logits[max(y - 10, 0) : y + 11, max(x - 10, 0) : x + 11] = 1 if point.positive else -1
        roi = Roi(0, 0, frame.width, frame.height)
        return Mask(prompt, logits, roi, frame.width, frame.height, self.name, 1.0)


@pytest.fixture
def evaluated(dataset):
    """Return a function that evaluates an engine with some clicks."""

    def make(clicks, engine=Painter):
        with Annotations(dataset.write()) as annotations, engine() as opened:
            made = Evaluator(opened, annotations, dataset.folder, 'full', clicks)
            list(made.evaluate())
            return made

    return make


def test_the_ious_are_those_of_the_known_answers(evaluated, dataset):
    # Three of the painter's squares in a row: the click is on the middle one.
    dataset.label(dataset.picture(), rectangle(20, 40, 83, 61))
    evaluator = evaluated(5)
    [score] = evaluator.scores
    assert score.ious == pytest.approx((1 / 3, 2 / 3, 1, 1, 1))
    report = evaluator.report()
    assert report['miou'] == pytest.approx(1 / 3, abs=1e-4)
    assert [figures['miou'] for figures in report['clicks']['after']][-1] == 1
    assert report['clicks']['noc80'] == report['clicks']['noc90'] == 3


def test_all_clicks_are_on_one_frame_so_that_an_engine_can_keep_what_it_knows_of_it(
    evaluated, dataset
):
    dataset.label(dataset.picture(), rectangle(20, 40, 83, 61))
    asked = evaluated(5).engine.asked
    # In the end it is asked for the masks that the first click could mean.
    assert [len(prompt.points) for _, prompt in asked] == [1, 2, 3, 1]
    assert len({id(frame) for frame, _ in asked}) == 1
    assert len({id(frame.pixels) for frame, _ in asked}) == 1


def test_one_click_is_the_protocol_as_it_is_without_clicks(evaluated, dataset):
    dataset.label(dataset.picture(), rectangle(20, 40, 83, 61))
    assert 'clicks' not in evaluated(1).report()


def test_an_engine_that_takes_no_negative_points_says_so(evaluated, dataset):
    class Willing(Painter):
        capabilities = Capabilities(negative_points=False, boxes=False, boxes_with_points=False)

    dataset.label(dataset.picture(), rectangle(20, 40, 31, 51))
    with pytest.raises(PromptError, match="'painter' does not take negative points"):
        evaluated(2, Willing)


def test_the_sheet_shows_the_answer_to_the_last_click(dataset):
    dataset.label(dataset.picture(), rectangle(20, 40, 83, 61))
    # Black under the translucent sky blue of an answer.
    answer, painted = (np.array((86, 180, 233)) * 0.42).astype(np.uint8), {}
    for clicks in (1, 3):
        with Annotations(dataset.write()) as annotations, Painter() as engine:
            evaluator = Evaluator(engine, annotations, dataset.folder, 'full', clicks)
            list(evaluator.evaluate())
            sheet = draw_contact_sheet(evaluator, 'a title')
        painted[clicks] = np.count_nonzero(np.abs(sheet.astype(int) - answer).max(2) < 4)
    assert painted[3] > 2.5 * painted[1]
