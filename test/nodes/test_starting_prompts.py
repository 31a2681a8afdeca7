"""Prompts from a file wait for the first image."""

import pytest
from helpers.harness import Process
from helpers.rig import Rig, picture

from picosam_ros.msg import Prompt, PromptStatus


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'prompts.yaml'
    path.write_text(
        '- id: 7\n  points: [[150, 100]]\n'
        '- id: 8\n  box: [130, 80, 170, 120]\n'
        '- id: 9\n  points: [[150, 100]]\n  box: [130, 80, 170, 120]\n'
        '- id: 10\n  points: [[9999, 3]]\n'
    )
    return path


def test_they_are_answered_with_the_first_image_and_not_before(red_network, file):
    parameters = {'model': red_network, 'threads': 1, 'prompts': file, 'roi_size': 64}
    with Process('segmenter', parameters) as process:
        rig = Rig(process)
        statuses = rig.inboxes['prompt_status']

        def connected():
            rig.prompts.publish(Prompt(action=Prompt.REMOVE, object_id=253))
            return statuses

        rig.wait_for(connected)
        assert rig.state() == 'active'
        assert {status.object_id for status in statuses} == {253}

        def answered():
            rig.images.publish(rig.image(picture((150, 100))))
            return [status for status in statuses if status.object_id != 253]

        rig.wait_for(answered)
        rig.settle()
        answers = [status for status in statuses if status.object_id in (7, 8, 9, 10)]
        assert [(status.object_id, status.state) for status in answers] == [
            (7, PromptStatus.ACCEPTED),
            (8, PromptStatus.ACCEPTED),
            (9, PromptStatus.REFUSED),
            (10, PromptStatus.REFUSED),
        ]
        assert "engine 'host' does not take a box together with points" in answers[2].reason
        assert 'point (9999, 3) is outside of the image' in answers[3].reason
        point, box = rig.show(picture((150, 100))).masks.masks
        assert (point.object_id, point.generation) == (7, answers[0].generation)
        assert (box.object_id, box.generation) == (8, answers[1].generation)
        process.stop()
        rig.close()


def test_the_size_of_the_square_is_the_parameters_where_the_file_leaves_it_open(red_network, file):
    file.write_text(
        '- {id: 1, points: [[150, 100]]}\n- {id: 2, points: [[150, 100]], roi_size: 50}\n'
    )
    parameters = {
        'model': red_network,
        'threads': 1,
        'prompts': file,
        'roi_size': 64,
        'track': False,
    }
    with Process('segmenter', parameters) as process:
        rig = Rig(process)

        def masks():
            rig.images.publish(rig.image(picture((150, 100))))
            return [message for message in rig.inboxes['masks'] if message.masks]

        first = rig.wait_for(masks)[0]
        assert [mask.roi.width for mask in first.masks] == [64, 50]
        process.stop()
        rig.close()


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('- {id: 1, points: [[1, 2]]}\n- {id: 999, box: [1, 2, 3, 4]}\n', 'line 2, entry 2: '),
        ('- {id: 1\n', 'no YAML'),
        (None, 'cannot be read'),
    ],
)
def test_a_wrong_file_stops_the_node_with_the_reason(red_network, file, text, reason):
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    with Process('segmenter', {'model': red_network, 'prompts': file}) as process:
        assert process.wait() == 1
        assert str(file) in process.stderr
        assert reason in process.stderr
        assert 'Traceback' not in process.stderr
