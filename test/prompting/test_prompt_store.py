"""The file of prompts, which `--prompts` takes."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.errors import OutputError, PromptError
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.labelling.prompt_file import PlacedPrompt, read_key_prompts, read_placed_prompts
from picosam_ros.labelling.prompt_text import to_yaml
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.prompting import store as module
from picosam_ros.prompting.prompts import Prompts
from picosam_ros.prompting.store import PromptStore

TOTALS = {'kitchen': 0, 'garden': 0}
CUP = PlacedPrompt(KeyPrompt(450, Prompt((Point(3, 4.5), Point(9, 9, False)), None, 7), 'cup'))
names = st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable() and text.strip())
pixels = st.integers(-5000, 50_000).map(lambda tenths: tenths / 10)
prompts_of_any_kind = st.builds(
    lambda points, sizes, number: Prompt(
        (Point(1, 2), *points), Box(0, 0, *sizes), number, roi_size=16 + number, size_step=-number
    ),
    st.lists(st.builds(Point, pixels, pixels, st.booleans()), max_size=5),
    st.tuples(pixels.map(abs), pixels.map(abs)),
    st.integers(1, 254),
)


@pytest.fixture(scope='module')
def file(tmp_path_factory):
    return tmp_path_factory.mktemp('prompts') / 'prompts.yaml'


@given(name=names, prompt=prompts_of_any_kind, image=st.integers(0, 2**31 - 1))
def test_what_is_written_is_read_back_the_same(file, name, prompt, image):
    placed = PlacedPrompt(KeyPrompt(image, prompt, name.strip()), 'garden')
    file.write_bytes(to_yaml([placed]))
    assert read_key_prompts(file, list(TOTALS)) == {'kitchen': (), 'garden': (placed.key,)}
    assert read_placed_prompts(file, list(TOTALS)) == (placed,)


def test_names_that_look_like_something_else_stay_names(file):
    looks = ['12', 'yes', 'null', '1e3', '2026-11-29', '- a', '# b', '*', '{x: 1}', "it's", '0x1F']
    for name in looks:
        file.write_bytes(to_yaml([PlacedPrompt(KeyPrompt(0, CUP.key.prompt, name))]))
        assert read_key_prompts(file, ['kitchen'])['kitchen'][0].name == name


def test_entries_of_a_user_get_ids_and_keep_their_patterns(file):
    file.write_text('- {points: [[1, 2]]}\n- {id: 1, box: [1, 2, 3, 4], recording: k*, image: 2}\n')
    one, other = read_placed_prompts(file, list(TOTALS))
    assert [one.key.prompt.object_id, other.key.prompt.object_id] == [2, 1]
    assert [one.recording, other.recording] == ['*', 'k*']


def test_a_second_start_has_the_prompts_and_without_one_there_is_no_file(tmp_path):
    path = tmp_path / 'prompts.yaml'
    store = PromptStore(path, TOTALS)
    store.save(Prompts(TOTALS, (CUP,)))
    again = PromptStore(path, TOTALS)
    assert again.prompts == store.prompts
    again.save(Prompts(TOTALS))
    assert not path.exists()
    assert PromptStore(path, TOTALS).prompts.placed == ()


def test_a_file_about_other_recordings_is_refused(tmp_path):
    path = tmp_path / 'prompts.yaml'
    path.write_text('- {points: [[1, 2]], recording: attic}\n')
    with pytest.raises(PromptError, match="recording 'attic' is none of those that are given"):
        PromptStore(path, TOTALS)


def test_a_change_that_cannot_be_written_does_not_count(tmp_path, monkeypatch):
    store = PromptStore(tmp_path / 'prompts.yaml', TOTALS)
    store.save(Prompts(TOTALS, (CUP,)))

    def full(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(module, 'replace_file', full)
    with pytest.raises(OutputError, match='No space left on device; the change does not count'):
        store.save(Prompts(TOTALS, (CUP, CUP)))
    assert store.prompts.placed == (CUP,)


def test_more_than_a_file_can_have_is_refused_and_the_file_stays(tmp_path, monkeypatch):
    store = PromptStore(tmp_path / 'prompts.yaml', TOTALS)
    store.save(Prompts(TOTALS, (CUP,)))
    monkeypatch.setattr(module, 'LARGEST', 200)
    with pytest.raises(PromptError, match='allowed are 200: label what there is'):
        store.save(Prompts(TOTALS, (CUP, CUP)))
    assert PromptStore(store.path, TOTALS).prompts.placed == (CUP,)
