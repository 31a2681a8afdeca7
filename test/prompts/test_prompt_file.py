import pytest

from picosam_ros.errors import PromptError
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.prompts.file import read_prompts


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a text as a file of prompts."""

    def read(text):
        path = tmp_path / 'prompts.yaml'
        path.write_text(text, encoding='utf-8')
        return read_prompts(path)

    return read


def test_points_boxes_and_sizes_are_read_in_their_order(read):
    prompts = read(
        """
        - id: 7
          points: [[320, 240], [350.5, 250, 0], [1, 2, 1]]
        - id: 2
          box: [10, 20, 110, 220]
          roi_size: 96
        - {id: 3, points: [[5, 6]], size_step: -1}
        """
    )
    assert prompts == (
        Prompt((Point(320, 240), Point(350.5, 250, positive=False), Point(1, 2)), object_id=7),
        Prompt((), Box(10, 20, 110, 220), 2, 96),
        Prompt((Point(5, 6),), object_id=3, size_step=-1),
    )


@pytest.mark.parametrize(
    ('entry', 'reason'),
    [
        ('{id: 300, points: [[1, 2]]}', 'object id 300 was given; ids run from 1 to 254'),
        ('{id: 1}', 'the prompt has no positive point and no box'),
        ('{points: [[1, 2]]}', 'it has no id; give one from 1 to 254'),
        ('{id: one, points: [[1, 2]]}', "id 'one' was given; it must be a whole number"),
        ('{id: true, points: [[1, 2]]}', 'id True was given'),
        ('{id: 1, points: [[1]]}', 'point [1] was given; write it as [x, y]'),
        ('{id: 1, points: [[1, 2, 7]]}', 'has the label 7; allowed are 1 and 0'),
        ('{id: 1, points: [[1, two]]}', "point [1, 'two'] was given"),
        ('{id: 1, points: [[1, .nan]]}', 'coordinates must be finite'),
        ('{id: 1, points: 5}', 'points 5 was given; write a list'),
        ('{id: 1, points: [5]}', 'point 5 was given; write a list'),
        ('{id: 1, points: [[1, 1' + '0' * 400 + ']]}', 'too large for a pixel'),
        ('{id: 1, box: [1, 2, 3]}', 'box [1, 2, 3] was given; write it as [x0, y0, x1, y1]'),
        ('{id: 1, box: [5, 5, 1, 1]}', 'is empty'),
        ('{id: 1, box: [1, 2, 3, 4], roi_size: -5}', 'roi_size -5 was given'),
        ('{id: 1, box: [1, 2, 3, 4], roi_size: 5}', 'an ROI of 5 pixels was given'),
        (
            '{id: 1, points: [[1, 2]], size_step: 0.5}',
            'size_step 0.5 was given; it must be a whole',
        ),
        ('{id: 1, points: [[1, 2]], size_step: larger}', '1 for the next larger object, -1 for'),
        ('{id: 1, points: [[1, 2]], size_step: true}', 'size_step True was given'),
        ('{id: 1, boxes: [1, 2, 3, 4]}', "key 'boxes' was given; allowed are id, points, box"),
        ('{[1]: 1}', 'unhashable'),
        ('five', "'five' was given; an entry has the keys id"),
        ('{id: 9, points: [[3, 4]]}', 'id 9 is given twice'),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(read, entry, reason):
    with pytest.raises(PromptError) as refused:
        read(f'# mine\n- {{id: 9, points: [[1, 2]]}}\n\n- {entry}\n')
    assert 'prompts.yaml, line 4, entry 2: ' in str(refused.value)
    assert reason in str(refused.value)


def test_what_is_no_yaml_is_named_with_its_line(read):
    with pytest.raises(PromptError, match=r'prompts.yaml, line 3: no YAML: '):
        read('- id: 1\n  box: [1, 2\n- id: 2\n')


@pytest.mark.parametrize('text', ['', '# nothing\n', '[]', 'id: 1', '5'])
def test_a_file_without_a_list_of_prompts_is_refused_with_an_example(read, text):
    with pytest.raises(PromptError, match=r'holds no list of prompts; write one entry for each'):
        read(text)


def test_a_file_that_is_not_there_is_named(tmp_path):
    for path in (tmp_path / 'none.yaml', tmp_path):
        with pytest.raises(PromptError) as refused:
            read_prompts(path)
        assert f'the prompts of {str(path)!r} cannot be read' in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / 'photo.yaml'
    for content in (b'\xff\xd8\xff\xe0', b'- \x00'):
        path.write_bytes(content)
        with pytest.raises(PromptError, match=r'photo.yaml'):
            read_prompts(path)


@pytest.mark.parametrize(
    ('text', 'line', 'reason'),
    [
        ('- id: 1\n  points: [[2024-01-01, 1]]', 1, '[datetime.date(2024, 1, 1), 1] was given'),
        ('- id: 1\n  points: [[2024-13-45, 1]]', 1, 'a value cannot be read (month must be'),
        (
            '- id: 1\n  box: !!python/object:os.system {}',
            1,
            'line 2: no YAML: could not determine a constructor',
        ),
        ('- id: 1\n  box: !!int []', 1, 'line 2: no YAML: expected a scalar node'),
        ('- id: !!binary "??"', 1, ''),
        ("- id: !!int ''", 1, 'a value cannot be read (string index out of range)'),
        ("- {id: 1, points: [[!!float '_', 1]]}", 1, 'a value cannot be read (string index out'),
        ('\n- ' + '[' * 10_000, 2, 'nested deeper than the 20 levels'),
        ('- {id: ' + '1' * 5000 + '}', 1, 'an integer of 5000 digits was given; allowed are'),
        ('- {id: 0x' + 'f' * 5000 + '}', 1, 'an integer of 5002 digits was given; allowed are'),
        ('- {id: 0x' + 'f' * 900 + '}', 1, '… was given; it must be a whole number from 0 to'),
        ('- &a [1]\n- *a', 2, 'the alias *a was given; write the value itself'),
        ('- id: 1\n  box: [1,\x002]', 2, "no YAML: the character '\\x00' is not allowed"),
        ('- id: 1\n  id: 2', 2, "the key 'id' is given twice"),
        ('- id: 1\n---\n- id: 2', 2, 'expected a single document'),
        ('- id: 1\n\tbox: 2', 2, 'no YAML: '),
        ('- {id: 1, points: [[' + '1, ' * 500 + '1]]}', 1, '1, 1, 1, 1… was given; write it as'),
    ],
)
def test_whatever_the_file_holds_is_a_sentence_with_its_line(read, text, line, reason):
    with pytest.raises(PromptError) as refused:
        read(text)
    assert f'prompts.yaml, line {line}' in str(refused.value)
    assert reason in str(refused.value)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
def test_a_byte_order_mark_is_understood(tmp_path, encoding):
    path = tmp_path / 'prompts.yaml'
    path.write_text('- {id: 1, points: [[5, 6]]}  # é', encoding=encoding)
    assert read_prompts(path) == (Prompt((Point(5, 6),)),)


def test_another_encoding_is_named_with_its_line(tmp_path):
    path = tmp_path / 'prompts.yaml'
    path.write_bytes(b'# mine\n- {id: 1}  # \xe9\n')
    with pytest.raises(PromptError, match=r'prompts.yaml, line 2: no text in UTF-8'):
        read_prompts(path)


def test_a_file_that_never_ends_is_refused():
    with pytest.raises(PromptError, match=r"'/dev/zero' cannot be read: it has more than 262144"):
        read_prompts('/dev/zero')
