"""What is asked for becomes jobs, each named by all that its result depends on."""

from dataclasses import replace
from pathlib import Path

import pytest

from picosam_ros.labelling.job import EngineChoice
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.labelling.plan import (
    Plan,
    PlannedRecording,
    content_of,
    plan_from_json,
    plan_to_json,
)
from picosam_ros.prompt import Box, Point, Prompt


def key(image=0, object_id=1, name='cup', x=5.5):
    return KeyPrompt(image, Prompt.from_point(x, 5, object_id=object_id), name)


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / 'film.mp4'
    path.write_bytes(b'some film')
    return PlannedRecording('film', path, '', (key(),), content_of(path), 100)


def plan(*recordings, **options):
    engine = options.pop('engine', EngineChoice('host', {'threads': 1}))
    return Plan(recordings, engine, ('coco',), False, 2.0, 0.2)


def ids(one):
    return [job.id for job in plan(one).jobs()]


def test_prompts_about_the_first_image_are_one_job(recording):
    [job] = plan(recording).jobs()
    assert (job.key, job.backwards, job.images) == (0, False, 100)
    assert [one.key for one in job.stretches] == [key()]


def test_prompts_about_a_later_image_are_a_job_each_way(recording):
    recording = replace(recording, keys=(key(30), key(30, object_id=2)))
    forwards, backwards = plan(recording).jobs()
    assert (forwards.key, forwards.backwards, forwards.images) == (30, False, 70)
    assert (backwards.key, backwards.backwards, backwards.images) == (30, True, 30)
    assert len(forwards.stretches) == len(backwards.stretches) == 2


def test_between_two_prompts_of_an_object_each_job_goes_half_the_way(recording):
    recording = replace(recording, keys=(key(0), key(40)))
    found = [(job.key, job.backwards, job.images) for job in plan(recording).jobs()]
    assert found == [(0, False, 20), (40, False, 60), (40, True, 20)]


def test_where_the_length_is_not_known_so_is_the_work(recording):
    assert plan(replace(recording, images=0)).jobs()[0].images == 0


def test_the_same_work_has_the_same_name(recording):
    assert ids(recording) == ids(recording)


@pytest.mark.parametrize(
    'change',
    [
        {'keys': (key(x=6),)},
        {'keys': (key(name='box'),)},
        {'keys': (key(object_id=2),)},
        {'topic': '/other'},
    ],
)
def test_other_work_has_another_name(recording, change):
    assert ids(replace(recording, **change)) != ids(recording)


def test_another_content_of_the_recording_is_other_work(recording):
    before = ids(recording)
    recording.path.write_bytes(b'other film')
    assert ids(replace(recording, content=content_of(recording.path))) != before


def test_the_same_content_at_another_place_is_the_same(tmp_path):
    files = {'one': b'a', 'two': b'a', 'three': b'b', 'four': b'aa'}
    for name, content in files.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / '0.png').write_bytes(content)
    one, two, three, four = (content_of(tmp_path / name) for name in files)
    assert one == two
    assert len({one, three, four}) == 3


@pytest.mark.parametrize('name', ['..', '../../etc', 'a/b', '', '.'])
def test_a_plan_with_a_name_that_leads_elsewhere_is_damaged(recording, name):
    text = plan_to_json(plan(replace(recording, name=name)))
    with pytest.raises(ValueError, match='is no name of a recording'):
        plan_from_json(text)


def test_another_content_of_a_network_is_other_work(recording, tmp_path):
    network = tmp_path / 'own.onnx'
    network.write_bytes(b'one')
    engine = EngineChoice('host', {'model': str(network)})
    before = [job.id for job in plan(recording, engine=engine).jobs()]
    network.write_bytes(b'two')
    assert [job.id for job in plan(recording, engine=engine).jobs()] != before


def test_names_are_those_of_the_prompts_in_their_order(recording):
    keys = (key(name='cup'), key(object_id=2, name='box'), key(object_id=3, name='cup'))
    assert plan(replace(recording, keys=keys)).names == ('cup', 'box')


def test_a_plan_is_the_same_after_a_way_through_text(recording):
    points = Point(3, 4), Point(5.25, 6, positive=False)
    prompt = Prompt(points, Box(1, 2, 30, 40), 9, roi_size=64, size_step=-1)
    whole = plan(replace(recording, keys=(KeyPrompt(7, prompt, 'Tasse ü'),)))
    assert plan_from_json(plan_to_json(whole)) == whole


def test_a_relative_path_is_absolute_in_the_text(recording, monkeypatch):
    monkeypatch.chdir(recording.path.parent)
    relative = plan(replace(recording, path=Path('film.mp4')))
    [read] = plan_from_json(plan_to_json(relative)).recordings
    assert read.path == recording.path.resolve()
