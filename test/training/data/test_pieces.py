"""Packed crops: written in pieces, read as a stream."""

import json
from itertools import islice

import numpy as np
import pytest
import yaml
from helpers.teachers import Sam, brightness

pytest.importorskip('tqdm', reason='training/requirements.txt')

from training.data import pieces, readers, shards
from training.data.pieces import (
    Piece,
    Shards,
    describe,
    save,
)
from training.data.sample import Sample
from training.data.sampling import Mixture, Prompted, Sampler
from training.data.shards import answered
from training.teacher import CropTeacher, PhotoTeacher

WEIGHTS = {'coco_train': 1.0}


@pytest.fixture(scope='module')
def photos(store):
    return readers.read_source(store, 'coco_train')


@pytest.fixture
def pack(photos, tmp_path):
    """Return a function that packs crops into a folder of that name, and gives its path."""

    def packed(name='shards', crops=20, teacher=None, size=96, piece=8, seed=3, **mixture):
        about = {'seed': seed, 'size': size, 'mixture': {'min_confidence': 0.7, **mixture}}
        sampler = Sampler(photos, WEIGHTS, Mixture(**mixture), seed, size)
        shards.write(sampler, teacher, about, crops, tmp_path / name, piece)
        return tmp_path / name

    return packed


def random_sample(size: int = 96) -> Sample:
    rng = np.random.default_rng(size)
    image = np.kron(rng.integers(0, 256, (size // 16, size // 16, 3)), np.ones((16, 16, 1)))
    mask = (rng.random((size, size)) < 0.5).astype(np.uint8)
    sample = Sample.without_teacher(image.astype(np.uint8), mask, 0.25)
    return sample.with_teacher(rng.normal(0, 6, (size, size)), 0.5)


@pytest.mark.parametrize('size', [96, 128])
def test_a_crop_comes_back_as_it_was_packed(size, tmp_path) -> None:
    sample = random_sample(size)
    other = sample._replace(mask=1 - sample.mask, logits=-sample.logits)
    save(tmp_path / 'a.npz', [sample, other], {'size': size})
    piece = Piece(tmp_path / 'a.npz')
    assert len(piece) == 2
    for kept, packed in zip(piece, (sample, other), strict=True):
        for name in ('mask', 'seen', 'logits', 'confidence'):
            np.testing.assert_array_equal(getattr(kept, name), getattr(packed, name))
            assert getattr(kept, name).dtype == getattr(packed, name).dtype
        assert np.abs(kept.image.astype(int) - packed.image).mean() < 6


def test_numpy_alone_reads_a_piece_as_it_is_described(tmp_path) -> None:
    sample = random_sample()
    save(tmp_path / 'a.npz', [sample, sample], {'size': 96, 'seed': 7})
    with np.load(tmp_path / 'a.npz') as arrays:
        assert json.loads(str(arrays['about'])) == {'size': 96, 'seed': 7}
        assert arrays['images'][:4].tobytes() == b'RIFF'
        assert arrays['image_ends'][-1] == len(arrays['images'])
        assert (np.unpackbits(arrays['masks'][1]).reshape(96, 96) == sample.mask).all()
        assert arrays['confidence'].tolist() == [0.5, 0.5]


def test_pieces_hold_as_many_crops_as_were_asked_for(pack) -> None:
    folder = pack(crops=20, piece=8)
    assert [describe(path)[1] for path in sorted(folder.iterdir())] == [8, 8, 4]
    assert len(Shards(folder, 0)) == 20


def test_the_same_configuration_gives_the_same_bytes_and_another_seed_others(pack) -> None:
    folders = [pack('a'), pack('b'), pack('c', seed=4)]
    first, second, other = ((folder / '00001.npz').read_bytes() for folder in folders)
    assert first == second
    assert first != other


def test_a_stopped_run_goes_on_and_ends_as_if_it_had_not_been_stopped(pack, monkeypatch) -> None:
    whole = {path.name: path.read_bytes() for path in pack('whole').iterdir()}
    folder = pack('stopped', crops=8)
    kept = (folder / '00000.npz').stat().st_mtime_ns
    (folder / '00001.partial').write_bytes(b'half of it')
    pack('stopped')
    assert (folder / '00000.npz').stat().st_mtime_ns == kept
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole


def test_a_folder_about_something_else_is_refused_with_what_differs(pack) -> None:
    pack('a')
    with pytest.raises(ValueError, match='another seed: give another folder'):
        pack('a', seed=4)


def test_a_piece_that_could_not_be_sent_is_refused(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(pieces, 'LARGEST', 1000)
    with pytest.raises(ValueError, match='give --piece a smaller number'):
        save(tmp_path / 'a.npz', [random_sample()], {'size': 96})
    assert not list(tmp_path.iterdir())


def test_an_epoch_has_every_crop_once_and_the_parts_share_it(pack) -> None:
    stream = Shards(pack(), 0)
    stream.reseed(1, part=0)
    order = np.concatenate(
        [np.random.default_rng((1,)).permutation(20)[part::2] for part in range(2)]
    )
    assert sorted(order) == list(range(20))
    seen = []
    for part in range(2):
        stream.reseed(1, part=part, parts=2)
        seen += [sample.seen for sample in islice(stream, 10)]
    kept = [stream[index].seen for index in range(20)]
    assert sorted(seen) == sorted(kept)
    assert seen == [kept[index] for index in order]


def test_every_epoch_shows_the_crops_otherwise(pack) -> None:
    stream = Shards(pack(crops=1), 0)
    first, second = (sample.image for sample in islice(stream, 2))
    assert (first != second).any()


def test_crops_are_composed_with_others_when_they_are_read(pack) -> None:
    folder = pack(teacher=CropTeacher(brightness), crops=40)

    def transplanted(pasted: float) -> int:
        stream = Shards(folder, pasted)
        stream.reseed(0)
        return sum(sample.confidence == 0 for sample in islice(stream, 80))

    assert transplanted(0) == 0
    assert 15 < transplanted(1.0) < 65


def test_crops_are_turned_as_often_as_the_mixture_says(pack) -> None:
    folder = pack(crops=1)

    def turned(share: float) -> int:
        stream = Shards(folder, 0, share)
        kept = stream[0].mask
        straight = (kept.tobytes(), kept[:, ::-1].tobytes())
        return sum(sample.mask.tobytes() not in straight for sample in islice(stream, 40))

    assert turned(0) == 0
    assert 8 < turned(0.5) < 32
    assert turned(1.0) == 40


def test_crops_of_two_sizes_are_refused(pack) -> None:
    folder = pack(crops=8)
    pack('large', crops=8, size=128).joinpath('00000.npz').rename(folder / '00009.npz')
    with pytest.raises(ValueError, match=r'\[96, 128\]'):
        Shards(folder, 0)


def test_an_empty_folder_is_refused_with_the_command_that_fills_it(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r'training\.data\.shards'):
        Shards(tmp_path, 0)


def test_without_a_teacher_nothing_is_taught(pack) -> None:
    stream = Shards(pack(), 0)
    assert all(not stream[index].confidence for index in range(len(stream)))
    assert not stream[0].logits.any()


def test_what_a_teacher_says_is_packed_with_the_crop(pack) -> None:
    stream = Shards(pack(teacher=PhotoTeacher(Sam())), 0)
    for index in range(len(stream)):
        sample = stream[index]
        assert sample.confidence in (np.float32(0.9), np.float32(0.8), np.float32(0.95))
        assert sample.logits.max() > 0 or sample.confidence == np.float32(0.95)


def test_an_unlabelled_crop_has_the_mask_of_the_teacher_and_believes_it_wholly(pack) -> None:
    stream = Shards(pack(teacher=PhotoTeacher(TwoDiscs()), crops=60, unlabelled=0.5), 0)
    samples = [stream[index] for index in range(len(stream))]
    unlabelled = [sample for sample in samples if sample.confidence == 1]
    assert 15 < len(unlabelled) < 45
    for sample in unlabelled:
        np.testing.assert_array_equal(sample.mask, sample.logits > 0)
        assert sample.mask.any()
        assert sample.seen == 0


class TwoDiscs(Sam):
    """As sure of the small disc as of the large one, and not at all of the empty mask."""

    def predict(self, **asked):
        masks, _, low = super().predict(**asked)
        return masks, np.array([0.9, 0.8, 0.1]), low


class Fixed:
    """A crop teacher that always says the same."""

    def __init__(self, logits: np.ndarray, confidence: float) -> None:
        self.logits, self.confidence = logits, confidence

    def __call__(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        count = len(crops)
        return np.stack([self.logits] * count), np.full(count, self.confidence)


def kept_of_unlabelled(photos, logits: np.ndarray, confidence: float) -> list[Sample]:
    """What is kept of 64 unlabelled prompts, and after them of one that a teacher knows."""
    prompts = list(islice(Sampler(photos, WEIGHTS, Mixture(unlabelled=1), 0).prompts(), 64))
    known = Prompted(photos[0].pixels(), photos[0].mask(0), (0, 0), prompts[0].window)
    teacher = CropTeacher(Fixed(logits, confidence))
    stream = answered(iter(prompts + [known] * 64), teacher, 96, min_confidence=0.7)
    return [sample for sample in islice(stream, 32) if sample.confidence == 1]


def test_an_answer_to_an_unlabelled_prompt_is_dropped_where_it_cannot_be_trusted(photos) -> None:
    holds, empty, beside = (np.full((96, 96), -5.0) for _ in range(3))
    holds[:], beside[0, 0] = 5, 5
    assert len(kept_of_unlabelled(photos, holds, 0.8)) == 32
    assert not kept_of_unlabelled(photos, holds, 0.6)
    assert not kept_of_unlabelled(photos, empty, 0.8)
    assert not kept_of_unlabelled(photos, beside, 0.8)


@pytest.fixture
def run(store, tmp_path, monkeypatch):
    """Return a function that runs the command, with the mixture given as keywords."""

    def command(*arguments: str, **mixture) -> None:
        config = {'seed': 1, 'weights': WEIGHTS, 'mixture': mixture}
        (tmp_path / 'config.yaml').write_text(yaml.safe_dump(config))
        fixed = ('--data', str(store), '--config', str(tmp_path / 'config.yaml'))
        given = ('--crops', '6', '--out', str(tmp_path / 'out'), *arguments)
        monkeypatch.setattr('sys.argv', ['shards', *fixed, *given])
        monkeypatch.setattr('training.data.split.read', set)
        shards.main()

    return command


def test_the_command_packs_with_a_named_teacher(run, tmp_path) -> None:
    run('--teacher', 'test_teacher:Sam', '--piece', '4', unlabelled=0.2)
    about, crops = describe(tmp_path / 'out' / '00000.npz')
    assert crops == 4
    assert about['teacher'] == ['test_teacher:Sam']
    assert about['weights'] == WEIGHTS
    assert len(Shards(tmp_path / 'out', 0)) == 6


def test_a_teacher_with_another_file_under_the_same_name_is_another_teacher(run, tmp_path) -> None:
    weights = tmp_path / 'weights.txt'
    for radius in ('20', '30'):
        weights.write_text(radius)
        given = ('--teacher', 'test_pieces:sam_of', '--teacher-file', str(weights))
        if radius == '20':
            run(*given)
        else:
            with pytest.raises(ValueError, match='another teacher'):
                run(*given)


def sam_of(path) -> Sam:
    return Sam(float(path.read_text()))


def test_unlabelled_prompts_without_a_teacher_are_refused(run, capsys) -> None:
    with pytest.raises(SystemExit):
        run(unlabelled=0.2)
    assert 'need a --teacher' in capsys.readouterr().err
