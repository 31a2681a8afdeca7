import pytest

from picosam_ros.errors import ViewerError
from picosam_ros.viewer import pending as limits
from picosam_ros.viewer.pending import Questions


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_answers_go_to_those_who_asked_in_their_order():
    questions = Questions()
    questions.ask('first', 1, 5, starts=True)
    questions.ask('second', 2, 5, starts=True)
    questions.ask('first', 3, 6, starts=True)
    found = [questions.answered(object_id, accepted=True) for object_id in (5, 6, 5, 5)]
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
    questions.ask('first', 1, 3, starts=True)
    assert questions.free_id({1, 2, 4}) == 5
    # Accepted, and on no picture yet.
    questions.answered(3, accepted=True)
    assert questions.free_id({1, 2, 4}) == 5
    clock.now += limits.HOLD_S
    assert questions.free_id({1, 2, 4}) == 3


def test_an_id_is_free_again_once_its_object_was_seen_or_refused_or_removed():
    questions = Questions()
    for accepted, starts in ((True, True), (False, True), (True, False)):
        questions.ask('first', 1, 1, starts=starts)
        questions.answered(1, accepted=accepted)
        questions.seen({1} if accepted and starts else set())
        assert questions.free_id(set()) == 1


def test_when_all_ids_are_taken_it_says_so():
    with pytest.raises(ViewerError, match='all ids from 1 to 254 are taken; remove an object'):
        Questions().free_id(set(range(1, 255)))


def test_a_question_that_nobody_answers_expires():
    clock = Clock()
    questions = Questions(clock)
    questions.ask('first', 1, 5, starts=True)
    clock.now += limits.PATIENCE_S / 2
    questions.ask('second', 2, 6, starts=True)
    assert questions.expired() == []
    clock.now += 0.6 * limits.PATIENCE_S
    assert [question.who for question in questions.expired()] == ['first']
    assert questions.answered(5, accepted=True) is None
    assert questions.answered(6, accepted=True).who == 'second'


def test_who_leaves_is_forgotten():
    questions = Questions()
    questions.ask('first', 1, 1, starts=True)
    questions.forget('first')
    assert questions.answered(1, accepted=True) is None
    assert questions.free_id(set()) == 1
