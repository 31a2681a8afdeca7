import json
import os
import signal
import sqlite3
import subprocess
import sys

import pytest
from helpers.recorded import TOPIC, centre, cut, read, record, storage_file

from picosam_ros.cli import main
from picosam_ros.commands import terminal

POINT = '{},{}'.format(*centre(0))


@pytest.fixture
def network(tiny_network):
    return tiny_network()


def test_the_report_tells_what_was_done_and_how_fast(tmp_path, network, capsys):
    path, out = record(tmp_path / 'bag'), tmp_path / 'out'
    arguments = ['bag', str(path), '--point', POINT, '--model', network, '-o', str(out)]
    assert main([*arguments, '--json']) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report['topic'], report['out']) == (TOPIC, str(out))
    assert (report['images'], report['refused'], report['masks']) == (10, 0, 10)
    # In hundredths: of a slow machine's few that is a large part.
    factor = pytest.approx(0.3 / report['seconds'], rel=0.05, abs=0.0051)
    assert report['times_real_time'] == factor
    assert len(read(out)['/segmenter/masks']) == 10


def test_people_are_told_the_factor_and_where_the_masks_are(tmp_path, network, capsys):
    path, out = record(tmp_path / 'bag', 'mcap'), tmp_path / 'out'
    assert main(['bag', str(path), '--point', POINT, '--model', network, '-o', str(out)]) == 0
    printed = capsys.readouterr().out
    assert '10 images, 10 masks' in printed
    assert 'times real time' in printed
    assert f'masks in {out}' in printed


def test_a_file_of_prompts_gives_several_objects(tmp_path, network):
    path, out = record(tmp_path / 'bag'), tmp_path / 'out'
    prompts = tmp_path / 'prompts.yaml'
    x, y = centre(0)
    prompts.write_text(f'- {{id: 7, points: [[{x}, {y}]]}}\n- {{id: 9, box: [25, 45, 55, 75]}}\n')
    arguments = ['bag', str(path), '--prompts', str(prompts), '--model', network, '-o', str(out)]
    assert main(arguments) == 0
    for _, message in read(out)['/segmenter/masks']:
        assert [mask.object_id for mask in message.masks] == [7, 9]


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_a_truncated_recording_is_a_clear_error_and_what_was_done_is_kept(
    tmp_path, network, capsys, storage
):
    path, out = record(tmp_path / 'bag', storage, images=60), tmp_path / 'out'
    cut(storage_file(path), 0.7)
    assert main(['bag', str(path), '--point', POINT, '--model', network, '-o', str(out)]) == 1
    printed = capsys.readouterr()
    done = len(read(out)['/segmenter/masks'])
    assert done > 10
    assert f'{path} is damaged: ' in printed.err
    assert f'the masks of the {done} images that could be read are in {out}' in printed.err


@pytest.mark.parametrize(
    'given', [[], ['--point', '1,2', '--prompts', 'file.yaml']], ids=['nothing', 'both']
)
def test_one_kind_of_prompt_is_needed(tmp_path, given, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['bag', str(tmp_path), *given, '-o', 'out'])
    assert 'give one object with --point' in capsys.readouterr().err


def test_ctrl_c_ends_it_with_a_bag_that_can_be_read(tmp_path, tiny_network):
    path, out = record(tmp_path / 'bag', 'mcap', images=2000), tmp_path / 'out'
    # So large that it is at work for long, also where the signal is late.
    network = tiny_network(('N', 2048, 2048, 3))
    options = ['--point', POINT, '--model', network, '-o', out, '--json']
    process = subprocess.Popen(
        [sys.executable, '-m', 'picosam_ros', 'bag', path, *options],
        stdout=subprocess.PIPE,
        env=os.environ,
    )
    try:
        while not any(tmp_path.glob('picosam_*.part/*')):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    report = json.loads(printed)
    assert 0 < report['images'] < 2000
    assert len(read(out)['/segmenter/masks']) == report['images']


def test_who_looks_at_the_terminal_sees_how_far_it_is(tmp_path, network, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, 'isatty', lambda: True)
    monkeypatch.setattr(terminal, 'REFRESH_SECONDS', 0.0)
    path, out = record(tmp_path / 'bag'), tmp_path / 'out'
    assert main(['bag', str(path), '--point', POINT, '--model', network, '-o', str(out)]) == 0
    printed = capsys.readouterr().out
    assert '50%' in printed
    assert '5 of 10 images' in printed
    assert 's left' in printed


def test_a_disk_that_is_full_is_reported(tmp_path, network, capsys, monkeypatch):
    def refuse(*_):
        raise sqlite3.OperationalError('database or disk is full')

    path, out = record(tmp_path / 'bag'), tmp_path / 'out'
    monkeypatch.setattr('rosbags.rosbag2.Writer.write', refuse)
    assert main(['bag', str(path), '--point', POINT, '--model', network, '-o', str(out)]) == 1
    assert f'{out} cannot be written: database or disk is full' in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ['bag']


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
@pytest.mark.parametrize('name', ['m#1', 'm?v=1', 'm%41', 'a b', 'né', '[x]', 'new\nline', '-o'])
def test_a_name_with_characters_that_have_a_meaning_elsewhere_is_a_name(
    tmp_path, network, name, storage
):
    day = tmp_path / f'day {name}'
    path, out = record(tmp_path / 'bag', storage), day / name
    day.mkdir()
    path = path.rename(day / f'in {name}')
    assert main(['bag', str(path), '--point', POINT, '--model', network, '-o', str(out)]) == 0
    assert sorted(file.name for file in day.iterdir()) == sorted([path.name, name])
    assert {file.suffix for file in out.iterdir()} == {storage_file(path).suffix, '.yaml'}
    safe = out.rename(tmp_path / 'out')
    assert len(read(safe)['/segmenter/masks']) == 10


@pytest.mark.parametrize('way', ['itself', 'inside', 'deep inside', 'through a link'])
def test_the_recording_that_is_read_is_not_written_into(tmp_path, network, capsys, way):
    path = record(tmp_path / 'bag')
    (tmp_path / 'link').symlink_to(path)
    ways = {
        'itself': tmp_path / 'other' / '..' / 'bag',
        'inside': path / 'masks',
        'deep inside': path / 'new' / 'masks',
        'through a link': tmp_path / 'link' / 'masks',
    }
    (tmp_path / 'other').mkdir()
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    out = str(ways[way])
    assert main(['bag', str(path), '--point', POINT, '--model', network, '-o', out]) == 1
    said = 'is the input' if way == 'itself' else 'lies inside of the input'
    assert said in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before


def test_a_folder_for_the_new_recording_is_made_and_does_not_stay_after_an_error(
    tmp_path, network, monkeypatch
):
    path, out = record(tmp_path / 'bag'), tmp_path / 'new' / 'day' / 'out'
    arguments = ['bag', str(path), '--point', POINT, '--model', network, '-o', str(out)]

    def refuse(*_):
        raise OSError(28, 'No space left on device')

    with monkeypatch.context() as full:
        full.setattr('rosbags.rosbag2.Writer.close', refuse)
        assert main(arguments) == 1
    assert not (tmp_path / 'new').exists()
    assert main(arguments) == 0
    assert len(read(out)['/segmenter/masks']) == 10


def test_what_is_left_out_is_told_as_a_note(tmp_path, network, capsys):
    path, out = record(tmp_path / 'bag'), tmp_path / 'out'
    with sqlite3.connect(storage_file(path)) as connection:
        connection.execute("INSERT INTO topics VALUES (9, '/log', 'Log', 'json', '', '')")
    connection.close()
    arguments = ['bag', str(path), '--point', POINT, '--model', network, '-o', str(out)]
    assert main([*arguments, '--json']) == 0
    [note] = json.loads(capsys.readouterr().out)['notes']
    assert note.startswith('topic /log is left out')
