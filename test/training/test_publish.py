"""A network takes the place of the shipped one only when it is better, and at no more time."""

import hashlib
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('onnx')

import yaml  # noqa: E402

from training import publish as module  # noqa: E402
from training import registry, run_time  # noqa: E402
from training.data import readers  # noqa: E402
from training.export import export  # noqa: E402
from training.networks.lite import FEWEST, LiteUNet  # noqa: E402
from training.networks.picosam2 import Architecture, count_parameters  # noqa: E402
from training.publish import count, main, publish  # noqa: E402
from training.registry import describe, replace  # noqa: E402
from training.trainer import Trainer  # noqa: E402


@pytest.fixture(autouse=True)
def equally_fast(monkeypatch):
    """Give both files one time: the machine that runs tests is busy."""
    same = run_time.Comparison(10.0, 10.0, 1.0)
    monkeypatch.setattr('training.run_time.compare', lambda *_: same)


@pytest.fixture
def held_out(store):
    return {
        group: readers.read_source(store, source)[:2]
        for group, source in (('coco', 'coco_train'), ('ecssd', 'ecssd'))
    }


@pytest.fixture
def good(tiny_network):
    """Return a network that finds what is light around the middle."""
    return Path(tiny_network(fall=0.1, name='good.onnx'))


@pytest.fixture
def bad(tiny_network):
    """Return a network whose masks are all but empty."""
    return Path(tiny_network(fall=8.0, name='bad.onnx'))


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / 'models'
    folder.mkdir()
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_first_network_of_a_name_is_published_with_what_made_it(good, held_out, models) -> None:
    told = [{'steps': 3, 'minutes': 0.1, 'configuration': {'seed': 1}}]
    assert publish(good, 'net', 5, held_out, models, training=told) == []
    entry = yaml.safe_load((models / 'models.yaml').read_text())['net']
    assert entry['sha256'] == hashlib.sha256((models / 'net.onnx').read_bytes()).hexdigest()
    assert entry['training'] == told
    assert set(entry['metrics']) == {'coco', 'ecssd'}


def test_a_better_network_takes_the_place_of_a_worse_one(
    good, bad, held_out, models, capsys
) -> None:
    publish(bad, 'net', 5, held_out, models)
    assert publish(good, 'net', 5, held_out, models) == []
    assert (models / 'net.onnx').read_bytes() == good.read_bytes()
    printed = capsys.readouterr().out
    assert 'shipped' in printed
    for name in ('coco full', 'coco box', 'coco crop96', 'ecssd full', 'mean'):
        assert name in printed


def test_a_worse_network_changes_nothing_and_is_told_what_falls_short(
    good, bad, held_out, models
) -> None:
    publish(good, 'net', 5, held_out, models)
    before = contents(models)
    short = publish(bad, 'net', 5, held_out, models)
    assert any('coco box falls by' in line for line in short)
    assert any('the mean changes by -' in line for line in short)
    assert contents(models) == before


def test_a_dry_run_compares_and_changes_nothing(good, bad, held_out, models) -> None:
    publish(bad, 'net', 5, held_out, models)
    before = contents(models)
    assert publish(good, 'net', 5, held_out, models, dry_run=True) == []
    assert contents(models) == before


def test_a_better_network_that_takes_longer_is_refused(
    good, bad, held_out, models, monkeypatch
) -> None:
    publish(bad, 'net', 5, held_out, models)
    slow = run_time.Comparison(10.0, 12.0, 1.2)
    monkeypatch.setattr('training.run_time.compare', lambda *_: slow)
    [short] = publish(good, 'net', 5, held_out, models)
    assert 'a run takes 1.200 of the time' in short


def test_recorded_figures_are_believed_only_of_the_file_and_the_masks_that_they_are_of(
    good, bad, held_out, models, monkeypatch
) -> None:
    measured = []
    evaluate = module.evaluate

    def counting(photos, model, clicks):
        measured.append(model)
        return evaluate(photos, model, clicks=clicks)

    monkeypatch.setattr(module, 'evaluate', counting)
    publish(bad, 'net', 5, held_out, models)
    measured.clear()
    publish(good, 'net', 5, held_out, models, dry_run=True)
    assert set(measured) == {str(good)}
    measured.clear()
    fewer = {group: photos[:1] for group, photos in held_out.items()}
    publish(good, 'net', 5, fewer, models, dry_run=True)
    assert set(measured) == {str(good), str(models / 'net.onnx')}
    entry = registry.entries(models)['net']
    replace(models, 'net', bad, entry | {'sha256': '0' * 64})
    measured.clear()
    publish(good, 'net', 5, held_out, models, dry_run=True)
    assert set(measured) == {str(good), str(models / 'net.onnx')}


def test_the_file_that_ships_is_measured_anew_and_keeps_what_made_it(
    good, held_out, models
) -> None:
    told = [{'steps': 3}]
    entry = describe(good, 'net', 5, {'coco': {}}, told)
    replace(models, 'net', good, entry)
    assert publish(good, 'net', 5, held_out, models) == []
    written = registry.entries(models)['net']
    assert written['training'] == told
    assert written['metrics']['coco']['full']['n'] == 6


def test_a_store_without_a_group_that_ships_is_told_and_changes_nothing(
    good, bad, held_out, models
) -> None:
    publish(bad, 'net', 5, held_out, models)
    before = contents(models)
    fewer = {'coco': held_out['coco']}
    for path in (good, bad):
        short = publish(path, 'net', 5, fewer, models)
        assert 'ecssd full was not measured: the store has no photos of ecssd' in short
    assert contents(models) == before


def test_eight_bits_are_held_against_what_they_were_made_of(good, bad, held_out, models) -> None:
    publish(good, 'net', 5, held_out, models)
    short = publish(bad, 'net-int8', 5, held_out, models, made_of='net')
    assert any(line.startswith('below net: coco box falls by') for line in short)
    assert 'net-int8' not in registry.entries(models)


def test_a_file_has_as_many_parameters_as_the_network_that_it_was_made_of(uneven, tmp_path) -> None:
    network = uneven(LiteUNet(blocks=FEWEST))
    export(network, tmp_path / 'net.onnx', 'net')
    assert count(tmp_path / 'net.onnx') == count_parameters(network)


def test_the_command_refuses_with_one_and_records_every_stage(
    store, bad, models, tmp_path, monkeypatch, capsys
) -> None:
    names = {f'{source}/0000.png' for source in ('coco_train', 'ecssd')}
    monkeypatch.setattr('training.data.split.read', lambda: names)
    monkeypatch.setattr('training.evaluate.GROUPS', {'coco': ('coco_train',), 'ecssd': ('ecssd',)})
    base = {'seed': 1, 'learning_rate': 1e-3, 'weight_decay': 0.0}
    checkpoints = []
    for seed in (1, 2):
        Trainer(base | {'seed': seed}).save(tmp_path / f'{seed}.pt')
        checkpoints.append(str(tmp_path / f'{seed}.pt'))
    arguments = ['--data', str(store), '--models', str(models), '--name', 'net']
    monkeypatch.setattr(sys, 'argv', ['publish', *arguments, '--checkpoint', *checkpoints])
    assert main() == 0
    entry = registry.entries(models)['net']
    assert [told['configuration']['seed'] for told in entry['training']] == [1, 2]
    assert entry['inputs'][0]['shape'][1] == Architecture().size
    monkeypatch.setattr(sys, 'argv', ['publish', *arguments, '--file', str(bad)])
    assert main() == 1
    assert 'net is not published, and nothing was changed:' in capsys.readouterr().out
