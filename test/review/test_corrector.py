"""Clicks correct the mask of a label."""

from contextlib import closing

import numpy as np
import pytest
from helpers.review_project import HEIGHT, WIDTH, centre_of, disc, frame, label
from helpers.square_engine import SquareEngine

from picosam_ros.engines import make_engine
from picosam_ros.engines.base import Capabilities
from picosam_ros.errors import DatasetError, EngineError, PromptError
from picosam_ros.prompt import Box, Point
from picosam_ros.review.corrector import Corrector, previous_mask

CENTRE = Point(*centre_of(0))
DISC = disc(*centre_of(0))
AWAY = label(1, disc(200, 60), 'the mask jumped')


def iou(one, inside):
    found = one.to_image(WIDTH, HEIGHT) > 0
    return (found & inside).sum() / (found | inside).sum()


def test_a_click_gives_the_object_that_is_clicked_and_ends_the_doubt(tiny_network):
    engine = make_engine('host', model=tiny_network(), threads=1)
    with closing(Corrector(engine)) as corrector:
        corrected = corrector.correct(frame(0), AWAY, [CENTRE])
    assert iou(corrected, DISC) > 0.9
    assert (corrected.object_id, corrected.name, corrected.doubt) == (1, 'ball', '')


def test_an_object_without_a_mask_gets_one(tiny_network):
    engine = make_engine('host', model=tiny_network(), threads=1)
    with closing(Corrector(engine)) as corrector:
        assert iou(corrector.correct(frame(0), label(1), [CENTRE]), DISC) > 0.9
        with pytest.raises(PromptError, match='nothing is left of object 1; click on it, or'):
            corrector.correct(frame(0), label(1), [Point(300, 20)])


class Recording(SquareEngine):
    """An engine that notes its prompts."""

    capabilities = Capabilities(negative_points=True, boxes=True, boxes_with_points=True)

    def __init__(self):
        super().__init__()
        self.prompts = []

    def segment_frame(self, frame, prompts):
        self.prompts += prompts
        return super().segment_frame(frame, prompts)


def test_the_engine_gets_the_present_mask_and_all_points():
    engine = Recording()
    points = [CENTRE, Point(200, 60, positive=False)]
    Corrector(engine).correct(frame(0), AWAY, points)
    [prompt] = engine.prompts
    assert prompt.points == tuple(points)
    assert prompt.object_id == 1
    assert prompt.previous.box == Box(176, 36, 224, 84)
    assert not prompt.previous.agrees_with(CENTRE)
    assert prompt.previous.agrees_with(Point(200, 60))


def test_why_a_click_has_no_answer_is_told():
    engine = Recording()
    engine.unanswered_ids.add(1)
    with pytest.raises(PromptError, match='the click is not answered: no tensor'):
        Corrector(engine).correct(frame(0), AWAY, [CENTRE])


def test_an_engine_that_takes_no_negative_points_says_so():
    with pytest.raises(PromptError, match="engine 'square' does not take negative points"):
        Corrector(SquareEngine()).correct(frame(0), AWAY, [Point(9, 9, positive=False)])


def test_an_engine_that_cannot_be_opened_says_so_at_each_click(monkeypatch):
    engine = SquareEngine()

    def fail():
        raise EngineError('the runtime is gone')

    monkeypatch.setattr(engine, 'open', fail)
    for _ in range(2):
        with pytest.raises(EngineError, match='the runtime is gone'):
            Corrector(engine).correct(frame(0), AWAY, [CENTRE])


@pytest.mark.parametrize('place', [(0, 0), (WIDTH - 1, HEIGHT - 1), (160, 120)])
def test_a_mask_is_handed_to_the_engine_pixel_for_pixel_also_at_the_border(place):
    inside = disc(*place)
    previous = previous_mask(label(1, inside), WIDTH, HEIGHT)
    roi = previous.roi
    pasted = np.zeros((HEIGHT + 2, WIDTH + 2), bool)
    rows, columns = previous.logits.shape
    pasted[roi.y + 1 : roi.y + 1 + rows, roi.x + 1 : roi.x + 1 + columns] = previous.logits > 0
    assert np.array_equal(pasted[1:-1, 1:-1], inside)


def test_of_no_mask_there_is_none_and_of_another_image_it_is_an_error():
    assert previous_mask(label(1), WIDTH, HEIGHT) is None
    assert previous_mask(label(1, np.zeros((HEIGHT, WIDTH), bool)), WIDTH, HEIGHT) is None
    with pytest.raises(DatasetError, match='run lengths cover 76800 pixels'):
        previous_mask(label(1, DISC), WIDTH, HEIGHT + 1)
