import pytest

from picosam_ros.errors import ViewerError
from picosam_ros.web import questions as limits
from picosam_ros.web.questions import Questions


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_answers_go_to_those_who_asked_in_their_order():
    questions = Questions()
    questions.ask('first', 1, 5)
    questions.ask('second', 2, 5)
    questions.ask('first', 3, 6)
    found = [questions.answered(object_id) for object_id in (5, 6, 5, 5)]
    assert [(q.who, q.tag) if q else None for q in found] == [
        ('first', 1),
        ('first', 3),
        ('second', 2),
        None,
    ]


def test_two_new_objects_never_get_one_id():
    clock = Clock()
    questions = Questions(clock)
    assert questions.free_id({1, 2, 4}) == 3
    questions.ask('first', 1, 3)
    assert questions.free_id({1, 2, 4}) == 5
    # Accepted, and on no picture yet.
    questions.answered(3)
    assert questions.free_id({1, 2, 4}) == 5
    clock.now += limits.HOLD_S
    assert questions.free_id({1, 2, 4}) == 3


def test_when_all_ids_are_taken_it_says_so():
    with pytest.raises(ViewerError, match='all ids from 1 to 254 are taken; remove an object'):
        Questions().free_id(set(range(1, 255)))


def test_a_question_that_nobody_answers_expires():
    clock = Clock()
    questions = Questions(clock)
    questions.ask('first', 1, 5)
    clock.now += limits.PATIENCE_S / 2
    questions.ask('second', 2, 6)
    assert questions.expired() == []
    clock.now += 0.6 * limits.PATIENCE_S
    assert [question.who for question in questions.expired()] == ['first']
    assert questions.answered(5) is None
    assert questions.answered(6).who == 'second'


def test_who_leaves_is_forgotten():
    questions = Questions()
    questions.ask('first', 1, 1)
    questions.forget('first')
    assert questions.answered(1) is None
    assert questions.free_id(set()) == 1
