"""The messages that a page is sent."""

import json

from picosam_ros.results import Answer, PromptState
from picosam_ros.viewer import messages


def test_an_answer_names_object_state_and_reason():
    message = json.loads(messages.answer(Answer(3, PromptState.LOST, 'left the image', 12), None))
    assert message == {
        'type': 'answer',
        'tag': None,
        'object': 3,
        'state': 'lost',
        'generation': 12,
        'reason': 'left the image',
    }
