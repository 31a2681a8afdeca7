"""A recipe runs its stages in order, goes on where it was stopped, and ends with what ships."""

import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
import yaml

from training import configuration, recipe
from training.recipe import CONFIGS, FOLDER, Stage, main, read, run

ROOT = Path(__file__).parents[2]
RECIPES = sorted(path.stem for path in FOLDER.glob('*.yaml'))
# A module of the standard library in place of a stage: it leaves one file.
PACK = 'zipfile -c {out}/packed.zip {data}/note.txt'
AGAIN = 'zipfile -e {pack}/packed.zip {out}'


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / 'photos of mine'
    folder.mkdir()
    (folder / 'note.txt').write_text('a photo')
    return folder


@cache
def options(module):
    """Return the options of a command, by its own help."""
    done = subprocess.run(
        [sys.executable, '-m', module, '--help'], capture_output=True, text=True, check=True
    )
    return set(re.findall(r'--[a-z-]+', done.stdout))


@pytest.mark.parametrize('name', RECIPES)
def test_the_commands_of_a_recipe_are_there_with_their_options_and_files(name) -> None:
    pytest.importorskip('torch')
    for _, command in recipe.commands(read(name), Path('data'), Path('out')):
        module, *rest = command
        assert module.startswith('training.')
        if importlib.util.find_spec(module) is None:
            pytest.skip(f'{module} is not here')
        assert {word for word in rest if word.startswith('--')} <= options(module)
        configs = [word for word in rest if word.endswith('.yaml')]
        assert all(Path(config).is_file() for config in configs)


@pytest.mark.parametrize('name', RECIPES)
def test_a_recipe_ends_with_the_network_of_its_name_being_published(name) -> None:
    lines = [stage.line for stage in read(name)]
    [publishing] = [line for line in lines if line.startswith('training.publish')]
    assert publishing.endswith(f'--name {name}')


@pytest.mark.parametrize('name', RECIPES)
def test_every_training_of_a_recipe_is_recorded_where_it_is_published(name) -> None:
    stages = read(name)
    trained = [s.name for s in stages if s.line.startswith(('training.train ', 'training.click '))]
    [publishing] = [stage.line for stage in stages if 'training.publish' in stage.line]
    assert re.findall(r'\{(\w+)\}/checkpoint', publishing) == trained


def test_stages_run_in_order_and_find_what_earlier_ones_left(data, tmp_path, capfd) -> None:
    out = tmp_path / 'run'
    assert run([Stage('pack', PACK), Stage('again', AGAIN)], data, out) == 0
    assert (out / 'again' / 'note.txt').read_text() == 'a photo'
    told = capfd.readouterr().out
    assert told.index('pack: python -m') < told.index('again: python -m')


def test_a_stage_that_fails_ends_the_run_and_the_same_command_goes_on_there(
    data, tmp_path, capfd
) -> None:
    out, more = tmp_path / 'run', 'zipfile -e {data}/more.zip {out}'
    stages = [Stage('pack', PACK), Stage('more', more), Stage('again', AGAIN)]
    assert run(stages, data, out) != 0
    assert not (out / 'again').exists()
    packed = out / 'pack' / 'packed.zip'
    first = packed.stat().st_mtime_ns
    (data / 'more.zip').write_bytes(packed.read_bytes())
    assert run(stages, data, out) == 0
    assert (out / 'more' / 'note.txt').is_file()
    assert packed.stat().st_mtime_ns == first
    capfd.readouterr()
    assert run(stages, data, out) == 0
    assert capfd.readouterr().out.splitlines() == ['pack: done', 'more: done', 'again: done']


def test_what_was_left_of_a_stage_that_cannot_go_on_does_not_disturb_it(data, tmp_path) -> None:
    out, more = tmp_path / 'run', 'zipfile -e {data}/more.zip {out}'
    assert run([Stage('more', more)], data, out) != 0
    (out / 'more' / 'half.txt').write_text('of the first start')
    run([Stage('pack', PACK)], data, tmp_path / 'other')
    (data / 'more.zip').write_bytes((tmp_path / 'other' / 'pack' / 'packed.zip').read_bytes())
    assert run([Stage('more', more)], data, out) == 0
    assert [path.name for path in (out / 'more').iterdir()] == ['note.txt']


def test_a_run_that_is_ended_ends_its_stage(data, tmp_path) -> None:
    (tmp_path / 'serving.yaml').write_text('serving: http.server 0 --bind 127.0.0.1')
    arguments = [str(tmp_path / 'serving.yaml'), '--data', str(data), '--out', str(tmp_path)]
    command = [sys.executable, '-u', '-m', 'training.recipe', *arguments]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {'PYTHONUNBUFFERED': '1'},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as started:
        try:
            assert started.stdout is not None
            assert any('Serving HTTP' in line for line in started.stdout)
            started.terminate()
            # Its output ends with the last process that writes there.
            told, _ = started.communicate(timeout=60)
            assert told == 'stopped; the same command goes on\n'
            assert started.returncode == 130
        finally:
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)


def test_a_run_of_another_recipe_is_not_gone_on_with(data, tmp_path) -> None:
    out = tmp_path / 'run'
    run([Stage('pack', PACK)], data, out)
    with pytest.raises(ValueError, match='begun with another line'):
        run([Stage('pack', f'{PACK} {{data}}')], data, out)


def test_a_stage_that_names_a_later_one_is_refused_before_anything_runs(data, tmp_path) -> None:
    out = tmp_path / 'run'
    with pytest.raises(ValueError, match=r'names \{again\}: known are'):
        run([Stage('pack', '{again}'), Stage('again', AGAIN)], data, out)
    assert not out.exists()


def test_an_unknown_recipe_is_refused_with_the_known_ones(data, monkeypatch, capsys) -> None:
    arguments = ['recipe', 'picosam-3', '--data', str(data), '--out', 'runs']
    monkeypatch.setattr(sys, 'argv', arguments)
    with pytest.raises(SystemExit):
        main()
    assert 'known are picosam-click, picosam-lite-96' in capsys.readouterr().err


def test_the_listed_commands_can_be_typed(monkeypatch, capsys) -> None:
    arguments = ['recipe', 'picosam-lite-96', '--data', 'my photos', '--out', 'runs', '--list']
    monkeypatch.setattr(sys, 'argv', arguments)
    assert main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(read('picosam-lite-96'))
    assert 'my photos' in shlex.split(lines[0])


def test_single_entries_of_a_configuration_are_changed() -> None:
    config = configuration.read([CONFIGS / 'lite.yaml'])
    new = configuration.changed(config, ['seed=5', 'mixture.boxed=0', 'mixture.sides=[1, 2]'])
    assert new['seed'] == 5
    assert new['mixture'] == config['mixture'] | {'boxed': 0, 'sides': [1, 2]}
    assert config['mixture']['boxed'] == 0.12
    for wrong in ('seed', '=5', 'seed.deep=1'):
        with pytest.raises(ValueError, match='allowed are name=value'):
            configuration.changed(config, [wrong])


def test_a_whole_recipe_trains_in_stages_and_exports(store, tmp_path, monkeypatch, capfd) -> None:
    pytest.importorskip('torch')
    monkeypatch.chdir(ROOT)
    config = {
        'seed': 1,
        'batch': 4,
        'learning_rate': 1e-3,
        'weight_decay': 0.0,
        'warmup': 0.0,
        'ema_decay': 0.9,
        'workers': 0,
        'weights': {'coco_train': 1.0},
        'mixture': {'native': 0.5},
    }
    (tmp_path / 'tiny.yaml').write_text(yaml.safe_dump(config))
    train = f'training.train --data {{data}} --config {tmp_path}/tiny.yaml --out {{out}}'
    lines = {
        'first': f'{train} --steps 4 --until 0.5',
        'second': f'{train} --steps 1 --set seed=2 --init {{first}}/checkpoint.pt',
        'file': 'training.export --checkpoint {second}/checkpoint.pt --out {out}/net.onnx',
    }
    (tmp_path / 'tiny-recipe.yaml').write_text(yaml.safe_dump(lines, sort_keys=False))
    out = tmp_path / 'run'
    arguments = ['--data', str(store), '--out', str(out)]
    monkeypatch.setattr(sys, 'argv', ['recipe', str(tmp_path / 'tiny-recipe.yaml'), *arguments])
    assert main() == 0
    from training.publish import stage

    told = [stage(out / name / 'checkpoint.pt') for name in ('first', 'second')]
    assert [one['steps'] for one in told] == [2, 1]
    assert [one['configuration']['seed'] for one in told] == [1, 2]
    assert (out / 'file' / 'net.onnx').is_file()
