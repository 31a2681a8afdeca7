import pytest

from picosam_ros.errors import ViewerError
from picosam_ros.viewer import pending as limits
from picosam_ros.viewer.pending import PendingPrompts


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_answers_go_to_the_senders_in_the_order_of_their_prompts():
    prompts = PendingPrompts()
    prompts.add('first', 1, 5, creates=True)
    prompts.add('second', 2, 5, creates=True)
    prompts.add('first', 3, 6, creates=True)
    found = [prompts.resolve(object_id, accepted=True) for object_id in (5, 6, 5, 5)]
    assert [(p.sender, p.tag) if p else None for p in found] == [
        ('first', 1),
        ('first', 3),
        ('second', 2),
        None,
    ]


def test_two_new_objects_never_get_one_id():
    clock = Clock()
    prompts = PendingPrompts(clock)
    assert prompts.free_id({1, 2, 4}) == 3
    prompts.add('first', 1, 3, creates=True)
    assert prompts.free_id({1, 2, 4}) == 5
    # Accepted, and in no frame yet.
    prompts.resolve(3, accepted=True)
    assert prompts.free_id({1, 2, 4}) == 5
    clock.now += limits.RESERVE_S
    assert prompts.free_id({1, 2, 4}) == 3


def test_an_id_is_free_again_once_its_object_was_seen_or_refused_or_removed():
    prompts = PendingPrompts()
    for accepted, creates in ((True, True), (False, True), (True, False)):
        prompts.add('first', 1, 1, creates=creates)
        prompts.resolve(1, accepted=accepted)
        prompts.release({1} if accepted and creates else set())
        assert prompts.free_id(set()) == 1


def test_when_all_ids_are_taken_it_says_so():
    with pytest.raises(ViewerError, match='object ids 1 to 254 are all in use; remove an object'):
        PendingPrompts().free_id(set(range(1, 255)))


def test_a_prompt_without_an_answer_expires():
    clock = Clock()
    prompts = PendingPrompts(clock)
    prompts.add('first', 1, 5, creates=True)
    clock.now += limits.ANSWER_TIMEOUT_S / 2
    prompts.add('second', 2, 6, creates=True)
    assert prompts.take_expired() == []
    clock.now += 0.6 * limits.ANSWER_TIMEOUT_S
    assert [prompt.sender for prompt in prompts.take_expired()] == ['first']
    assert prompts.resolve(5, accepted=True) is None
    assert prompts.resolve(6, accepted=True).sender == 'second'


def test_the_prompts_of_a_client_that_disconnects_are_discarded():
    prompts = PendingPrompts()
    prompts.add('first', 1, 1, creates=True)
    prompts.discard('first')
    assert prompts.resolve(1, accepted=True) is None
    assert prompts.free_id(set()) == 1
