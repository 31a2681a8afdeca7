"""The figures of a network on the held-out photos of a store."""

import json

import numpy as np
import pytest

from picosam_ros.cli import main as picosam
from training.data import readers
from training.data.crops import (
    SIZE,
    centred,
    crop,
    cut_at_border,
    protocol_point,
)
from training.data.store_to_coco import to_coco
from training.evaluate import evaluate, main


@pytest.fixture
def photos(store):
    return readers.read_source(store, 'coco_train')


def test_every_protocol_is_judged_on_every_mask(photos, tiny_network) -> None:
    results = evaluate(photos, tiny_network())
    assert list(results) == ['full', 'box', 'crop96']
    for report in results.values():
        assert report['n'] == 36
        assert report['n_small'] + report['n_medium'] + report['n_large'] == 36
        assert 0 < report['all_foreground']['miou'] < 1


def test_clicks_go_on_in_the_protocol_that_shows_the_whole_picture(photos, tiny_network) -> None:
    results = evaluate(photos[:2], tiny_network(fall=0.05), clicks=2)
    assert len(results['full']['clicks']['after']) == 2
    assert 'clicks' not in results['crop96']
    assert 'clicks' not in results['box']


def test_training_crops_at_the_border_as_the_protocol_does(photos) -> None:
    from picosam_ros.evaluation.protocols import crop96

    for photo in photos:
        pixels = photo.pixels()
        for index in range(len(photo.masks)):
            mask = photo.mask(index)
            window = cut_at_border(centred(protocol_point(mask), SIZE), mask.shape)
            image, _ = crop(pixels, mask, window)
            np.testing.assert_array_equal(image, crop96(pixels, mask).frame.pixels)


def test_the_command_that_users_have_gives_the_same_figures(
    photos, tiny_network, tmp_path, capsys
) -> None:
    path, network = tmp_path / 'coco.json', tiny_network()
    path.write_text(json.dumps(to_coco(photos)))
    store = str(photos[0].store)
    picosam(
        [
            'eval',
            '--images',
            store,
            '--annotations',
            str(path),
            '--model',
            network,
            '--json',
            '--protocol',
            'crop96',
        ]
    )
    report = json.loads(capsys.readouterr().out)
    expected = evaluate(photos, network)['crop96']
    assert {name: report[name] for name in expected} == expected


def test_the_table_has_every_group_and_protocol(store, tiny_network, capsys, monkeypatch) -> None:
    names = {f'{source}/0000.png' for source in ('coco_train', 'ecssd')}
    monkeypatch.setattr('training.data.split.read', lambda: names)
    monkeypatch.setattr('training.evaluate.GROUPS', {'coco': ('coco_train',), 'ecssd': ('ecssd',)})
    monkeypatch.setattr(
        'sys.argv', ['evaluate', '--data', str(store), '--model', tiny_network(), '--clicks', '2']
    )
    main()
    printed = capsys.readouterr().out
    for group in ('coco', 'ecssd'):
        for protocol in ('crop96', 'full', 'box'):
            assert f'{protocol}, 3 of {group}' in printed
    assert printed.count('all foreground') == 6
    assert printed.count('  2 clicks') == 2
    assert printed.count('NoC@80') == 2
