"""The next prompt of a training lies where the network's answer is wrong."""

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from helpers.labelled import compress  # noqa: E402
from helpers.photo_masks import disc  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402

from training.data import readers  # noqa: E402
from training.data.crops import Window, centred  # noqa: E402
from training.data.pieces import Shards  # noqa: E402
from training.data.readers import Photo  # noqa: E402
from training.data.sampling import Mixture, Prompted, Sampler  # noqa: E402
from training.in_the_loop import corrected, in_the_loop, put_in_the_loop  # noqa: E402
from training.networks.picosam2 import Answer  # noqa: E402
from training.train import Budget, Crops, train  # noqa: E402
from training.trainer import Trainer  # noqa: E402

SHAPE = (200, 300)
SQUARE = centred((100, 100), 140)
OBJECT, NEIGHBOUR = disc(SHAPE, (100, 100), 30), disc(SHAPE, (160, 100), 20)
WEIGHTS = {'coco_train': 1.0}


def prompted(tmp_path, *masks, window=SQUARE):
    """A prompt for the first of the masks; all of them are labelled."""
    labelled = tuple(compress(mask) for mask in masks)
    photo = Photo('coco_train', 'a.png', tmp_path / 'a.png', 'a.jpg', labelled)
    return Prompted(np.zeros((*SHAPE, 3), np.uint8), masks[0], (100, 100), window, photo)


def answer(prompt, mask):
    """What a network would say that finds this mask exactly."""
    return prompt._replace(mask=mask).sample(96).mask * np.float32(2) - 1


def test_nothing_found_is_asked_again_at_the_innermost_pixel_of_the_object(tmp_path) -> None:
    off = prompted(tmp_path, OBJECT, window=centred((120, 110), 140))
    again = corrected(off, np.full((96, 96), -1, np.float32))
    assert again.point == (100, 100)
    assert again.window == SQUARE
    assert again.mask is OBJECT


def test_what_lies_outside_of_the_crop_is_missed_too(tmp_path) -> None:
    both = OBJECT | disc(SHAPE, (250, 60), 35)
    prompt = prompted(tmp_path, both)
    again = corrected(prompt, answer(prompt, both))
    assert again.point == (250, 60)


def test_a_neighbour_that_was_taken_in_is_the_next_object(tmp_path) -> None:
    masks = OBJECT, NEIGHBOUR, np.ones(SHAPE, np.uint8)
    prompt = prompted(tmp_path, *masks, window=centred((100, 100), 180))
    again = corrected(prompt, answer(prompt, OBJECT | NEIGHBOUR))
    assert np.hypot(again.point[0] - 160, again.point[1] - 100) < 4
    assert again.window == centred(again.point, 180)
    np.testing.assert_array_equal(again.mask, NEIGHBOUR)


def test_what_is_too_much_and_not_labelled_teaches_nothing(tmp_path) -> None:
    prompt = prompted(tmp_path, OBJECT)
    assert corrected(prompt, answer(prompt, OBJECT | NEIGHBOUR)) is None


def test_a_square_that_was_cut_at_the_border_is_whole_again(tmp_path) -> None:
    prompt = prompted(tmp_path, OBJECT, window=Window(30, 30, 100, 140))
    again = corrected(prompt, np.full((96, 96), -1, np.float32))
    assert again.window == SQUARE


@pytest.mark.parametrize('share', [0.0, 0.5, 1.0])
def test_the_stated_share_is_corrected_and_the_rest_is_as_it_was(tmp_path, share) -> None:
    prompt = prompted(tmp_path, OBJECT, window=centred((120, 110), 140))
    moved = corrected(prompt, np.full((96, 96), -1, np.float32)).sample(96)
    asked = []

    def network(crops):
        asked.append(len(crops))
        return np.full((len(crops), 96, 96), -1, np.float32)

    rng = np.random.default_rng(0)
    samples = list(in_the_loop(network, share, iter([prompt] * 400), 96, rng))
    corrections = sum((sample.mask == moved.mask).all() for sample in samples)
    assert len(samples) == 400
    assert corrections == sum(asked) == pytest.approx(400 * share, abs=40)


class Stubborn(nn.Module):
    """Finds everything, or nothing, as its parameter says."""

    def __init__(self):
        super().__init__()
        self.says = nn.Parameter(torch.tensor(-1.0), requires_grad=False)

    def forward(self, images):
        return Answer(self.says.expand(len(images), 1, 96, 96), None)


def test_a_loaders_worker_asks_the_network_as_it_is_by_then(store) -> None:
    photos = readers.read_source(store, 'coco_train')
    network = Stubborn()
    drawn = {}
    for says in (-1.0, 1.0, -1.0):
        sampler = Sampler(photos, WEIGHTS, Mixture(), 0)
        put_in_the_loop(sampler, network, 1.0)
        # One batch is made ahead, and is not looked at: it may be of either.
        loader = DataLoader(Crops(sampler, 0, 0), 64, num_workers=1, prefetch_factor=1)
        batches = iter(loader)
        network.says.fill_(says)
        images = torch.stack([next(batches).image for _ in range(4)])[2:]
        drawn.setdefault(says, []).append(images)
        del batches
    first, second = drawn[-1.0]
    assert torch.equal(first, second)
    assert not torch.equal(first, drawn[1.0][0])


def test_a_training_with_corrections_repeats_to_the_bit(store, tmp_path) -> None:
    config = {
        'seed': 1,
        'batch': 8,
        'learning_rate': 1e-3,
        'weight_decay': 0.02,
        'warmup': 0.0,
        'ema_decay': 0.9,
        'workers': 0,
    }
    weights = []
    for out in ('a', 'b'):
        (tmp_path / out).mkdir()
        sampler = Sampler(readers.read_source(store, 'coco_train'), WEIGHTS, Mixture(pasted=0.5), 0)
        trainer = Trainer(config)
        put_in_the_loop(sampler, trainer.average, 0.5)
        train(trainer, sampler, tmp_path / out, Budget(steps=3))
        weights.append(trainer.network.head.weight)
    assert torch.equal(*weights)


def test_packed_crops_and_what_is_no_share_are_refused(store) -> None:
    photos, network = readers.read_source(store, 'coco_train'), Stubborn()
    sampler = Sampler(photos, WEIGHTS, Mixture(), 0)
    with pytest.raises(ValueError, match='give --data instead of --shards'):
        put_in_the_loop(Shards.__new__(Shards), network, 0.5)
    with pytest.raises(ValueError, match=r'1\.5 was given; allowed is a share from 0 to 1'):
        put_in_the_loop(sampler, network, 1.5)
