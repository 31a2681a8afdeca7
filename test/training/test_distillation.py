"""The loss that a teacher shares with the truth, and checkpoints that teach together."""

from itertools import islice

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from training.data import readers  # noqa: E402
from training.data.sample import Sample  # noqa: E402
from training.data.sampling import Mixture, Sampler  # noqa: E402
from training.export import averaged  # noqa: E402
from training.losses import distillation_loss, mask_loss, normalise, quality_loss  # noqa: E402
from training.networks.ensemble import Ensemble  # noqa: E402
from training.networks.picosam2 import Answer  # noqa: E402
from training.teacher import CropTeacher  # noqa: E402
from training.trainer import Trainer  # noqa: E402

CONFIG = {
    'seed': 1,
    'batch': 4,
    'learning_rate': 2e-3,
    'weight_decay': 0.0,
    'warmup': 0.0,
    'ema_decay': 0.5,
    'workers': 0,
}


def batch(confidence: list[float], seed: int = 0) -> tuple[torch.Tensor, Sample]:
    """Logits of a student, and what it should have learnt; both reach beyond the clip."""
    rng = np.random.default_rng(seed)
    shape = (len(confidence), 16, 16)
    logits = torch.from_numpy(rng.normal(0, 6, shape).astype(np.float32))[:, None]
    taught = np.clip(np.rint(rng.normal(0, 48, shape)), -64, 64).astype(np.int8)
    return logits, Sample(
        torch.zeros(*shape, 3, dtype=torch.uint8),
        torch.from_numpy((rng.random(shape) < 0.4).astype(np.uint8)),
        torch.ones(len(confidence)),
        torch.from_numpy(taught),
        torch.tensor(confidence),
    )


def reference(logits: torch.Tensor, sample: Sample, boundary: float, mse: float) -> float:
    """Pixel by pixel, as the paper has it: c·(MSE + Dice) + (1 - c)·(BCE + Dice)."""

    def dice(chance, truth):
        return 1 - (2 * (chance * truth).sum() + 1) / (chance.sum() + truth.sum() + 1)

    losses = []
    for student, mask, logit, c in zip(
        logits[:, 0].double().numpy(),
        sample.mask.numpy().astype(float),
        sample.logits.numpy() / 8,
        sample.confidence.double().numpy(),
        strict=True,
    ):
        chance, errors, entropies = 1 / (1 + np.exp(-student)), [], []
        for (y, x), value in np.ndenumerate(student):
            there = mask[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
            weight = 1 + boundary * (there.min() != there.max())
            p = chance[y, x] if mask[y, x] else 1 - chance[y, x]
            entropies.append(-weight * np.log(p))
            beyond = abs(logit[y, x]) == 8 and value * logit[y, x] > 64
            errors.append(0 if beyond else (value - logit[y, x]) ** 2)
        taught = mse * np.mean(errors) + dice(chance, 1 / (1 + np.exp(-logit)))
        losses.append(c * taught + (1 - c) * (np.mean(entropies) + dice(chance, mask)))
    return float(np.mean(losses))


@pytest.mark.parametrize(('boundary', 'mse'), [(0.0, 1.0), (1.0, 1.0), (1.0, 0.1)])
def test_the_loss_is_that_of_the_paper(boundary, mse) -> None:
    logits, sample = batch([0.0, 0.3, 0.9, 1.0])
    loss = distillation_loss(logits, sample, boundary, mse).item()
    assert loss == pytest.approx(reference(logits, sample, boundary, mse), rel=1e-5)


def test_without_confidence_the_truth_alone_counts() -> None:
    logits, sample = batch([0.0, 0.0])
    alone = mask_loss(logits, sample.mask, 1.0)
    torch.testing.assert_close(distillation_loss(logits, sample, 1.0), alone)
    wrong = sample._replace(logits=-sample.logits)
    torch.testing.assert_close(distillation_loss(logits, wrong, 1.0), alone)


def test_a_wholly_confident_teacher_leaves_the_truth_aside() -> None:
    logits, sample = batch([1.0])
    other = sample._replace(mask=1 - sample.mask)
    assert distillation_loss(logits, sample) == distillation_loss(logits, other)


def test_to_be_more_certain_than_a_clipped_teacher_is_no_error_and_the_opposite_is_pulled() -> None:
    _, sample = batch([1.0])
    sample = sample._replace(logits=torch.full_like(sample.logits, 64))
    agrees = torch.full((1, 1, 16, 16), 12.0, requires_grad=True)
    assert distillation_loss(agrees, sample).item() == pytest.approx(0, abs=1e-3)
    opposes = torch.full((1, 1, 16, 16), -12.0, requires_grad=True)
    distillation_loss(opposes, sample).backward()
    assert (opposes.grad < 0).all()


def test_a_crop_whose_share_is_not_known_is_not_rated() -> None:
    masks, logits = torch.ones(2, 16, 16, dtype=torch.uint8), torch.ones(2, 1, 16, 16)
    quality = torch.zeros(2, requires_grad=True)
    quality_loss(Answer(logits, quality), masks, torch.tensor([1.0, 0.0])).backward()
    assert quality.grad[0] != 0
    assert quality.grad[1] == 0


def test_the_network_learns_what_the_teacher_says_and_not_what_is_true() -> None:
    _, sample = batch([1.0] * 4)
    rng = np.random.default_rng(0)
    image = torch.from_numpy(rng.integers(0, 256, (4, 96, 96, 3), np.uint8))
    left = torch.full((4, 96, 96), -40, dtype=torch.int8)
    left[:, :, :48] = 40
    right = (left < 0).to(torch.uint8)
    sample = Sample(image, right, torch.ones(4), left, torch.ones(4))
    trainer = Trainer(CONFIG)
    for _ in range(15):
        trainer.step(sample, progress=0.0)
    with torch.no_grad():
        answer = trainer.network(normalise(image)).logits[:, 0] > 0
    assert (answer == (left > 0)).float().mean() > 0.9


@pytest.fixture
def checkpoints(store, tmp_path):
    """Two trainings of two steps, with the quality head or without."""

    def made(quality: bool) -> list:
        sampler = Sampler(
            readers.read_source(store, 'coco_train'), {'coco_train': 1.0}, Mixture(), 0
        )
        paths = []
        for seed in (1, 2):
            trainer = Trainer({**CONFIG, 'seed': seed, 'network': {'quality': quality}})
            crops = torch.utils.data.default_collate(list(islice(sampler, 4)))
            for _ in range(2):
                trainer.step(crops, progress=0.0)
            paths.append(tmp_path / f'{seed}.pt')
            trainer.save(paths[-1])
        return paths

    return made


@pytest.mark.parametrize('quality', [True, False])
def test_checkpoints_teach_the_mean_of_what_they_say_of_a_crop_and_its_mirror_image(
    checkpoints, quality
) -> None:
    paths = checkpoints(quality)
    images = np.random.default_rng(0).integers(0, 256, (3, 96, 96, 3), np.uint8)
    logits, confidence = Ensemble(paths)(images)
    answers, ratings = [], []
    for path in paths:
        network = averaged(path).to(memory_format=torch.channels_last)
        for picture, back in ((images, 1), (images[:, :, ::-1].copy(), -1)):
            with torch.inference_mode(), torch.autocast('cpu', torch.bfloat16):
                answer = network(normalise(torch.from_numpy(picture)))
            answers.append(answer.logits[:, 0].float().numpy()[:, :, ::back])
            if quality:
                ratings.append(1 / (1 + np.exp(-answer.quality.float().numpy())))
    mean = np.mean(answers, 0)
    np.testing.assert_allclose(logits, mean, atol=1e-4)
    if quality:
        np.testing.assert_allclose(confidence, np.mean(ratings, 0), atol=1e-5)
    else:
        union = [np.maximum(((a > 0) | (mean > 0)).sum((1, 2)), 1) for a in answers]
        both = [((a > 0) & (mean > 0)).sum((1, 2)) for a in answers]
        np.testing.assert_allclose(confidence, np.mean(np.divide(both, union), 0), atol=0.01)


def test_a_mirrored_crop_is_taught_the_mirrored_answer(checkpoints) -> None:
    ensemble = Ensemble(checkpoints(False))
    images = np.random.default_rng(1).integers(0, 256, (2, 96, 96, 3), np.uint8)
    straight, _ = ensemble(images)
    mirrored, _ = ensemble(images[:, :, ::-1].copy())
    np.testing.assert_allclose(mirrored[:, :, ::-1], straight, atol=1e-4)
    assert CropTeacher(ensemble).row == 1
