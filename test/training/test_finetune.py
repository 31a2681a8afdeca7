"""From labelled images of one's own to a network file, by one command."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

torch = pytest.importorskip('torch')
pytest.importorskip('onnx')

from benchmarks.films.unusual import TRAIN_BACKGROUNDS, scenes  # noqa: E402
from benchmarks.finetune_trial import write_labels  # noqa: E402
from picosam_ros import Frame, Prompt, open_engine  # noqa: E402
from training import configuration, finetune  # noqa: E402
from training.data import readers  # noqa: E402
from training.data.sampling import Mixture, Sampler  # noqa: E402
from training.data.store_to_coco import to_coco  # noqa: E402
from training.export import export, largest_difference, to_onnx  # noqa: E402
from training.export.restored import restored  # noqa: E402
from training.losses import normalise  # noqa: E402
from training.networks import make  # noqa: E402
from training.networks.picosam2 import Architecture, PicoSam2  # noqa: E402
from training.train import first_batch  # noqa: E402
from training.trainer import Trainer  # noqa: E402

OWN = Path(finetune.__file__).parent / 'configs' / 'own.yaml'
LITE = {'kind': 'lite', 'blocks': 12}
KINDS = {
    'lite': lambda: make(LITE),
    'picosam2': lambda: PicoSam2(Architecture(position=True, context=True, quality=True)),
}


@pytest.fixture(scope='module', params=KINDS)
def started(request, uneven, tmp_path_factory):
    """Export a network as it might ship; give its file."""
    path = tmp_path_factory.mktemp('started') / f'{request.param}.onnx'
    export(uneven(KINDS[request.param]()), path, request.param)
    return path


@pytest.fixture
def labels(store, tmp_path):
    """Lay photos out as `picosam label` does, with a second recording for val."""
    folder = tmp_path / 'coco'
    (folder / 'annotations').mkdir(parents=True)
    (folder / 'images').mkdir()
    for source, split in (('coco_train', 'train'), ('ecssd', 'val')):
        content = to_coco(readers.read_source(store, source))
        for image in content['images']:
            name = f'{source}_{image["file_name"].rsplit("/", 1)[1]}'
            shutil.copy(store / image['file_name'], folder / 'images' / name)
            image['file_name'] = name
        (folder / 'annotations' / f'instances_{split}.json').write_text(json.dumps(content))
    return folder


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Give a configuration for tests, and take data sets that are this small."""
    monkeypatch.setattr(finetune, 'FEWEST', 5)
    config = configuration.read([OWN]) | {'batch': 4, 'workers': 0}
    path = tmp_path / 'quick.yaml'
    path.write_text(yaml.safe_dump(config))
    return path


def _run(monkeypatch, *arguments) -> None:
    monkeypatch.setattr('sys.argv', ['finetune', *map(str, arguments), '--threads', '1'])
    finetune.main()


def test_one_command_leads_from_labels_to_a_file_that_the_engine_takes(
    labels, quick, started, tiny_network, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(finetune, 'BESIDE', tiny_network())
    out = tmp_path / 'cups.onnx'
    given = ('--data', labels, '--out', out, '--network', started, '--config', quick)
    _run(monkeypatch, *given, '--steps', 2)
    printed = capsys.readouterr().out
    assert '12 images to learn from, 8 with 24 masks to judge by' in printed
    assert re.search(r'before: (lite|picosam2)\s+after: cups', printed)
    figures = [line.split() for line in printed.splitlines()[-3:]]
    assert [line[0] for line in figures] == ['full', 'box', 'crop96']
    assert all(0 <= float(value) <= 1 for line in figures for value in line[1:])
    assert out.read_bytes() != started.read_bytes()
    photo = readers.read_source(labels, 'instances_val')[0]
    with open_engine('host', model=str(out)) as engine:
        made = engine.segment(Frame.from_array(photo.pixels()), [Prompt.from_point(80, 60)])
    assert len(made.masks) == 1


def test_it_begins_with_the_very_network_of_the_file(store, started) -> None:
    config = configuration.read([OWN]) | {'kind': 'lite', 'blocks': 12}
    if started.stem == 'picosam2':
        config = configuration.read([OWN]) | {
            'network': {'position': True, 'context': True, 'quality': True}
        }
    photos = readers.read_source(store, 'coco_train')
    batch = first_batch(Sampler(photos, {'coco_train': 1.0}, Mixture(), 0), 4)
    trainer = Trainer(config)
    assert trainer.initialise_from(started, batch) == []
    assert largest_difference(trainer.average, started) < 1e-3


def test_the_statistics_of_batches_stay_those_of_the_file(store) -> None:
    photos = readers.read_source(store, 'coco_train')
    batch = first_batch(Sampler(photos, {'coco_train': 1.0}, Mixture(), 0), 4)
    trainer = Trainer(configuration.read([OWN]))
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.step(batch, progress=0.1)
    changed = {
        name
        for name, value in trainer.network.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed
    assert not any(name.endswith(('running_mean', 'running_var')) for name in changed)


def test_the_same_steps_give_the_same_file(labels, quick, started, tmp_path) -> None:
    config = configuration.read([quick])
    photos = finetune.read(labels).train
    for name in ('a', 'b'):
        (tmp_path / name).mkdir()
        budget = finetune.Budget(steps=2)
        finetune.finetune(photos, started, tmp_path / name / 'net.onnx', config, budget)
    files = [(tmp_path / name / 'net.onnx').read_bytes() for name in ('a', 'b')]
    assert files[0] == files[1]


def test_images_beside_the_annotations_are_found_in_their_folder(labels) -> None:
    photos = readers.read_source(labels, 'instances_train')
    assert len(photos) == 12
    assert {photo.path.parent for photo in photos} == {labels / 'images'}


def test_what_the_command_label_writes_is_read_as_it_is(tmp_path, monkeypatch) -> None:
    pytest.importorskip('pycocotools', reason='the data set is written with it')
    monkeypatch.setattr(finetune, 'FEWEST', 4)
    write_labels(tmp_path, images=8, every=4)
    own = finetune.read(tmp_path / 'coco')
    assert (len(own.train), len(own.judged), own.note) == (4, 4, '')
    for scene, photo in zip(scenes(TRAIN_BACKGROUNDS, 0), own.train[::2], strict=True):
        assert (photo.mask(0) == scene.inside(0, 8)).all()
        assert abs(photo.pixels().astype(int) - scene.image(0, 8)).mean() < 8  # JPEG


def test_without_a_second_recording_the_last_fifth_is_held_out_and_told(labels, quick) -> None:
    (labels / 'annotations' / 'instances_val.json').unlink()
    own = finetune.read(labels)
    names = [f'coco_train_{number:04}.png' for number in range(12)]
    assert [photo.file for photo in own.train] == names[:9]
    assert [photo.file for photo in own.judged] == names[9:]
    assert 'last 3 images' in own.note
    assert 'flatter' in own.note


def test_of_many_images_some_judge_evenly_spread(labels, quick, monkeypatch) -> None:
    monkeypatch.setattr(finetune, 'MOST_JUDGED', 3)
    judged = finetune.read(labels).judged
    assert [photo.file for photo in judged] == [f'ecssd_{n:04}.png' for n in (0, 2, 5)]


def _refused(monkeypatch, capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as ended:
        _run(monkeypatch, *arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_too_few_labels_are_refused_with_how_many_are_needed(
    labels, tmp_path, monkeypatch, capsys
) -> None:
    given = ('--data', labels, '--out', tmp_path / 'cups.onnx', '--steps', 1)
    told = _refused(monkeypatch, capsys, *given)
    assert 'has 12 labelled images to learn from, at least 20 are needed' in told
    assert not (tmp_path / 'cups.onnx').exists()


@pytest.mark.parametrize(
    ('network', 'told'),
    [
        ('picosam-click', r'its trainer is not here: give picosam-lite-96 or picosam2-96'),
        ('picosam-lite-96-int8', 'in float32 that training.export has written'),
        ('picosam', 'known names are'),
        ('away.onnx', 'does not exist'),
    ],
)
def test_a_network_that_cannot_go_on_is_refused_before_anything_is_read(
    network, told, tmp_path, monkeypatch, capsys
) -> None:
    given = ('--data', tmp_path / 'away', '--out', tmp_path / 'cups.onnx', '--network', network)
    assert re.search(told, _refused(monkeypatch, capsys, *given))


def test_a_folder_without_labels_is_refused(tmp_path, monkeypatch, capsys) -> None:
    told = _refused(monkeypatch, capsys, '--data', tmp_path, '--out', tmp_path / 'cups.onnx')
    assert 'no annotations/instances_train.json' in told


@pytest.mark.parametrize('out', ['cups.pt', 'away/cups.onnx'])
def test_a_file_that_cannot_be_written_is_refused_at_once(
    out, labels, tmp_path, monkeypatch, capsys
) -> None:
    told = _refused(monkeypatch, capsys, '--data', labels, '--out', tmp_path / out)
    assert 'must end in .onnx, and its folder must be there' in told


def test_the_network_to_begin_with_is_not_written_over(
    labels, tmp_path, uneven, monkeypatch, capsys
) -> None:
    path = tmp_path / 'mine.onnx'
    path.write_bytes(to_onnx(uneven(PicoSam2()), 'mine').SerializeToString())
    given = ('--data', labels, '--out', path, '--network', path, '--steps', 1)
    assert 'is the network to begin with' in _refused(monkeypatch, capsys, *given)


def test_a_lite_network_that_learns_new_statistics_begins_with_those_of_its_crops(
    store, uneven, tmp_path
) -> None:
    photos = readers.read_source(store, 'coco_train')
    batch = first_batch(Sampler(photos, {'coco_train': 1.0}, Mixture(), 0), 4)
    trainer = Trainer(configuration.read([OWN]) | LITE | {'fixed_statistics': False})
    file = tmp_path / 'net.onnx'
    export(uneven(make(LITE)), file, 'net')
    assert trainer.initialise_from(file, batch) == []
    pixels = normalise(batch.image)
    with torch.inference_mode():
        answer, expected = trainer.average.train()(pixels), restored(file)(pixels)
    torch.testing.assert_close(answer.logits, expected.logits, atol=0.01, rtol=0.01)


def test_a_file_of_another_kind_is_refused(store, uneven, tmp_path) -> None:
    photos = readers.read_source(store, 'coco_train')
    batch = first_batch(Sampler(photos, {'coco_train': 1.0}, Mixture(), 0), 4)
    export(uneven(PicoSam2()), tmp_path / 'net.onnx', 'net')
    trainer = Trainer(configuration.read([OWN]) | {'kind': 'lite'})
    with pytest.raises(ValueError, match='is of the kind picosam2, and lite is to be trained'):
        trainer.initialise_from(tmp_path / 'net.onnx', batch)
