"""The next point goes where a user would put it."""

import pytest

torch = pytest.importorskip('torch')

from training.click import corrections  # noqa: E402
from training.click.corrections import corrected, depths, eroded_depths, play  # noqa: E402
from training.click.prompts import NEGATIVE, POSITIVE, PREVIOUS  # noqa: E402
from training.click.samples import Draws, Samples  # noqa: E402
from training.networks.click import ClickNetwork  # noqa: E402

CPU = torch.device('cpu')


def asked(mask: torch.Tensor) -> Samples:
    count, size = len(mask), mask.shape[-1]
    prompt = torch.zeros(count, 4, size, size)
    nothing = torch.zeros(count)
    image = torch.full((count, 3, size, size), 99.0)
    return Samples(image, prompt, mask, nothing, torch.ones(count, dtype=torch.bool))


def rectangle(left: int, top: int, right: int, bottom: int) -> torch.Tensor:
    plane = torch.zeros(1, 64, 64, dtype=torch.bool)
    plane[0, top:bottom, left:right] = True
    return plane


def peak(plane: torch.Tensor) -> tuple[int, int]:
    place = int(plane.argmax())
    return place % 64, place // 64


def test_what_was_missed_gets_a_positive_point_at_its_deepest_place() -> None:
    truth, answer = rectangle(4, 4, 60, 40), rectangle(4, 4, 30, 40)
    after = corrected(asked(truth), answer.float(), Draws.of(CPU, 0), steady=True)
    x, y = peak(after.prompt[0, POSITIVE])
    assert 40 <= x <= 50
    assert 16 <= y <= 28
    assert after.prompt[0, NEGATIVE].max() == 0
    assert torch.equal(after.prompt[0, PREVIOUS], answer[0].float())


def test_of_two_errors_the_deeper_one_is_corrected_not_the_longer_one() -> None:
    truth = rectangle(0, 0, 64, 4) | rectangle(10, 20, 30, 40)
    answer = rectangle(10, 20, 30, 40) | rectangle(38, 30, 60, 52)
    after = corrected(asked(truth), answer.float(), Draws.of(CPU, 0), steady=True)
    x, y = peak(after.prompt[0, NEGATIVE])
    assert abs(x - 49) <= 3
    assert abs(y - 41) <= 3
    assert after.prompt[0, POSITIVE].max() == 0


def test_earlier_points_stay_and_a_right_answer_gets_none() -> None:
    truth = rectangle(4, 4, 60, 40)
    before = asked(truth)
    before.prompt[0, POSITIVE, 20, 20] = 1
    after = corrected(before, truth.float(), Draws.of(CPU, 0), steady=True)
    assert torch.equal(after.prompt[:, :2], before.prompt[:, :2])
    assert before.prompt[0, PREVIOUS].max() == 0


def test_every_fourth_time_no_point_comes() -> None:
    truth = rectangle(4, 4, 60, 40).expand(400, -1, -1)
    after = corrected(asked(truth), torch.zeros(400, 64, 64), Draws.of(CPU, 3))
    given = (after.prompt[:, POSITIVE].amax((1, 2)) > 0).float().mean()
    assert given.item() == pytest.approx(corrections.POINTED, abs=0.07)


def test_a_gpu_counts_about_the_depths_that_a_cpu_measures() -> None:
    regions = rectangle(4, 10, 40, 34) | rectangle(50, 0, 64, 9)
    exact, counted = depths(regions), eroded_depths(regions)
    assert torch.equal(exact > 0, counted > 0)
    torch.testing.assert_close(counted, exact, atol=1.6, rtol=0.15)
    assert peak(counted[0])[1] in range(20, 24)


def test_as_many_corrections_are_played_as_are_asked_for(monkeypatch) -> None:
    told = []
    real = corrections.corrected
    monkeypatch.setattr(corrections, 'corrected', lambda *given: told.append(given) or real(*given))
    torch.manual_seed(0)
    network, truth = ClickNetwork().eval(), rectangle(4, 4, 60, 40)
    assert play(network, asked(truth), 0, Draws.of(CPU, 0), False).prompt.max() == 0
    after = play(network, asked(truth), 2, Draws.of(CPU, 0), False)
    assert len(told) == 2
    assert 0 < after.prompt[0, PREVIOUS].max() < 1
