from dataclasses import replace

import pytest
from helpers.square_engine import SharpEngine, SquareEngine, at, late, picture

from picosam_ros.prompt import Point
from picosam_ros.segmenter import Segmenter
from picosam_ros.tracking.tracker import Tracker


def test_a_prompt_for_an_earlier_frame_is_answered_on_that_frame_and_then_on_the_next():
    engine = SharpEngine()
    segmenter = Segmenter(engine)
    earlier, newest = picture(stamp_ns=1), picture(stamp_ns=2)
    segmenter.step(earlier)
    answer = segmenter.prompts.put(at(object_id=5), made_for=earlier)
    segmenter.prompts.put(at(object_id=6))
    first, second = segmenter.process(newest)
    assert (first.frame, first.late) == (earlier, True)
    assert [(m.prompt.object_id, m.prompt.generation) for m in first.masks] == [
        (5, answer.generation)
    ]
    assert (second.frame, second.late) == (newest, False)
    assert [mask.prompt.object_id for mask in second.masks] == [5, 6]
    assert engine.seen == [(1, []), (1, [5]), (2, [5, 6])]
    assert not late(segmenter, newest)


def test_a_prompt_for_the_frame_of_the_next_step_is_answered_there_only(segmenter):
    newest = picture(stamp_ns=2)
    segmenter.prompts.put(at(), made_for=newest)
    [result] = segmenter.process(newest)
    assert len(result.masks) == 1
    assert not late(segmenter, picture(stamp_ns=3))


def test_prompts_for_the_same_earlier_frame_are_answered_together(segmenter):
    earlier = picture(stamp_ns=1)
    for object_id in (1, 2, 3):
        segmenter.prompts.put(at(object_id=object_id), made_for=earlier)
    [result] = late(segmenter, picture(stamp_ns=2))
    assert [mask.prompt.object_id for mask in result.masks] == [1, 2, 3]


def test_a_prompt_that_was_replaced_or_removed_is_not_answered_on_its_earlier_frame(segmenter):
    earlier = picture(stamp_ns=1)
    for object_id in (1, 2):
        segmenter.prompts.put(at(object_id=object_id), made_for=earlier)
    segmenter.prompts.put(at(object_id=1))
    segmenter.prompts.remove(2)
    assert not late(segmenter, picture(stamp_ns=2))


def test_an_earlier_frame_that_the_engine_cannot_answer_leaves_it_to_the_next(segmenter, engine):
    engine.unanswered_ids = {1}
    segmenter.prompts.put(at(), made_for=picture(stamp_ns=1))
    assert not late(segmenter, picture(stamp_ns=2))
    engine.unanswered_ids = set()
    assert len(segmenter.step(picture(stamp_ns=2)).masks) == 1


def test_an_earlier_frame_of_another_size_is_not_looked_at(segmenter):
    segmenter.prompts.put(at(), made_for=picture(width=99, stamp_ns=1))
    [result] = segmenter.process(picture(stamp_ns=2))
    assert len(result.masks) == 1


def test_refining_may_be_meant_for_an_earlier_frame_too(segmenter):
    segmenter.prompts.put(at())
    earlier = picture(stamp_ns=1)
    segmenter.prompts.refine(1, [Point(9, 9)], made_for=earlier)
    [result] = late(segmenter, picture(stamp_ns=2))
    assert len(result.masks[0].prompt.points) == 2


def test_a_sensor_is_not_asked_about_a_frame_that_is_over():
    segmenter = Segmenter(engine := SharpEngine())
    earlier = replace(picture(stamp_ns=1), no_output='none')
    segmenter.step(earlier)
    assert engine.from_sensor
    segmenter.prompts.put(at(), made_for=earlier)
    [result] = late(segmenter, picture(stamp_ns=2))
    assert not engine.from_sensor
    assert result.frame is earlier


def test_a_replaced_object_is_looked_for_in_its_earlier_frame_where_the_new_prompt_says():
    class Aimed(SquareEngine):
        def segment_frame(self, frame, prompts):
            self.prompts = list(prompts)
            return super().segment_frame(frame, prompts)

    segmenter = Segmenter(engine := Aimed(), tracker=Tracker())
    earlier = picture(stamp_ns=1)
    segmenter.step(earlier)
    segmenter.prompts.put(at(100, 100))
    segmenter.step(picture(stamp_ns=2))
    answer = segmenter.prompts.put(at(500, 400), made_for=earlier)
    [result] = late(segmenter, picture(stamp_ns=3))
    [mask] = result.masks
    assert mask.prompt.generation == answer.generation
    assert mask.roi.x + mask.roi.width / 2 == pytest.approx(500, abs=1)
    segmenter.step(picture(stamp_ns=3))
    [followed] = engine.prompts
    assert (followed.points[0].x, followed.points[0].y) == pytest.approx((500, 400), abs=2)
    assert followed.square.width == mask.roi.width


def test_results_for_earlier_frames_come_before_the_engine_sees_the_next():
    segmenter = Segmenter(engine := SharpEngine())
    segmenter.step(picture(stamp_ns=1))
    segmenter.prompts.put(at(object_id=5), made_for=picture(stamp_ns=1))
    assert next(segmenter.process(picture(stamp_ns=2))).late
    assert engine.seen == [(1, []), (1, [5])]
