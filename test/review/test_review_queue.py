"""The order of doubted images, and what an answer changes."""

from contextlib import closing

import pytest
from helpers.review_project import JUMPED, SHRANK, disc, doubted, label

from picosam_ros.errors import ViewerError
from picosam_ros.labelling.decisions import Decision, Decisions
from picosam_ros.review.queue import Queue

ELSEWHERE = label(1, disc(100, 100))


@pytest.fixture
def make(tmp_path):
    """Return a function that makes a queue of images; its decisions are in one file."""
    decisions = Decisions(tmp_path / 'decisions.jsonl')
    with closing(decisions):
        decisions.open()
        yield lambda *images: Queue(images, decisions)


def answers(queue):
    return ''.join({'accepted': 'a', 'rejected': 'r', '': '.'}[queue.answer(i)] for i in range(6))


def six(**options):
    return [doubted(number, **options) for number in range(6)]


def test_an_accepted_image_has_the_labels_that_were_corrected_and_no_doubt(make):
    two = label(1, disc(60, 120), JUMPED), label(2, disc(200, 60))
    queue = make(doubted(3, *two))
    queue.accept(0, [ELSEWHERE])
    assert queue.answer(0) == 'accepted'
    assert queue.labelled(0).labels == (ELSEWHERE, two[1])
    assert queue.labelled(0).doubts == ()
    assert queue.doubted[0].image.doubts != ()


def test_an_object_that_is_not_there_is_accepted_without_a_mask(make):
    queue = make(doubted(3))
    queue.accept(0, [label(1)])
    assert [one.counts for one in queue.labelled(0).labels] == ['']


def test_an_image_is_open_again_when_a_further_object_in_it_is_in_doubt(make):
    one, two = label(1, disc(60, 120), JUMPED), label(2, disc(200, 60), SHRANK)
    make(doubted(3, one)).accept(0)
    assert make(doubted(3, one)).answer(0) == 'accepted'
    assert make(doubted(3, one, two)).answer(0) == ''


def test_an_answer_about_an_object_of_another_class_is_none(make):
    make(doubted(3, label(1, disc(60, 120), JUMPED))).accept(0)
    other = label(1, disc(60, 120), JUMPED, name='box')
    assert make(doubted(3, other)).answer(0) == ''


def test_a_rejected_image_keeps_its_labels_for_who_looks_again(make):
    queue = make(doubted(3))
    queue.reject(0)
    assert queue.answer(0) == 'rejected'
    assert queue.labelled(0) == queue.doubted[0].image


def test_what_follows_with_the_same_doubt_is_accepted_in_one_step_whatever_the_figures(make):
    images = [doubted(number, doubt=f'the mask jumped by {number} pixels') for number in range(6)]
    queue = make(*images)
    step = queue.accept_alike(2)
    assert answers(queue) == '..aaaa'
    assert queue.undo(step) == [2, 3, 4, 5]
    assert answers(queue) == '......'


@pytest.mark.parametrize(
    'other',
    [
        doubted(3, doubt=SHRANK),
        doubted(3, recording='garden'),
        doubted(3, label(2, disc(60, 120), JUMPED)),
        doubted(3, label(1, disc(60, 120), JUMPED), label(2, disc(60, 120), SHRANK)),
    ],
)
def test_another_doubt_object_or_recording_ends_what_is_accepted(make, other):
    images = six()
    images[3] = other
    queue = make(*images)
    queue.accept_alike(1)
    assert answers(queue) == '.aa...'


def test_what_was_answered_before_is_not_answered_again_with_what_follows(make):
    queue = make(*six())
    queue.reject(2)
    queue.accept_alike(0)
    assert answers(queue) == 'aaraaa'


def test_a_corrected_mask_is_not_that_of_the_images_that_follow(make):
    queue = make(*six())
    with pytest.raises(ViewerError, match='of this image alone; accept the image by itself'):
        queue.accept_alike(0, [ELSEWHERE])
    assert answers(queue) == '......'


def test_an_object_that_is_not_there_is_not_there_in_all_that_follow_with_the_same_doubt(make):
    queue = make(*six())
    queue.accept_alike(0, [label(1)])
    alike = answers(queue).count('a')
    assert alike > 1
    assert [queue.labelled(place).labels[0].counts for place in range(alike)] == [''] * alike


def test_what_follows_with_the_same_doubt_is_rejected_in_one_step(make):
    images = six()
    images[3] = doubted(3, doubt=SHRANK)
    queue = make(*images)
    step = queue.reject_alike(1)
    assert answers(queue) == '.rr...'
    assert queue.undo(step) == [1, 2]


def test_answers_that_changed_since_are_told_apart(make):
    queue = make(*six())
    queue.reject(5)
    seen = queue.changes
    step = queue.accept(1)
    assert queue.answers() == {1: 'accepted', 5: 'rejected'}
    assert queue.answers(seen) == {1: 'accepted'}
    queue.undo(step)
    assert queue.answers(seen) == {1: ''}
    assert queue.answers(queue.changes) == {}


def test_a_queue_that_is_made_again_knows_what_was_answered_and_can_take_it_back(make):
    make(*six()).reject(4)
    queue = make(*six())
    assert answers(queue) == '....r.'
    assert queue.undo(queue.last_step) == [4]
    assert (answers(queue), queue.last_step) == ('......', 0)


def test_a_step_that_was_taken_back_is_none(make):
    queue = make(*six())
    step = queue.reject(4)
    queue.undo(step)
    with pytest.raises(ViewerError, match='step 1 was taken back already, or never made'):
        queue.undo(step)


def test_decisions_about_images_that_are_in_doubt_no_more_are_left_alone(make, tmp_path):
    decisions = Decisions(tmp_path / 'others.jsonl')
    with closing(decisions):
        decisions.open()
        step = decisions.add([Decision('kitchen', 99, accepted=False)])
        queue = Queue(six(), decisions)
        assert queue.answers() == {}
        assert queue.undo(step) == []


def test_an_image_that_is_not_in_doubt_is_not_found(make):
    queue = make(*six())
    assert queue.find('kitchen', 5) == 5
    with pytest.raises(ViewerError, match="image 99 of recording 'kitchen' is not in doubt"):
        queue.find('kitchen', 99)
