"""The best mask is learnt, and the ratings tell the IoU with the whole object."""

import pytest

torch = pytest.importorskip('torch')

from training.click.losses import judge, overlaps  # noqa: E402
from training.click.samples import Samples  # noqa: E402
from training.networks.click import Candidates  # noqa: E402


def samples(outside: float = 0.0, valid: bool = True) -> Samples:
    mask = torch.zeros(1, 32, 32, dtype=torch.bool)
    mask[:, 8:24, 8:24] = True
    empty = torch.zeros(1, 4, 32, 32)
    return Samples(empty[:, :3], empty, mask, torch.tensor([outside]), torch.tensor([valid]))


def candidates(rating: tuple[float, ...] = (0.0, 0.0, 0.0)) -> Candidates:
    """The right mask, everything, nothing."""
    logits = torch.full((1, 3, 16, 16), -9.0)
    logits[:, 0, 4:12, 4:12] = 9
    logits[:, 1] = 9
    return Candidates(logits.requires_grad_(), torch.tensor([rating], requires_grad=True))


def test_a_mask_is_rated_by_the_whole_object_what_lies_outside_included() -> None:
    answers = samples().mask[:, None]
    assert overlaps(answers, samples()).item() == 1
    assert overlaps(answers, samples(outside=256.0)).item() == 0.5


def test_ratings_are_best_where_they_tell_the_iou() -> None:
    def loss(*rating: float) -> float:
        asked = torch.tensor(rating).logit().tolist()
        return judge(candidates(tuple(asked)), samples(outside=256.0), 0).ratings.item()

    told = loss(0.45, 0.2, 0.001)
    assert told < loss(0.9, 0.2, 0.001)
    assert told < loss(0.45, 0.5, 0.001)


def test_the_best_mask_alone_is_shaped_but_for_a_share_of_the_mean() -> None:
    answer = candidates()
    judge(answer, samples(), 0).masks.backward()
    assert answer.logits.grad[0, 0].abs().sum() > 0
    assert answer.logits.grad[0, 1:].abs().sum() == 0
    shared = candidates()
    judge(shared, samples(), 0.08).masks.backward()
    assert shared.logits.grad[0, 1].abs().sum() > 0


def test_best_and_chosen_are_told_and_what_shows_nothing_does_not_count() -> None:
    judged = judge(candidates((0.0, 1.0, 0.0)), samples(), 0)
    assert judged.best > 0.9
    assert judged.chosen.item() == pytest.approx(0.25)
    assert all(value == 0 for value in judge(candidates(), samples(valid=False), 0.08))
