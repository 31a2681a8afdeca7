"""Training lowers the loss, and an interrupted training goes on where it was."""

import csv
import itertools
import json
from pathlib import Path

import pytest
import yaml

torch = pytest.importorskip('torch')

from training.data import readers, shards  # noqa: E402
from training.data.sampling import Mixture, Sampler  # noqa: E402
from training.data.store_to_coco import to_coco  # noqa: E402
from training.losses import mask_loss, quality_loss, reached_iou  # noqa: E402
from training.networks.picosam2 import Answer, Architecture, PicoSam2  # noqa: E402
from training.train import Budget, first_batch, main, open_crops, train  # noqa: E402
from training.trainer import Trainer, schedule  # noqa: E402

CONFIG = {
    'seed': 1,
    'batch': 8,
    'learning_rate': 1e-3,
    'weight_decay': 0.02,
    'warmup': 0.0,
    'ema_decay': 0.9,
    'workers': 0,
}
WEIGHTS = {'coco_train': 1.0}
CONFIGURATIONS = Path(readers.__file__).parents[1] / 'configs'


@pytest.fixture(scope='module')
def batch(store):
    sampler = Sampler(readers.read_source(store, 'coco_train'), WEIGHTS, Mixture(pasted=0.5), 0)
    return first_batch(sampler, 8)


def test_a_few_steps_lower_the_loss(batch) -> None:
    trainer = Trainer(CONFIG)
    losses = [trainer.step(batch, progress=0.0) for _ in range(8)]
    assert losses[1] < losses[0]
    assert losses[-1] < 0.8 * losses[0]


def test_the_average_follows_the_network_and_lags_behind_it(batch) -> None:
    trainer = Trainer(CONFIG)
    start = trainer.network.head.weight.detach().clone()
    for _ in range(5):
        trainer.step(batch, progress=0.0)
    moved = (trainer.network.head.weight - start).norm()
    followed = (trainer.average.head.weight - start).norm()
    assert 0 < followed < moved


def test_the_loss_of_a_perfect_answer_is_zero_and_of_the_opposite_large() -> None:
    masks = torch.zeros(1, 96, 96, dtype=torch.uint8)
    masks[:, 30:60, 30:60] = 1
    logits = (masks.float()[:, None] * 2 - 1) * 20
    assert mask_loss(logits, masks).item() == pytest.approx(0, abs=1e-3)
    assert mask_loss(-logits, masks).item() > 20


def test_pixels_beside_the_outline_count_more_with_a_boundary_term() -> None:
    masks = torch.zeros(1, 96, 96, dtype=torch.uint8)
    masks[:, 30:60, 30:60] = 1
    logits = (masks.float()[:, None] * 2 - 1) * 20
    at_the_outline, far_away = logits.clone(), logits.clone()
    at_the_outline[..., 30, 40:50] *= -1
    far_away[..., 45, 40:50] *= -1
    assert mask_loss(at_the_outline, masks).item() == pytest.approx(
        mask_loss(far_away, masks).item()
    )
    assert mask_loss(at_the_outline, masks, 1.0) > 1.5 * mask_loss(far_away, masks, 1.0)


def test_a_crop_that_shows_half_of_its_object_can_reach_half_of_the_iou() -> None:
    masks = torch.zeros(2, 96, 96, dtype=torch.uint8)
    masks[:, 20:40, 20:40] = 1
    logits = masks.float()[:, None] * 2 - 1
    assert reached_iou(logits, masks, torch.tensor([1.0, 0.5])).tolist() == [1.0, 0.5]


def test_the_quality_that_is_right_has_the_smallest_loss() -> None:
    masks = torch.ones(1, 96, 96, dtype=torch.uint8)
    logits = torch.ones(1, 1, 96, 96)

    def loss(quality: float) -> float:
        rating = torch.tensor([quality]).logit()
        return quality_loss(Answer(logits, rating), masks, torch.tensor([0.7])).item()

    assert loss(0.7) < min(loss(0.6), loss(0.8))


def test_rating_the_masks_does_not_change_how_they_are_made(batch) -> None:
    network = PicoSam2(Architecture(quality=True))
    answer = network(torch.rand(2, 3, 96, 96))
    answer.quality.sum().backward()
    assert network.head.weight.grad is None
    assert network.quality.head.weight.grad is not None


def test_the_learning_rate_rises_then_falls_to_a_hundredth() -> None:
    assert schedule(0.01, 0.02) == pytest.approx(0.5)
    assert schedule(0.02, 0.02) == pytest.approx(1.0)
    assert schedule(0.51, 0.02) == pytest.approx(0.505)
    assert schedule(1.0, 0.02) == pytest.approx(0.01)


def test_a_checkpoint_restores_weights_average_optimiser_and_clock(batch, tmp_path) -> None:
    first = Trainer(CONFIG)
    first.step(batch, progress=0.0)
    first.seconds = 12.5
    first.save(tmp_path / 'checkpoint.pt')
    second = Trainer({**CONFIG, 'seed': 2})
    second.load(tmp_path / 'checkpoint.pt')
    assert (second.step_count, second.seconds) == (1, 12.5)
    losses = [trainer.step(batch, progress=0.1) for trainer in (first, second)]
    assert losses[0] == pytest.approx(losses[1])
    for one, other in zip(first.average.parameters(), second.average.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def _ticking():
    """Give a clock that goes on by one second whenever it is read: once a step."""
    return itertools.count().__next__


def test_training_resumes_after_an_interruption_and_stops_at_its_budget(store, tmp_path) -> None:
    sampler = Sampler(readers.read_source(store, 'coco_train'), WEIGHTS, Mixture(), 0)
    train(Trainer(CONFIG), sampler, tmp_path, Budget(seconds=2), clock=_ticking())
    assert torch.load(tmp_path / 'checkpoint.pt', weights_only=True)['step'] == 2
    resumed = Trainer(CONFIG)
    train(resumed, sampler, tmp_path, Budget(seconds=5), clock=_ticking())
    assert (resumed.step_count, resumed.seconds) == (5, 5)
    assert torch.load(tmp_path / 'checkpoint.pt', weights_only=True)['step'] == 5


def test_the_log_continues_over_an_interruption(store, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr('training.train.LOG_EVERY', 1)
    sampler = Sampler(readers.read_source(store, 'coco_train'), WEIGHTS, Mixture(), 0)
    for seconds in (2, 3):
        train(Trainer(CONFIG), sampler, tmp_path, Budget(seconds), clock=_ticking())
    with (tmp_path / 'log.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [int(row['step']) for row in rows] == [1, 2, 3]
    assert int(rows[-1]['crops']) == 3 * CONFIG['batch']


def test_a_budget_of_steps_repeats_to_the_bit_whatever_the_clock_says(store, tmp_path) -> None:
    weights = []
    for out in ('a', 'b'):
        (tmp_path / out).mkdir()
        sampler = Sampler(readers.read_source(store, 'coco_train'), WEIGHTS, Mixture(pasted=0.5), 0)
        trainer = Trainer(CONFIG)
        train(trainer, sampler, tmp_path / out, Budget(steps=3))
        assert trainer.step_count == 3
        weights.append(trainer.network.head.weight)
    assert torch.equal(*weights)


def test_rating_leaves_the_masks_as_they_are(batch) -> None:
    trainer = Trainer({**CONFIG, 'network': {'quality': True}, 'rates_only': True})
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.step(batch, progress=0.0)
    changed = {
        name
        for name, value in trainer.network.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed
    assert all(name.startswith('quality.') for name in changed)


def test_packed_crops_take_the_place_of_the_photos(store, tmp_path) -> None:
    photos = readers.read_source(store, 'coco_train')
    sampler = Sampler(photos, WEIGHTS, Mixture(), 0, 128)
    about = {'seed': 0, 'size': 128, 'mixture': {'min_confidence': 0.7}}
    shards.write(sampler, None, about, 16, tmp_path, 16)
    config = {**CONFIG, 'size': 128, 'mixture': {'pasted': 0.5}}
    weights = []
    for out in ('a', 'b'):
        (tmp_path / out).mkdir()
        trainer = Trainer(config)
        train(trainer, open_crops(None, tmp_path, config), tmp_path / out, Budget(steps=2))
        weights.append(trainer.network.head.weight)
    assert torch.equal(*weights)


def test_crops_of_another_size_than_the_configurations_are_refused(store, tmp_path) -> None:
    sampler = Sampler(readers.read_source(store, 'coco_train'), WEIGHTS, Mixture(), 0)
    about = {'seed': 0, 'size': 96, 'mixture': {'min_confidence': 0.7}}
    shards.write(sampler, None, about, 4, tmp_path, 4)
    with pytest.raises(ValueError, match='side 96, the configuration 128'):
        open_crops(None, tmp_path, {**CONFIG, 'size': 128, 'mixture': {}})


def test_unlabelled_prompts_of_photos_are_refused_with_what_they_need(store) -> None:
    with pytest.raises(ValueError, match='need a teacher'):
        open_crops(store, None, {**CONFIG, 'mixture': {'unlabelled': 0.1}})


def test_coco_as_it_is_downloaded_is_trained_on_by_one_command(
    store, tmp_path, monkeypatch, capsys
) -> None:
    (tmp_path / 'annotations').mkdir()
    for source, name in (('coco_train', 'train2017'), ('ecssd', 'val2017')):
        content = json.dumps(to_coco(readers.read_source(store, source)))
        content = content.replace(f'{source}/img/', f'{name}/')
        (tmp_path / 'annotations' / f'instances_{name}.json').write_text(content)
    (tmp_path / 'train2017').symlink_to(store / 'coco_train' / 'img')
    given = {**CONFIG, 'batch': 4, 'workers': 0, 'weights': WEIGHTS, 'mixture': {'boxed': 0.5}}
    (tmp_path / 'first.yaml').write_text(yaml.safe_dump(given))
    configs = [str(tmp_path / 'first.yaml'), str(CONFIGURATIONS / 'coco.yaml')]
    out = tmp_path / 'run'
    arguments = ['--data', str(tmp_path), '--config', *configs, '--out', str(out), '--steps', '2']
    monkeypatch.setattr('sys.argv', ['train', *arguments])
    main()
    # Eight of the twelve have the name of a held-out one, whose photo is not even there.
    assert '4 photos, 12 masks' in capsys.readouterr().out
    assert torch.load(out / 'checkpoint.pt', weights_only=True)['step'] == 2
