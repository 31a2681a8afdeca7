import json

import pytest
from helpers import exported

from picosam_ros.cli import main


@pytest.fixture
def bench(tiny_network):
    network = tiny_network()
    return lambda *more: main(['bench', '--model', network, '--frames', '8', *more])


def test_json_keeps_loading_warming_up_first_masks_and_frames_apart(bench, capsys):
    assert bench('--prompts', '3', '--threads', '1', '--json') == 0
    report = json.loads(capsys.readouterr().out)
    assert report['engine'] == 'host'
    assert report['model'] == 'tiny.onnx'
    assert (report['prompts'], report['threads'], report['frames']) == (3, 1, 8)
    for once in ('import_ms', 'open_ms', 'load_ms', 'warm_up_ms', 'first_mask_ms'):
        assert report[once] >= 0
    assert set(report['stages']) == {'preprocess', 'inference', 'decode', 'other'}
    for row in (report['frame'], report['bare'], *report['stages'].values()):
        assert 0 < row['p50'] <= row['p95'] <= row['p99']


def test_the_ratio_is_of_the_medians_and_a_frame_holds_its_stages(bench, capsys):
    bench('--json')
    report = json.loads(capsys.readouterr().out)
    medians = report['frame']['p50'] / report['bare']['p50']
    assert report['ratio'] == pytest.approx(medians, rel=0.01)
    assert report['frame']['p50'] > report['stages']['inference']['p50'] / 2


def test_the_readable_table_names_every_measurement(bench, capsys):
    assert bench() == 0
    printed = capsys.readouterr().out
    assert printed.startswith('host tiny.onnx, 1 prompt, 640×480, 8 frames\n')
    for word in ('import', 'load', 'warm-up', 'first masks', 'p99', 'every frame', 'ratio'):
        assert word in printed


@pytest.mark.parametrize('number', ['0', '-1', 'many', '1.5'])
def test_a_count_that_is_none_is_a_usage_error(number, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['bench', f'--prompts={number}'])
    assert f"'{number}' was given; allowed are integers from 1" in capsys.readouterr().err


def test_every_picture_is_new_to_an_engine_that_remembers_pictures(tmp_path, capsys):
    pair = exported.write_pair(tmp_path)
    words = ['--engine', 'edgesam', '--encoder', pair.encoder, '--decoder', pair.decoder]
    assert main(['bench', *words, '--frames', '3', '--json']) == 0
    report = json.loads(capsys.readouterr().out)
    assert report['model'] == 'edgesam_encoder.onnx + edgesam_decoder.onnx'
    assert report['stages']['encode']['p50'] > 0
    assert report['bare'] is report['ratio'] is None
