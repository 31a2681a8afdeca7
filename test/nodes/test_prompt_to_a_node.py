"""`picosam prompt` and a running node."""

import json
import os
import subprocess

import pytest
from helpers.harness import PATIENCE
from helpers.installed import executable
from helpers.rig import disc, picture
from lifecycle_msgs.msg import Transition

from picosam_ros.msg import Prompt
from picosam_ros.ros.messages import from_time, to_time

CENTRE = (150, 100)


@pytest.fixture
def prompt(rig):
    """Return a function that runs the command while the node is served.

    It returns exit code, output and errors.
    """

    def run(*arguments, node=rig.process.name):
        command = [executable('picosam'), 'prompt', *arguments, '--timeout', str(PATIENCE)]
        process = subprocess.Popen(
            [*command, '--node', node],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, 'NO_COLOR': '1'},
        )
        try:
            rig.wait_for(lambda: process.poll() is not None, 4 * PATIENCE)
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        return process.returncode, out, err

    return run


def test_an_object_is_begun_corrected_and_removed(rig, prompt):
    rig.show(picture(CENTRE))
    code, out, err = prompt('150,100', '--object', '3', '--json')
    assert (code, err) == (0, '')
    answer = json.loads(out)
    assert answer.pop('generation') > 0
    assert answer == {
        'node': rig.process.name,
        'node_state': 'active',
        'object': 3,
        'state': 'accepted',
        'reason': '',
    }
    assert (rig.show(picture(CENTRE)).labels[disc(CENTRE, radius=15)] == 3).all()
    code, out, err = prompt('--negative', '300,200', '--object', '3')
    assert (code, out, err) == (0, f'object 3 accepted by {rig.process.name}\n', '')
    code, out, err = prompt('--remove', '--object', '3')
    assert (code, out, err) == (0, f'object 3 removed by {rig.process.name}\n', '')
    assert not rig.show(picture(CENTRE)).masks.masks


def test_all_objects_are_cleared(rig, prompt):
    rig.set(CENTRE, object_id=1)
    rig.set(CENTRE, object_id=2)
    code, out, err = prompt('--clear')
    assert (code, out, err) == (0, f'2 objects cleared by {rig.process.name}\n', '')


def test_a_refused_prompt_is_an_error_with_the_reason_of_the_node(rig, prompt):
    rig.show(picture(CENTRE))
    code, out, err = prompt('900,100')
    assert (code, out) == (1, '')
    assert f'{rig.process.name} refused the prompt for object 1: point (900, 100) is outside' in err
    code, out, err = prompt('900,100', '--json')
    assert (code, err) == (1, '')
    assert json.loads(out)['state'] == 'refused'


def test_the_answers_to_others_are_not_taken_for_its_own(rig, prompt):
    rig.show(picture(CENTRE))

    def ask():
        rig.prompts.publish(Prompt(action=9, object_id=1, header=rig.header(frame_id='')))

    with rig.repeating(ask, 0.01):
        code, out, err = prompt('150,100')
    assert (code, out, err) == (0, f'object 1 accepted by {rig.process.name}\n', '')


def test_the_newest_image_is_meant_whatever_its_clock_says(rig, prompt):
    image = rig.image(picture(CENTRE))
    image.header.stamp = to_time(from_time(image.header.stamp) + 1000 * 10**9)
    rig.show(image)
    code, out, err = prompt('150,100')
    assert (code, out, err) == (0, f'object 1 accepted by {rig.process.name}\n', '')


def test_a_node_that_is_not_active_is_told(rig, prompt):
    assert rig.change(Transition.TRANSITION_DEACTIVATE)
    try:
        code, out, _ = prompt('150,100')
    finally:
        assert rig.change(Transition.TRANSITION_ACTIVATE)
    assert code == 0
    assert 'it is inactive, and makes no masks until it is activated' in out


def test_a_node_that_is_not_there_names_those_that_are(rig, prompt):
    code, _, err = prompt('150,100', node='nowhere')
    assert code == 1
    assert f'no node matches --node nowhere; running are {rig.process.name}' in err
