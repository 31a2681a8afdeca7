"""`picosam segment` with several pictures: folders, patterns, and some that are broken."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from picosam_ros.cli import main
from picosam_ros.engines.host import HostEngine

POINT = ['--point', '69.5,49.5']


@pytest.fixture
def shots(picture, tmp_path):
    """Return a folder of two pictures, one that is broken, one that is small, and a text."""
    folder = tmp_path / 'shots'
    folder.mkdir()
    for name in ('a.png', 'c.png'):
        shutil.copy(picture, folder / name)
    (folder / 'b.jpg').write_bytes(b'this is text')
    cv2.imwrite(str(folder / 'd.png'), np.zeros((20, 20, 3), np.uint8))
    (folder / 'notes.txt').write_text('no picture')
    return folder


@pytest.fixture
def segment(tiny_network):
    network = tiny_network()
    return lambda *words: main(
        ['segment', *map(str, words), *POINT, '--model', network, '--roi-size', '96']
    )


def test_a_folder_is_done_with_one_engine_and_what_is_broken_is_told_and_counted(
    segment, shots, capsys, monkeypatch
):
    opened = []
    load = HostEngine.load
    monkeypatch.setattr(HostEngine, 'load', lambda engine: opened.append(0) or load(engine))
    assert segment(shots) == 1
    told = capsys.readouterr()
    assert [line.split('  ')[:2] for line in told.out.splitlines()] == [
        [f'1/4 {shots}/a.png', 'box 50,35,89,64'],
        [f'3/4 {shots}/c.png', 'box 50,35,89,64'],
    ]
    first, second, last = told.err.splitlines()
    assert first.startswith(f'image {shots}/b.jpg cannot be read')
    assert second.startswith(f'{shots}/d.png: point (69.5, 49.5) is outside of the image')
    assert last == '4 pictures; 2 of them could not be done'
    assert len(opened) == 1


def test_json_is_a_line_a_picture_and_those_that_failed_have_the_reason(segment, shots, capsys):
    assert segment(shots, '--json') == 1
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(report['image']).name for report in reports] == [
        'a.png',
        'b.jpg',
        'c.png',
        'd.png',
    ]
    assert ['error' in report for report in reports] == [False, True, False, True]
    assert [report.get('area') for report in reports] == [1200, None, 1200, None]
    assert [reports[n]['timing']['load'] > 0 for n in (0, 2)] == [True, False]


def test_a_pattern_and_several_files_are_pictures_too_each_once(segment, shots, capsys):
    assert segment(shots / '[ac].png') == 0
    by_pattern = capsys.readouterr()
    assert segment(shots / 'a.png', shots / 'c.png', shots / 'a.png') == 0
    named = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert named == [line.split()[1] for line in by_pattern.out.splitlines()]
    assert named == [f'{shots}/a.png', f'{shots}/c.png']
    assert by_pattern.err == '2 pictures\n'


def test_masks_and_overlays_of_several_pictures_lie_in_folders_by_their_names(
    segment, shots, tmp_path
):
    masks, drawn = tmp_path / 'masks', tmp_path / 'drawn'
    assert segment(shots, '-o', masks, '--overlay', drawn) == 1
    assert sorted(file.name for file in masks.iterdir()) == ['a.png', 'c.png']
    assert sorted(file.name for file in drawn.iterdir()) == ['a.jpg', 'c.jpg']
    mask = cv2.imread(str(masks / 'a.png'), cv2.IMREAD_UNCHANGED)
    assert np.count_nonzero(mask == 255) == 1200
    assert cv2.imread(str(drawn / 'c.jpg')).shape == (100, 120, 3)


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (['shots/a.png', 'shots/c.png', '-o', 'shots'], 'the output shots/a.png is the input'),
        (['shots', '-o', 'shots'], 'the output shots is the input shots'),
        (['shots/a.png', 'other/a.png', '-o', 'm'], 'shots/a.png and other/a.png would both be'),
        (['shots', '-o', 'file'], 'the folder file cannot be made: file exists'),
        (['shots', '-o', 'no/masks'], 'the folder no/masks cannot be made'),
        (['empty'], 'folder empty has no picture in it: looked for files that end in .jpg'),
        (['shots/*.bmp'], 'no file fits shots/*.bmp'),
    ],
)
def test_what_cannot_be_begun_is_one_sentence_and_nothing_is_written(
    segment, shots, tmp_path, monkeypatch, capsys, words, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'file').touch()
    shutil.copytree(shots, 'other')
    before = {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()}
    assert segment(*words) == 1
    told = capsys.readouterr()
    assert told.out == ''
    assert said in told.err
    assert told.err.count('\n') == 1
    after = {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()}
    assert after == before


def test_an_engine_that_does_not_open_ends_the_run_at_once(shots, capsys):
    assert main(['segment', str(shots), *POINT, '--model', 'no.onnx']) == 1
    told = capsys.readouterr().err
    assert told.count('\n') == 1
    assert 'model file no.onnx does not exist' in told
