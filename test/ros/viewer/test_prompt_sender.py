"""A browser's prompts before the node that takes them is known."""

import pytest

from picosam_ros.msg import Prompt
from picosam_ros.ros.viewer.prompt_sender import PromptSender
from picosam_ros.viewer.pending import ANSWER_TIMEOUT_S


class Page:
    """Sends prompts, and takes them itself once it listens."""

    def __init__(self, node, serve):
        self.now, self.taken = 0.0, []
        self.sender = PromptSender(node, 'prompt', clock=lambda: self.now)
        self._node, self._serve = node, serve

    def send(self, *object_ids):
        for object_id in object_ids:
            self.sender.send(Prompt(object_id=object_id))

    def listen(self):
        self._node.create_subscription(
            Prompt, 'prompt', lambda message: self.taken.append(message.object_id), 1000
        )

    def take(self, count):
        def taken():
            self.sender.poll()
            return len(self.taken) >= count

        self._serve(taken)
        return self.taken


@pytest.fixture
def page(node, serve):
    page = Page(node, serve)
    yield page
    page.sender.destroy()


def test_prompts_wait_for_the_node_that_takes_them_and_keep_their_order(page):
    page.send(1, 2)
    page.listen()
    page.send(3)
    assert page.take(3) == [1, 2, 3]
    page.send(4)
    assert page.take(4) == [1, 2, 3, 4]


def test_a_prompt_whose_sender_was_told_that_there_is_no_answer_is_not_sent_later(page):
    page.send(1)
    page.now = ANSWER_TIMEOUT_S + 0.1
    page.send(2)
    page.listen()
    assert page.take(1) == [2]
    page.send(3)
    assert page.take(2) == [2, 3]
