"""A folder of labels keeps what is done, whatever happens, and belongs to one process at a time."""

from dataclasses import replace

import pytest

from picosam_ros.errors import OutputError
from picosam_ros.labelling.decisions import Decision
from picosam_ros.labelling.job import EngineChoice
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.labelling.labelled import Label, LabelledImage, to_json
from picosam_ros.labelling.plan import Plan, PlannedRecording
from picosam_ros.labelling.project import create_project, open_project
from picosam_ros.prompt import Prompt


def key(image, object_id=1):
    return KeyPrompt(image, Prompt.from_point(5, 5, object_id=object_id), 'cup')


@pytest.fixture
def plan(tmp_path):
    film = tmp_path / 'film.mp4'
    film.write_bytes(b'some film')
    recording = PlannedRecording('film', film, '', (key(2), key(2, object_id=2)), 'abc', 4)
    return Plan((recording,), EngineChoice(), ('coco',), False, 2.0, 0.2)


def labelled(numbers):
    labels = Label(1, 'cup', doubt='not seen: gone'), Label(2, 'cup', doubt='not seen: gone')
    return to_json(LabelledImage(number, number, 4, 4, labels) for number in numbers)


def test_what_is_done_is_not_open_any_more_also_for_the_next_process(tmp_path, plan):
    with create_project(tmp_path / 'out', plan) as project:
        forwards, backwards = project.open_jobs()
        project.keep(forwards, labelled([2, 3]))
        assert project.open_jobs() == [backwards]
    with create_project(tmp_path / 'out', plan) as project:
        assert project.open_jobs() == [backwards]


def test_the_results_of_all_jobs_are_one_list_by_number(tmp_path, plan):
    with create_project(tmp_path / 'out', plan) as project:
        for job, numbers in zip(project.open_jobs(), ([2, 3], [0, 1]), strict=True):
            project.keep(job, labelled(numbers))
        images = project.labelled(plan.recordings[0])
        assert [image.number for image in images] == [0, 1, 2, 3]


def test_a_new_plan_keeps_the_results_that_it_has_in_common_with_the_old_one(tmp_path, plan):
    more = replace(plan.recordings[0], name='more', keys=(key(0),))
    with create_project(tmp_path / 'out', plan) as project:
        for job in project.open_jobs():
            project.keep(job, labelled([2]))
    with create_project(tmp_path / 'out', replace(plan, recordings=(more, *plan.recordings))) as on:
        assert [job.stretches[0].key for job in on.open_jobs()] == [key(0)]


def test_what_was_made_can_be_opened_again(tmp_path, plan):
    with create_project(tmp_path / 'out', plan):
        pass
    with open_project(tmp_path / 'out') as project:
        assert project.plan == plan


def test_two_processes_cannot_have_it_at_once(tmp_path, plan):
    refused = pytest.raises(OutputError, match='in use by another')
    with create_project(tmp_path / 'out', plan), refused, open_project(tmp_path / 'out'):
        pass
    with open_project(tmp_path / 'out'):
        pass


def test_a_folder_without_labels_is_refused(tmp_path):
    refused = pytest.raises(OutputError, match=r'holds no labels .*picosam label')
    with refused, open_project(tmp_path):
        pass


def test_a_damaged_plan_is_refused_with_what_to_do(tmp_path, plan):
    with create_project(tmp_path / 'out', plan):
        pass
    (tmp_path / 'out' / 'labels' / 'plan.json').write_text('{"recordings": [')
    refused = pytest.raises(OutputError, match=r'plan\.json is damaged, .*same arguments again')
    with refused, open_project(tmp_path / 'out'):
        pass


@pytest.mark.parametrize('content', [b'', b'[{"number": 1}]', b'{"a": 1}', b'[1]'])
def test_a_damaged_result_is_refused_with_its_name(tmp_path, plan, content):
    with create_project(tmp_path / 'out', plan) as project:
        for job in project.open_jobs():
            project.keep(job, content)
        with pytest.raises(OutputError, match=r'film_000002_forwards_\w+\.json cannot be read'):
            project.labelled(plan.recordings[0])


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, plan):
    (tmp_path / 'out').write_text('a file')
    refused = pytest.raises(OutputError, match='cannot be written')
    with refused, create_project(tmp_path / 'out', plan):
        pass


def test_what_was_decided_about_another_recording_of_the_same_name_does_not_count(tmp_path, plan):
    out = tmp_path / 'out'
    about = [Decision(name, 2, accepted=False) for name in ('film', 'other')]
    with create_project(out, plan) as project:
        project.decisions.open()
        project.decisions.add(about)
        project.decisions.close()
    same = replace(plan, formats=('yolo',))
    with create_project(out, same) as project:
        assert project.decisions_about(plan.recordings[0]).keys() == {2}
    other = replace(plan, recordings=(replace(plan.recordings[0], content='def'),))
    with create_project(out, other) as project:
        assert project.decisions_about(other.recordings[0]) == {}
    # For good, and only those.
    with create_project(out, plan) as project:
        assert project.decisions.by_image().keys() == {('other', 2)}


def test_what_is_none_of_ours_in_its_place_is_left_alone(tmp_path, plan):
    (tmp_path / 'labels').mkdir()
    (tmp_path / 'labels' / 'plan.json').write_text('{"mine": 1}')
    refused = pytest.raises(OutputError, match='not from "picosam label"')
    with refused, create_project(tmp_path, plan):
        pass
    assert (tmp_path / 'labels' / 'plan.json').read_text() == '{"mine": 1}'


def test_what_a_killed_process_left_is_removed(tmp_path, plan):
    left = tmp_path / 'labels' / 'results' / 'picosam_0123456789abcdef.part.json'
    left.parent.mkdir(parents=True)
    left.write_text('half of')
    with create_project(tmp_path, plan):
        assert not left.exists()
