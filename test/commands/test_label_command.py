"""`picosam label`, with real processes: from recordings to data sets."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import psutil
import pytest
from helpers.patient import until
from helpers.recorded import centre, cut, disc, record, storage_file
from pycocotools.coco import COCO

from picosam_ros.cli import main
from picosam_ros.labelling.decisions import Decision
from picosam_ros.labelling.project import open_project

POINT = '{},{}'.format(*centre(0))


@pytest.fixture
def network(tiny_network):
    return tiny_network()


def label(*arguments):
    return main(['label', *map(str, arguments)])


def contents(folder):
    """Return all that is below a folder, by name."""
    files = sorted(path for path in folder.rglob('*') if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def pictures(folder, images=6):
    folder.mkdir()
    for number in range(images):
        cv2.imwrite(str(folder / f'{number}.png'), disc(number)[..., ::-1])
    return folder


def test_a_recording_becomes_a_data_set_that_pycocotools_reads(tmp_path, network, capsys):
    bag, out = record(tmp_path / 'kitchen'), tmp_path / 'out'
    given = ['--point', POINT, '--name', 'cup', '--model', network, '--change', 0]
    assert label(bag, *given, '-o', out) == 0
    printed = capsys.readouterr().out
    assert '10 images of 1 recording' in printed
    data = COCO(out / 'coco' / 'annotations' / 'instances_train.json')
    assert [one['name'] for one in data.loadCats(data.getCatIds())] == ['cup']
    for image in data.loadImgs(data.getImgIds()):
        number = int(Path(image['file_name']).stem.rpartition('_')[2])
        [annotation] = data.imgToAnns[image['id']]
        x, y = centre(number)
        assert data.annToMask(annotation)[y, x] == 1
        assert annotation['bbox'] == pytest.approx([x - 15, y - 15, 31, 31], abs=2)
        assert (out / 'coco' / 'images' / Path(image['file_name']).name).is_file()
    # A person is asked about the image of the prompt.
    assert len(data.imgs) == 9
    assert '1 image waits for you (1 of kitchen): picosam review' in printed


def test_recordings_of_every_kind_are_labelled_from_a_prompt_in_the_middle(
    tmp_path, network, capsys
):
    folder = pictures(tmp_path / 'shots')
    prompts = tmp_path / 'prompts.yaml'
    x, y = centre(3)
    prompts.write_text(f'- {{name: disc, image: 3, points: [[{x}, {y}]]}}\n')
    bags = [record(tmp_path / storage, storage, images=6) for storage in ('sqlite3', 'mcap')]
    arguments = ['--prompts', prompts, '--model', network, '--change', 0, '--json']
    assert label(*bags, folder, *arguments, '-o', tmp_path / 'out') == 0
    report = json.loads(capsys.readouterr().out)
    # A person is asked about the image of each prompt.
    assert (report['images'], report['doubted'], report['unanswered']) == (18, 3, 3)
    assert sum(report['examples'].values()) == report['labels']['disc'] == 15


def test_any_number_of_processes_writes_the_same_bytes(tmp_path, network):
    bags = [record(tmp_path / name, images=8) for name in ('one', 'two', 'three')]
    arguments = [*bags, '--point', POINT, '--model', network, '--format', 'coco,yolo,voc,mots,bag']
    for processes in (1, 3):
        out = tmp_path / str(processes)
        assert label(*arguments, '--processes', processes, '-o', out) == 0
    assert contents(tmp_path / '1') == contents(tmp_path / '3')


def test_what_was_labelled_is_not_labelled_again(tmp_path, network, capsys):
    bags = [record(tmp_path / name) for name in ('one', 'two')]
    arguments = ['--point', POINT, '--model', network, '--json', '-o', tmp_path / 'out']
    labelled = []
    for given in (bags[:1], bags[:1], bags):
        assert label(*given, *arguments) == 0
        labelled.append(json.loads(capsys.readouterr().out)['labelled_now'])
    assert labelled == [10, 0, 10]


def start(arguments, folder):
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, '-m', 'picosam_ros', 'label', *map(str, arguments)],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_after_any_end_a_second_start_writes_what_a_single_one_would_have(
    tmp_path, tiny_network, number
):
    # So large that it is at work for long, also where the signal is late.
    network = tiny_network(('N', 256, 256, 3))
    bags = [record(tmp_path / f'bag{index}', images=10) for index in range(12)]
    arguments = [*bags, '--point', POINT, '--model', network, '--processes', 2]
    assert label(*arguments, '-o', tmp_path / 'whole') == 0
    out = tmp_path / 'out'
    process = start([*arguments, '-o', out], tmp_path)
    results = out / 'labels' / 'results'
    until(lambda: results.is_dir() and len(list(results.glob('*.json'))) >= 2)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130), errors
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    assert not (out / 'coco').exists()
    assert label(*arguments, '-o', out) == 0
    assert contents(out) == contents(tmp_path / 'whole')


def test_of_a_damaged_recording_what_can_be_read_is_written_and_the_damage_told(
    tmp_path, network, capsys
):
    bag, out = record(tmp_path / 'bag', 'mcap', images=60), tmp_path / 'out'
    cut(storage_file(bag), 0.7)
    assert label(bag, '--point', POINT, '--model', network, '-o', out, '--change', 0) == 1
    printed = capsys.readouterr()
    assert f'{bag} is damaged: ' in printed.err
    assert f'what could be read is in {out}' in printed.err
    data = COCO(out / 'coco' / 'annotations' / 'instances_train.json')
    assert 10 < len(data.imgs) < 60


def test_an_image_that_cannot_be_read_is_left_out_and_told(tmp_path, network, capsys):
    folder = pictures(tmp_path / 'shots')
    (folder / '2.png').write_bytes(b'no picture')
    arguments = ['--point', POINT, '--model', network, '--change', 0, '--json']
    assert label(folder, *arguments, '-o', tmp_path / 'out') == 0
    report = json.loads(capsys.readouterr().out)
    assert report['images'] == 5
    assert any('1 image is left out, image 2: ' in one for one in report['notes'])


@pytest.mark.parametrize(
    ('given', 'told'),
    [
        ([], 'give prompts in one way'),
        (['--point', '1,2', '--prompts', 'file.yaml'], 'give prompts in one way'),
        (['--point', '1,2', '--format', 'coco,pascal'], "format 'pascal' was given; allowed are"),
        (['--point', '1,2', '--validation', '1.5'], 'allowed are numbers from 0 to 1'),
    ],
)
def test_a_wrong_command_line_is_told(tmp_path, capsys, given, told):
    with pytest.raises(SystemExit, match='2'):
        label(tmp_path, *given, '-o', 'out')
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ('given', 'told'),
    [
        (['--point', '900,9'], 'bag: object 1: point (900, 9) is outside of the image'),
        (['--point', '9,9', '--image', '77'], 'bag, which has 10: allowed are 0 to 9'),
        (['--point', '9,9', '--name', 'a\nb'], r"class name 'a\nb' was given; allowed are"),
        (['--point', '9,9', '--name', ' '], "class name ' ' was given; allowed are"),
        (['--point', '9,9', '--image-topic', '/none'], "image topic '/none' was given"),
        (['--point', '9,9', '--model', 'none'], "model 'none' was given"),
    ],
)
def test_what_cannot_be_labelled_is_one_sentence(tmp_path, network, capsys, given, told):
    bag = record(tmp_path / 'bag')
    assert label(bag, '--model', network, *given, '-o', tmp_path / 'out') == 1
    errors = capsys.readouterr().err
    assert told in errors
    assert errors.count('\n') == 1


def test_a_folder_of_somebody_else_is_refused_before_anything_is_labelled(
    tmp_path, network, capsys
):
    bag, out = record(tmp_path / 'bag'), tmp_path / 'out'
    (out / 'coco').mkdir(parents=True)
    (out / 'coco' / 'mine.txt').write_text('precious')
    assert label(bag, '--point', POINT, '--model', network, '-o', out) == 1
    assert str(out / 'coco') in capsys.readouterr().err
    assert not list((out / 'labels' / 'results').iterdir())
    assert (out / 'coco' / 'mine.txt').read_text() == 'precious'


def test_a_recording_that_is_given_twice_is_refused(tmp_path, network, capsys):
    bag = record(tmp_path / 'bag')
    link = tmp_path / 'link'
    link.symlink_to(bag)
    assert label(bag, link, '--point', POINT, '--model', network, '-o', tmp_path / 'out') == 1
    assert f'the recording {link} is given twice' in capsys.readouterr().err


def decide(out, *decisions):
    with open_project(out) as project:
        project.decisions.open()
        project.decisions.add(decisions)
        project.decisions.close()


def test_what_was_rejected_does_not_wait(tmp_path, network, capsys):
    bag, out = record(tmp_path / 'bag'), tmp_path / 'out'
    arguments = [bag, '--point', POINT, '--model', network, '--json', '-o', out]
    assert label(*arguments) == 0
    capsys.readouterr()
    decide(out, Decision('bag', 0, accepted=False))
    assert label(*arguments) == 0
    report = json.loads(capsys.readouterr().out)
    # All comes from the prompt of the image that was rejected.
    assert (report['rejected'], report['waiting'], report['examples']) == (1, {'bag': 9}, {})


def test_answers_about_other_objects_do_not_count_and_that_is_told(tmp_path, network, capsys):
    bag, out = record(tmp_path / 'bag'), tmp_path / 'out'
    arguments = [bag, '--point', POINT, '--model', network, '--json', '-o', out]
    assert label(*arguments, '--name', 'cup') == 0
    with open_project(out) as project:
        [image] = [one for one in project.labelled(project.plan.recordings[0]) if one.doubts]
    labels = tuple(one.doubted('') for one in image.labels)
    decide(out, Decision('bag', image.number, accepted=True, labels=labels))
    capsys.readouterr()
    assert label(*arguments, '--name', 'disc') == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report['labels']) == {'disc'}
    assert report['waiting'] == {'bag': 1}
    assert any('1 answers of a review were about other objects' in one for one in report['notes'])


def test_a_class_that_one_split_does_not_show_is_told(tmp_path, network, capsys):
    bags = [record(tmp_path / name) for name in ('one', 'two', 'three')]
    prompts = tmp_path / 'prompts.yaml'
    entries = [
        f'- {{name: {one.name}, recording: {one.name}, points: [[{POINT}]]}}' for one in bags
    ]
    prompts.write_text('\n'.join(entries))
    arguments = ['--prompts', prompts, '--model', network, '--json', '-o', tmp_path / 'out']
    assert label(*bags, *arguments) == 0
    notes = json.loads(capsys.readouterr().out)['notes']
    told = re.findall(r'^(\w+): no image of it is for (\w+);', '\n'.join(notes), re.M)
    # One of the three recordings validates.
    assert sorted(name for name, _ in told) == ['one', 'three', 'two']
    assert sorted(split for _, split in told) == ['train', 'val', 'val']


def test_a_data_set_that_is_not_written_anew_is_told(tmp_path, network, capsys):
    bag, out = record(tmp_path / 'bag'), tmp_path / 'out'
    arguments = [bag, '--point', POINT, '--model', network, '--json', '-o', out]
    assert label(*arguments, '--format', 'coco') == 0
    capsys.readouterr()
    assert label(*arguments, '--format', 'yolo') == 0
    notes = json.loads(capsys.readouterr().out)['notes']
    assert f'{out / "coco"} is of an earlier run, and was not written anew' in notes


@pytest.mark.parametrize('place', ['coco', 'labels', 'picosam_datasets.part/old'])
@pytest.mark.parametrize('kind', ['recording', 'prompts', 'model'])
def test_what_is_read_is_never_where_data_sets_are_written(tmp_path, network, capsys, place, kind):
    out = tmp_path / 'out'
    folder = out / place
    folder.mkdir(parents=True)
    bag = record(folder / 'bag' if kind == 'recording' else tmp_path / 'bag')
    prompts, model = tmp_path / 'prompts.yaml', network
    if kind == 'prompts':
        prompts = folder / 'mine.yaml'
    if kind == 'model':
        model = shutil.copy(network, folder / 'mine.onnx')
    prompts.write_text(f'- {{points: [[{POINT}]]}}')
    before = contents(folder)
    arguments = [bag, '--prompts', prompts, '--model', model, '-o', out]
    given = {'recording': bag, 'prompts': prompts, 'model': model}[kind]
    if place == 'labels' and kind == 'prompts':  # where those of the page lie
        assert label(*arguments) == 0
        return
    assert label(*arguments) == 1
    assert f'{given} is read, and lies in {out}' in capsys.readouterr().err
    assert contents(folder) == before


def test_a_further_object_is_in_doubt_though_the_image_was_accepted_before(
    tmp_path, network, capsys
):
    bag, out = record(tmp_path / 'bag'), tmp_path / 'out'
    prompts = tmp_path / 'prompts.yaml'
    x, y = centre(0)
    prompts.write_text(f'- {{id: 1, points: [[{x}, {y}]]}}')
    arguments = [bag, '--prompts', prompts, '--model', network, '--json', '-o', out]
    assert label(*arguments) == 0
    with open_project(out) as project:
        [image] = [one for one in project.labelled(project.plan.recordings[0]) if one.doubts]
    labels = tuple(one.doubted('') for one in image.labels)
    decide(out, Decision('bag', image.number, accepted=True, labels=labels))
    prompts.write_text(f'- {{id: 1, points: [[{x}, {y}]]}}\n- {{id: 2, points: [[{x + 3}, {y}]]}}')
    capsys.readouterr()
    assert label(*arguments) == 0
    assert json.loads(capsys.readouterr().out)['waiting'] == {'bag': 1}


def test_many_objects_can_be_labelled_at_once(tmp_path, network, capsys):
    bag = record(tmp_path / 'bag', images=2)
    prompts = tmp_path / 'prompts.yaml'
    x, y = centre(0)
    prompts.write_text('\n'.join(f'- {{points: [[{x}, {y}]]}}' for _ in range(40)))
    arguments = ['--prompts', prompts, '--model', network, '--json', '-o', tmp_path / 'out']
    assert label(bag, *arguments) == 0
    assert json.loads(capsys.readouterr().out)['images'] == 2


def test_a_recording_may_have_any_name(tmp_path, network, monkeypatch):
    folder = pictures(tmp_path / ('ü' * 100), images=2)
    monkeypatch.chdir(folder)
    arguments = ['--point', POINT, '--model', network, '--change', 0, '--format', 'mots']
    for given in ('.', '../' + 'ü' * 100):
        assert label(given, *arguments, '-o', tmp_path / 'out') == 0
        assert [one.name for one in (tmp_path / 'out' / 'mots' / 'train').iterdir()] == ['ü' * 60]


def test_a_review_finds_the_network_from_any_folder(tmp_path, network, monkeypatch):
    shutil.copy(network, tmp_path / 'mine.onnx')
    monkeypatch.chdir(tmp_path)
    assert (
        label(record(tmp_path / 'bag'), '--point', POINT, '--model', 'mine.onnx', '-o', 'out') == 0
    )
    monkeypatch.chdir('/')
    with open_project(tmp_path / 'out') as project:
        assert project.open_jobs() == []
