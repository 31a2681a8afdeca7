"""Which images a prompt is for."""

from picosam_ros.labelling.keys import KeyPrompt, Stretch, stretches
from picosam_ros.prompt import Prompt


def key(image, object_id=1):
    return KeyPrompt(image, Prompt.from_point(5, 5, object_id=object_id))


def parts(keys):
    return [(one.key.image, one.first, one.end) for one in stretches(keys)]


def test_a_single_prompt_is_for_all_images():
    first = key(40)
    assert stretches([first]) == [Stretch(first, 0, None)]


def test_each_image_is_labelled_from_the_nearest_prompt_of_its_object():
    assert parts([key(10), key(20), key(31)]) == [(10, 0, 15), (20, 15, 26), (31, 26, None)]


def test_of_neighbouring_images_each_keeps_its_own():
    assert parts([key(4), key(5)]) == [(4, 0, 5), (5, 5, None)]


def test_prompts_of_other_objects_change_nothing():
    assert parts([key(10), key(12, object_id=2)]) == [(10, 0, None), (12, 0, None)]


def test_the_order_in_which_they_are_given_changes_nothing():
    keys = [key(20), key(3, object_id=2), key(10)]
    assert parts(keys) == parts(keys[::-1]) == [(10, 0, 15), (20, 15, None), (3, 0, None)]
