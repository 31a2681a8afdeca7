"""A training of the click network: to the bit, to its budget, and with what is allowed."""

import csv
import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.click_photos import photo

torch = pytest.importorskip('torch')

from training import configuration, curves  # noqa: E402
from training.click import running, validation  # noqa: E402
from training.click.__main__ import train  # noqa: E402
from training.click.photos import Photos  # noqa: E402
from training.click.settings import Settings  # noqa: E402
from training.click.statistics import unfold  # noqa: E402
from training.click.trainer import ClickTrainer  # noqa: E402
from training.networks.click import ClickNetwork  # noqa: E402
from training.photos.pieces import write  # noqa: E402
from training.schedule import Budget  # noqa: E402
from training.trainer import Trainer  # noqa: E402

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.timeout(400)
CPU = torch.device('cpu')
CONFIG = {
    'kind': 'click',
    'seed': 3,
    'sizes': {32: 4, 64: 3},
    'weights': {'discs': 1.0},
    'corrections': [0.5, 0.5],
}


@pytest.fixture(scope='module')
def begun(tmp_path_factory) -> Path:
    """A checkpoint of random weights."""
    path = tmp_path_factory.mktemp('begun') / 'checkpoint.pt'
    ClickTrainer(CONFIG, CPU).save(path)
    return path


def weights(folder: Path) -> dict:
    state = torch.load(folder / 'checkpoint.pt', weights_only=True)
    return state['network'] | {f'average {k}': v for k, v in state['average'].items()}


@pytest.fixture(autouse=True)
def small_work(monkeypatch):
    monkeypatch.setattr(validation, 'SQUARES', 4)
    monkeypatch.setattr(validation, 'BATCH', 4)
    # On a busy machine two threads wait for each other at every layer.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def stopping_at(step: int):
    """A trainer that is killed after some steps, its checkpoint written."""

    class Stopping(ClickTrainer):
        def step(self, batch, progress):
            if self.step_count == step:
                raise KeyboardInterrupt
            judged = super().step(batch, progress)
            self.save(self.out)
            return judged

    return Stopping


def test_a_run_that_was_stopped_has_the_same_weights_to_the_bit(
    discs, begun, tmp_path, monkeypatch
) -> None:
    train(discs, CONFIG, tmp_path / 'whole', Budget(steps=5), begun, CPU)
    (tmp_path / 'parts').mkdir()
    killed = stopping_at(3)
    killed.out = tmp_path / 'parts' / 'checkpoint.pt'
    with monkeypatch.context() as patch:
        patch.setattr('training.click.__main__.ClickTrainer', killed)
        with pytest.raises(KeyboardInterrupt):
            train(discs, CONFIG, tmp_path / 'parts', Budget(steps=5), begun, CPU)
    train(discs, CONFIG, tmp_path / 'parts', Budget(steps=5), begun, CPU)
    whole, parts = weights(tmp_path / 'whole'), weights(tmp_path / 'parts')
    assert whole.keys() == parts.keys()
    assert all(torch.equal(value, parts[name]) for name, value in whole.items())
    other = CONFIG | {'seed': 4}
    train(discs, other, tmp_path / 'other', Budget(steps=5), begun, CPU)
    assert not torch.equal(weights(tmp_path / 'other')['head.weight'], whole['head.weight'])


def test_photos_of_which_none_is_held_out_are_trained_on_without_validation(
    begun, tmp_path
) -> None:
    write([photo(number) for number in range(3)], tmp_path)
    train(tmp_path, CONFIG, tmp_path / 'run', Budget(steps=1), begun, CPU)
    assert (tmp_path / 'run' / 'checkpoint.pt').is_file()
    assert not (tmp_path / 'run' / 'validation.csv').exists()


def test_a_run_logs_curves_validates_and_stops_at_its_minutes(
    discs, disc_photos, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(running, 'LOG_EVERY', 2)
    trainer = ClickTrainer(CONFIG, CPU)
    held = Photos(discs, CPU, CONFIG['weights'], held=True)
    measured = running.Validation(held, trainer.settings.mixture, [32])
    clock = itertools.count().__next__
    running.run(trainer, disc_photos, measured, tmp_path, Budget(seconds=6), clock)
    assert trainer.step_count == 6
    with (tmp_path / 'log.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['step'] for row in rows] == ['2', '4', '6']
    assert int(rows[-1]['crops']) == trainer.squares
    assert 6 * 3 <= trainer.squares <= 6 * 4
    curves.draw(tmp_path / 'log.csv', tmp_path / 'curves.png')
    [row] = csv.DictReader((tmp_path / 'validation.csv').open(newline=''))
    assert 0 <= float(row['chosen']) <= float(row['best']) <= 1


def test_it_learns_discs(disc_photos) -> None:
    trainer = ClickTrainer(CONFIG | {'sizes': {32: 8}, 'learning_rate': 3e-3}, CPU)
    judged = [trainer.step(trainer.draw(disc_photos), 0.1) for _ in range(20)]
    first, last = (sum(j.masks for j in part) / 5 for part in (judged[:5], judged[-5:]))
    assert last < 0.8 * first


@pytest.mark.parametrize(
    ('entries', 'told'),
    [
        ({'kind': 'lite'}, 'python -m training.train'),
        ({'sizes': {100: 4}}, 'multiples of 32'),
        ({'sizes': {}}, 'multiples of 32'),
        ({'corrections': [0.0, 0.0]}, 'how often'),
        ({'batch': 3}, r"unknown in it: .'batch'.*sizes"),
        ({'mixture': {'box': 0.3}}, r"unknown in it: .'box'.*boxes"),
        ({'mixture': {'boxes': 0.9}}, 'together they are at most 1'),
        ({'encoder': 'lite9'}, 'lite0, lite1, lite2'),
    ],
)
def test_a_configuration_that_is_not_possible_is_refused(entries, told) -> None:
    with pytest.raises(ValueError, match=told):
        ClickTrainer(CONFIG | entries, CPU)


def test_what_is_missing_is_told() -> None:
    with pytest.raises(ValueError, match=r"missing in the configuration: .'sizes', 'weights'"):
        Settings.of({'kind': 'click'})


def test_weights_of_another_network_or_configuration_are_refused(
    disc_photos, begun, tmp_path
) -> None:
    larger = ClickTrainer(CONFIG | {'encoder': 'lite1'}, CPU)
    with pytest.raises(ValueError, match='another encoder'):
        larger.begin_with(begun, disc_photos)
    Trainer({'seed': 0, 'learning_rate': 1e-3, 'weight_decay': 0.0}).save(tmp_path / 'other.pt')
    with pytest.raises(ValueError, match='of the kind picosam2'):
        larger.begin_with(tmp_path / 'other.pt', disc_photos)
    with pytest.raises(ValueError, match='other entries encoder'):
        larger.load(begun)
    with pytest.raises(ValueError, match=r'training\.click` trains it'):
        Trainer(CONFIG)


def test_a_loss_that_is_no_number_ends_the_run(disc_photos, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(running, 'LOG_EVERY', 1)
    trainer = ClickTrainer(CONFIG, CPU)
    torch.nn.init.constant_(trainer.network.head.bias, float('nan'))
    with pytest.raises(FloatingPointError, match='smaller learning_rate'):
        running.run(trainer, disc_photos, None, tmp_path, Budget(steps=2))


@pytest.mark.parametrize('others', [(), ('click-large.yaml',), ('click-gpu.yaml',)])
def test_the_configurations_can_be_read(others) -> None:
    folder = ROOT / 'training' / 'configs'
    settings = Settings.of(configuration.read(folder / name for name in ('click.yaml', *others)))
    assert sum(settings.weights.values()) == pytest.approx(1, abs=0.03)
    assert set(settings.sizes) == {160, 192, 256}


def test_unfolded_statistics_are_those_of_the_squares_and_the_answers_stay(uneven) -> None:
    network = uneven(ClickNetwork())
    image, prompt = 255 * torch.rand(6, 3, 64, 64), torch.rand(6, 4, 64, 64)
    with torch.no_grad():
        before = network(image, prompt)
        unfold(network, image, prompt)
        after = network(image, prompt)
        stem = network.encoder.stem[0]((image - 127) / 128)
    torch.testing.assert_close(after.logits, before.logits, atol=1e-3, rtol=1e-3)
    norm = network.encoder.stem[1]
    torch.testing.assert_close(norm.running_mean, stem.mean((0, 2, 3)), atol=1e-4, rtol=1e-4)


def test_training_needs_neither_the_package_nor_onnx(discs, begun, tmp_path) -> None:
    script = f"""
import sys
for name in ('picosam_ros', 'onnx', 'onnxruntime', 'tqdm', 'matplotlib', 'pycocotools'):
    sys.modules[name] = None
from pathlib import Path
import torch
from training.click.__main__ import train
from training.schedule import Budget
torch.set_num_threads(1)
train(Path({str(discs)!r}), {CONFIG!r}, Path({str(tmp_path)!r}), Budget(steps=1),
      Path({str(begun)!r}), torch.device('cpu'))
"""
    ended = subprocess.run(
        (sys.executable, '-c', script), capture_output=True, text=True, cwd=ROOT, timeout=100
    )
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / 'checkpoint.pt').is_file()
