"""Squares, prompts and what is known of them belong together."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from training.click import prompts, samples, squares  # noqa: E402
from training.click.compositing import compose  # noqa: E402
from training.click.cutting import PADDING, cut  # noqa: E402
from training.click.photos import Photos  # noqa: E402
from training.click.samples import Draws  # noqa: E402
from training.click.squares import Mixture, Squares  # noqa: E402

CPU = torch.device('cpu')
CLICKS = Mixture(boxes=0, previous=0, occluded=0, crowded=0, transplanted=0, textured=0)


def one_square(photos: Photos, left: float, top: float, side: float, size: int) -> Squares:
    """An upright square of the first object, its corner at pixel edges of the photo."""
    step = side / size
    affine = np.array([[[step, 0, left + step / 2 - 0.5], [0, step, top + step / 2 - 0.5]]])
    no = np.zeros(1, bool)
    whole = photos.objects.areas[:1] / step**2
    return Squares(np.zeros(1, int), affine, np.zeros((1, 2)), ~no, no, no, whole)


def test_a_square_as_large_as_the_photos_pixels_is_cut_to_the_bit(disc_photos) -> None:
    image, alpha = cut(disc_photos, one_square(disc_photos, 30, 10, 64, 64), 64)
    expected = disc_photos.pixels(0)[:, 10:74, 30:94].float()
    torch.testing.assert_close(image[0], expected, atol=0.01, rtol=0)
    left, top, right, bottom = disc_photos.objects.windows[0]
    plane = torch.zeros(96, 128)
    plane[top:bottom, left:right] = disc_photos.mask(0).float()
    torch.testing.assert_close(alpha[0], plane[10:74, 30:94], atol=1e-4, rtol=0)


def test_a_shrunk_square_has_the_mean_of_its_pixels_and_padding_outside(disc_photos) -> None:
    image, _ = cut(disc_photos, one_square(disc_photos, -64, 0, 64, 32), 32)
    np.testing.assert_allclose(image[0].mean((1, 2)), PADDING, atol=0.01)
    image, _ = cut(disc_photos, one_square(disc_photos, 0, 0, 64, 32), 32)
    expected = torch.nn.functional.avg_pool2d(disc_photos.pixels(0)[:, :64, :64].float(), 2)
    torch.testing.assert_close(image[0, :, 1:-1, 1:-1], expected[:, 1:-1, 1:-1], atol=0.1, rtol=0)


def test_clicks_lie_on_the_object_however_the_square_is_turned_and_stretched(disc_photos) -> None:
    drawn = squares.draw(disc_photos, CLICKS, 64, 200, np.random.default_rng(0))
    _, alpha = cut(disc_photos, drawn, 64)
    x, y = np.round(drawn.points).astype(int).T
    assert ((x >= 0) & (x < 64) & (y >= 0) & (y < 64)).all()
    assert (alpha[np.arange(200), y, x] > 0.4).float().mean() > 0.99


def test_what_lies_outside_of_the_square_is_known(disc_photos) -> None:
    left, top, right, bottom = (int(edge) for edge in disc_photos.objects.windows[0])
    middle = (left + right) // 2
    drawn = one_square(disc_photos, middle, top, bottom - top, 64)
    _, alpha = cut(disc_photos, drawn, 64)
    outside = samples._outside(drawn, alpha)
    whole = drawn.whole[0]
    assert outside.item() == pytest.approx(whole / 2, rel=0.1)


def test_prompts_are_clicks_boxes_and_masks_of_before(disc_photos) -> None:
    mixture = Mixture(boxes=0.4, previous=0.3, pointed=0.5, occluded=0, crowded=0, textured=0)
    batch = samples.draw_as_in_use(disc_photos, mixture, 64, 120, Draws.of(CPU, 0))
    given = batch.prompt.flatten(2).amax(2)
    clicks = given[:, prompts.BOX] + given[:, prompts.PREVIOUS] == 0
    assert (given[clicks, prompts.POSITIVE] > 0.7).all()
    assert (given[:, prompts.NEGATIVE] == 0).all()
    assert 20 < clicks.sum() < 55
    boxed = given[:, prompts.BOX] > 0
    assert 0 < (given[boxed, prompts.POSITIVE] > 0).sum() < boxed.sum()
    # Boxes and masks of before are drawn about the object: they overlap it.
    for kind in (prompts.BOX, prompts.PREVIOUS):
        there = batch.prompt[:, kind] > 0.5
        both = (there & batch.mask).sum((1, 2)) / (there | batch.mask).sum((1, 2))
        assert both[given[:, kind] > 0].median() > 0.6


def test_a_bell_stands_at_its_point_and_falls_with_the_side_over_64() -> None:
    bell = prompts.bells(128, torch.tensor([40.0]), torch.tensor([70.0]))[0]
    assert bell[70, 40] == 1
    assert bell[70, 42].item() == pytest.approx(np.exp(-0.5))


def test_the_same_seed_gives_the_same_batch_and_another_one_another(disc_photos) -> None:
    first, same, other = (
        samples.draw(disc_photos, Mixture(), 64, 8, Draws.of(CPU, *seed))
        for seed in ((1, 2), (1, 2), (1, 3))
    )
    assert torch.equal(first.image, same.image)
    assert torch.equal(first.prompt, same.prompt)
    assert not torch.equal(first.image, other.image)


@pytest.mark.parametrize('kind', ['occluded', 'crowded', 'transplanted', 'textured'])
def test_each_change_of_the_scene_leaves_the_point_on_the_object(disc_photos, kind) -> None:
    drawn = squares.draw(disc_photos, CLICKS, 64, 60, np.random.default_rng(1))
    image, alpha = cut(disc_photos, drawn, 64)
    mixture = replace(CLICKS, **{kind: 1.0})
    changed, left = compose(image, alpha, drawn.points, mixture, np.random.default_rng(2))
    assert not torch.equal(changed, image)
    assert ((changed - image).abs().amax((1, 2, 3)) > 20).sum() > 15
    x, y = np.round(drawn.points).astype(int).T
    rows = np.arange(60)
    assert (left[rows, y, x] >= 0.6 * alpha[rows, y, x]).all()
    assert (left.sum((1, 2)) >= 0.1 * alpha.sum((1, 2))).all()
    behind = kind in ('transplanted', 'textured')
    assert torch.equal(left, alpha) == behind


def test_sources_that_are_not_packed_are_told(discs) -> None:
    with pytest.raises(ValueError, match='no photos of plants, which `weights`'):
        Photos(discs, CPU, {'discs': 1.0, 'plants': 0.5})


def test_photos_that_memory_does_not_hold_are_decoded_each_time(discs, disc_photos) -> None:
    small = Photos(discs, CPU, {'discs': 1.0}, memory=40_000)
    small.decode()
    for number in range(len(small)):
        assert torch.equal(small.pixels(number), disc_photos.pixels(number))
    assert len(small._kept) == 1
