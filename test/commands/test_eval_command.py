import json
import os
import signal

import cv2
import pytest
from helpers.exported import write_pair
from helpers.labelled import Dataset, rectangle

from picosam_ros.cli import main
from picosam_ros.commands import terminal

SQUARE = (40, 30, 100, 90)


@pytest.fixture
def dataset(tmp_path):
    """Return a data set of two pictures with one object each, and a crowd."""
    made = Dataset(tmp_path)
    for name in ('a.png', 'b.png'):
        image = made.picture(name, rectangles=[SQUARE])
        made.label(image, rectangle(*SQUARE))
    made.label(image, rectangle(*SQUARE), iscrowd=1)
    made.write()
    return made


@pytest.fixture
def evaluate(dataset, tiny_network):
    """Return a function that runs the command on the data set with the tiny network."""
    given = ['--images', str(dataset.folder), '--annotations', str(dataset.path)]
    return lambda *more: main(['eval', *given, '--model', tiny_network(), *map(str, more)])


def test_json_has_the_figures_the_trivial_answer_and_what_was_left_out(evaluate, capsys):
    assert evaluate('--protocol', 'crop96', '--json') == 0
    report = json.loads(capsys.readouterr().out)
    assert report.pop('seconds') >= 0
    trivial = round(60 * 60 / 96**2, 4)
    assert report == {
        'engine': 'host',
        'model': 'tiny.onnx',
        'protocol': 'crop96',
        'n': 2,
        'n_small': 0,
        'n_medium': 2,
        'n_large': 0,
        'miou': 1.0,
        'best': 1.0,
        'map': 1.0,
        'small': None,
        'medium': 1.0,
        'large': None,
        'all_foreground': {
            'miou': trivial,
            'map': 0.0,
            'small': None,
            'medium': trivial,
            'large': None,
        },
        'skipped': {'crowd': 1},
        'left_out': [],
        'missing_images': 0,
        'partial': False,
        'total': 2,
    }


def test_the_table_has_the_trivial_answer_beside_the_engines(evaluate, dataset, capsys):
    (dataset.folder / 'b.png').unlink()
    assert evaluate('--protocol', 'crop96') == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ['crop96', 'mIoU', 'best', 'mAP', 'small', 'medium', 'large']
    assert lines[1].split() == ['host', 'tiny.onnx', '1.000', '1.000', '1.000', '-', '1.000', '-']
    assert lines[2].split() == ['all', 'foreground', '0.391', '-', '0.000', '-', '0.391', '-']
    assert lines[3].split() == ['masks', '1', '0', '1', '0']
    assert lines[4] == 'skipped: 1 (crowd)'
    assert lines[5] == '1 images are not in the folder'


def test_without_a_protocol_it_is_what_a_user_sees(evaluate, capsys):
    assert evaluate('--limit', 1) == 0
    assert capsys.readouterr().out.split()[0] == 'full'


@pytest.mark.parametrize('protocol', ['full', 'box'])
def test_the_other_protocols_are_asked_for_by_name(evaluate, protocol, capsys):
    assert evaluate('--protocol', protocol, '--limit', 1, '--json') == 0
    report = json.loads(capsys.readouterr().out)
    assert (report['protocol'], report['n']) == (protocol, 1)


def test_the_sheet_is_written(evaluate, tmp_path, capsys):
    path = tmp_path / 'sheet.png'
    assert evaluate('--sheet', path) == 0
    assert cv2.imread(str(path)).shape[1] > 300
    assert f'sheet in {path}' in capsys.readouterr().out


def test_what_is_left_out_is_named(evaluate, dataset, capsys):
    dataset.label(100, [[0, 0, 1e9, 1e9]])
    dataset.write()
    assert evaluate() == 0
    printed = capsys.readouterr().out
    assert 'skipped: 1 (damaged mask)\n' in printed
    assert 'annotation 4 is left out: a polygon reaches to 1e+09; allowed' in printed
    assert evaluate('--json') == 0
    [named] = json.loads(capsys.readouterr().out)['left_out']
    assert named['what'] == 'annotation 4'


def test_a_labelled_image_is_not_written_over(evaluate, dataset, tmp_path, capsys):
    link = tmp_path / 'sheet.png'
    link.symlink_to(dataset.folder / 'b.png')
    before = link.read_bytes()
    assert evaluate('--sheet', link) == 1
    assert f'the output {link} is the input {dataset.folder / "b.png"}' in capsys.readouterr().err
    assert link.read_bytes() == before


def test_a_sheet_that_cannot_be_written_is_reported_before_anything_is_evaluated(evaluate, capsys):
    assert evaluate('--sheet', 'no-folder/sheet.png') == 1
    assert 'there is no folder no-folder' in capsys.readouterr().err


def test_a_terminal_shows_how_far_it_is(evaluate, capsys, monkeypatch):
    monkeypatch.setattr('sys.stdout.isatty', lambda: True)
    monkeypatch.setattr(terminal, 'REFRESH_SECONDS', 0.0)
    evaluate()
    printed = capsys.readouterr().out
    assert ' 50%' in printed
    assert '1 of 2 objects' in printed


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (('--annotations', 'gone.json'), 'gone.json cannot be read: no such file or directory'),
        (('--images', 'elsewhere'), '2 of 2 images are not in elsewhere, for example a.png'),
        (('--engine', 'gpu'), "'gpu' was given"),
        (('--model', 'yolo'), "'yolo' was given"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(evaluate, change, said, capsys):
    assert evaluate(*change) == 1
    told = capsys.readouterr()
    assert told.out == ''
    assert said in told.err
    assert told.err.count('\n') == 1


def test_ctrl_c_prints_the_metrics_of_what_was_evaluated_until_then(evaluate, capsys, monkeypatch):
    monkeypatch.setattr(
        terminal.Progress, 'show', lambda self, done: os.kill(os.getpid(), signal.SIGINT)
    )
    assert evaluate('--json') == 130
    report = json.loads(capsys.readouterr().out)
    assert (report['n'], report['total'], report['partial']) == (1, 2, True)
    assert evaluate() == 130
    assert 'interrupted; partial: 1 of 2 objects\n' in capsys.readouterr().out


@pytest.mark.parametrize('wrong', [('--protocol', 'crop128'), ('--limit', '0'), ('--limit', 'x')])
def test_what_was_mistyped_is_a_usage_error(evaluate, wrong, capsys):
    with pytest.raises(SystemExit, match='2'):
        evaluate(*wrong)
    assert 'usage: picosam eval' in capsys.readouterr().err


def test_further_clicks_have_a_row_each_and_the_number_that_a_goal_takes(evaluate, capsys):
    assert evaluate('--protocol', 'full', '--clicks', 3) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[2:4]] == [['2', 'clicks'], ['3', 'clicks']]
    assert all(len(line.split()) == len(lines[0].split()) + 1 for line in lines[2:4])
    [goal80, _, goal90] = [line for line in lines if line.startswith('NoC@')]
    assert goal80 == 'NoC@80: 1.00 clicks; 100% of the masks reach it, the others count as 3'
    assert goal90.startswith('NoC@90: ')


@pytest.mark.parametrize('protocol', ['crop96', 'box'])
def test_further_clicks_are_refused_where_the_prompt_fixes_what_is_seen(evaluate, protocol, capsys):
    with pytest.raises(SystemExit, match='2'):
        evaluate('--protocol', protocol, '--clicks', 3)
    told = capsys.readouterr().err
    assert f'--clicks 3 was given with --protocol {protocol}' in told
    assert 'further clicks go with --protocol full' in told


def test_further_clicks_go_to_the_engine_of_the_sam_family_as_they_are(dataset, tmp_path, capsys):
    options = [f'--{part}={path}' for part, path in write_pair(tmp_path).options.items()]
    given = ['--images', str(dataset.folder), '--annotations', str(dataset.path), *options]
    asked = ['--engine', 'edgesam', '--protocol', 'full', '--clicks', '3', '--json']
    assert main(['eval', *given, *asked]) == 0
    clicks = json.loads(capsys.readouterr().out)['clicks']
    assert len(clicks['after']) == 3
    # Its masks are hills around positive points and hollows around negative ones.
    assert len({figures['miou'] for figures in clicks['after']}) == 3
