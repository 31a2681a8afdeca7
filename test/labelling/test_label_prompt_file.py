import pytest

from picosam_ros.errors import PromptError
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.labelling.prompt_file import read_key_prompts
from picosam_ros.prompt import Box, Point, Prompt

RECORDINGS = ('kitchen_1', 'kitchen_2', 'yard')


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a text as the prompts of recordings."""

    def read(text, recordings=RECORDINGS):
        path = tmp_path / 'prompts.yaml'
        path.write_text(text, encoding='utf-8')
        return read_key_prompts(path, recordings)

    return read


def test_each_recording_gets_the_prompts_whose_pattern_it_has(read):
    found = read(
        """
        - {id: 1, points: [[5, 6], [7, 8, 0]], name: ' cup', image: 12, recording: 'kitchen_*'}
        - {id: 4, box: [1, 2, 30, 40], roi_size: 96, size_step: 1, recording: kitchen_2}
        """
    )
    cup = KeyPrompt(12, Prompt((Point(5, 6), Point(7, 8, positive=False))), 'cup')
    other = KeyPrompt(0, Prompt((), Box(1, 2, 30, 40), 4, 96, 1), 'object')
    assert found == {'kitchen_1': (cup,), 'kitchen_2': (cup, other), 'yard': ()}


def test_an_entry_with_nothing_but_a_point_is_for_the_first_image_of_every_recording(read):
    key = KeyPrompt(0, Prompt((Point(5, 6),)), 'object')
    assert read('- points: [[5, 6]]') == dict.fromkeys(RECORDINGS, (key,))


def test_entries_without_an_id_get_the_lowest_free_ones_of_their_recording(read):
    found = read(
        """
        - {points: [[1, 1]]}
        - {points: [[2, 2]], recording: yard}
        - {points: [[3, 3]]}
        - {points: [[4, 4]], id: 2, recording: 'kitchen_*'}
        """
    )
    ids = {name: [key.prompt.object_id for key in keys] for name, keys in found.items()}
    assert ids == {'kitchen_1': [1, 3, 2], 'kitchen_2': [1, 3, 2], 'yard': [1, 2, 3]}


def test_an_id_may_be_given_again_for_other_images_of_the_same_object(read):
    found = read(
        """
        - {id: 3, points: [[1, 1]], name: cup, recording: 'kitchen_*'}
        - {id: 3, points: [[2, 2]], name: cup, recording: 'kitchen_*', image: 90}
        - {id: 3, points: [[2, 2]], name: dog, image: 90, recording: yard}
        """
    )
    assert [(key.image, key.prompt.object_id) for key in found['kitchen_1']] == [(0, 3), (90, 3)]
    assert [key.name for key in found['yard']] == ['dog']


@pytest.mark.parametrize(
    ('entry', 'reason'),
    [
        ('{id: 9, points: [[1, 2]]}', 'id 9 is given twice for image 0 of recording kitchen_1'),
        ('{id: 9, points: [[1, 2]], image: 5, name: cup}', "name 'cup' was given for id 9, which"),
        ('{points: [[1, 2]], recording: garden}', 'of those that are given: kitchen_1, kitchen_2'),
        ('{points: [[1, 2]], recording: "Yard"}', "recording 'Yard' is none of those"),
        ('{points: [[1, 2]], recording: 2024}', 'recording 2024 was given; write a text'),
        ('{points: [[1, 2]], name: 5}', 'name 5 was given; write a text of one line, in quotes'),
        ('{points: [[1, 2]], name: ""}', "name '' was given"),
        ('{points: [[1, 2]], name: "a\\nb"}', "name 'a\\nb' was given"),
        ('{points: [[1, 2]], image: -1}', 'image -1 was given; it must be a whole number from 0'),
        ('{points: [[1, 2]], image: 1.5}', 'image 1.5 was given'),
        ('{points: [[1, 2]], image: true}', 'image True was given'),
        ('{points: [[1, 2]], frame: 7}', "key 'frame' was given; allowed are id, points, box, roi"),
        ('{id: 0, points: [[1, 2]]}', 'object id 0 was given; ids run from 1 to 254'),
        ('{id: null, points: [[1, 2]]}', 'id None was given'),
        ('{name: cup}', 'the prompt has no positive point and no box'),
        ('{points: [[1]]}', 'point [1] was given; write it as [x, y]'),
        ('five', "'five' was given; an entry has the keys id, points"),
        ('{[1]: 1}', 'unhashable'),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(read, entry, reason):
    with pytest.raises(PromptError) as refused:
        read(f'# mine\n- {{id: 9, points: [[1, 2]]}}\n\n- {entry}\n')
    assert 'prompts.yaml, line 4, entry 2: ' in str(refused.value)
    assert reason in str(refused.value)


def test_of_two_entries_that_do_not_go_together_both_are_named(read):
    with pytest.raises(PromptError) as refused:
        read('- {id: 9, points: [[1, 2]]}\n- {id: 9, points: [[1, 2]]}')
    assert 'prompts.yaml, line 1, entry 1; put all points into one entry' in str(refused.value)


def test_more_objects_than_ids_are_refused_at_the_first_that_is_too_many(read):
    entries = ['- {points: [[1, 2]]}'] * 254
    assert [key.prompt.object_id for key in read('\n'.join(entries))['yard']] == [*range(1, 255)]
    with pytest.raises(PromptError) as refused:
        read('\n'.join([*entries, '- {id: 7, points: [[1, 2]], image: 1}']))
    assert 'line 254, entry 254: no id is free for it: recording kitchen_1 has 254 objects' in str(
        refused.value
    )


def test_of_many_recordings_an_error_names_the_first_ten(read):
    names = [f'day_{number}' for number in range(1000)]
    with pytest.raises(PromptError, match=r'day_8, day_9, and 990 more; write the name of one'):
        read('- {points: [[1, 2]], recording: night}', names)


def test_a_file_that_is_not_there_or_no_list_is_named(read, tmp_path):
    with pytest.raises(PromptError, match=r"none\.yaml' cannot be read: no such file"):
        read_key_prompts(tmp_path / 'none.yaml', RECORDINGS)
    for text in ('', 'id: 1', '[]'):
        with pytest.raises(PromptError, match=r'prompts\.yaml holds no list of prompts'):
            read(text)
    with pytest.raises(PromptError, match=r'prompts\.yaml, line 3: no YAML: '):
        read('- points: [[1, 2]]\n  image: [')
