import json

import pytest

from picosam_ros.errors import DatasetError
from picosam_ros.evaluation.json_arrays import elements

CONTENT = {
    'info': {'text': 'brackets ]}[{ and a quote " in a string', 'list': [[1], [2]]},
    'annotations': [{'id': 1, 'segmentation': [[1, 2], [3]]}, {'id': 2, 'size': {'a': []}}],
    'images': [{'id': 5, 'file_name': 'ä\\".jpg'}],
    'empty': [],
}


@pytest.mark.parametrize('options', [{}, {'indent': 2}, {'separators': (',', ':')}])
@pytest.mark.parametrize('ascii_only', [True, False])
def test_every_element_is_found_under_the_key_of_its_array(options, ascii_only):
    text = json.dumps(CONTENT, ensure_ascii=ascii_only, **options).encode()
    found = {'annotations': [], 'images': []}
    for key, begin, end in elements(text):
        if key in found:
            found[key].append(json.loads(text[begin:end]))
    assert found == {name: CONTENT[name] for name in found}


@pytest.mark.parametrize('indent', [None, 1])
def test_elements_that_are_no_objects_are_found_too(indent):
    given = [None, 5, {'a': 1}, 'x, [', [], True, {}, 1e9]
    content = {'info': {'a': 1, 'b': {'c': None}}, 'images': given, 'more': [1]}
    text = json.dumps(content, indent=indent).encode()
    found = [json.loads(text[begin:end]) for key, begin, end in elements(text) if key == 'images']
    assert found == given


def test_a_file_that_was_cut_off_is_reported():
    text = json.dumps(CONTENT).encode()
    with pytest.raises(DatasetError, match='the file was cut off'):
        list(elements(text[: len(text) // 2]))
