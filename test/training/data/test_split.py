"""Which photos are held out."""

import hashlib
import json
import shutil

from training.data import readers, split


def test_the_split_takes_every_tenth_photo_by_the_hash_of_its_name(store) -> None:
    names = split.choose(store, ('coco_train', 'ecssd'))
    for source in ('coco_train', 'ecssd'):
        for photo in (store / source / 'img').iterdir():
            name = f'{source}/{photo.name}'
            held = int(hashlib.sha1(name.encode()).hexdigest(), 16) % 10 == 0
            assert (name in names) == held
    assert names == sorted(names)


def test_about_a_tenth_of_many_photos_is_held_out() -> None:
    held = sum(split.is_validation(f'coco_train/{number:012}.webp') for number in range(5000))
    assert 425 < held < 575


def test_the_committed_list_is_sorted_and_agrees_with_the_hash() -> None:
    lines = split.SPLIT_FILE.read_text().splitlines()
    assert lines == sorted(set(lines))
    assert all(split.is_validation(line) for line in lines)
    assert {line.split('/')[0] for line in lines} == set(split.VALIDATION_SOURCES)


def test_no_photo_is_both_in_training_and_in_validation(store) -> None:
    sources = ('coco_train', 'ecssd', 'mushrooms')
    held = {'coco_train/0003.png', 'ecssd/0001.png'}
    training = {photo.name for photo in readers.training_photos(store, held, sources)}
    validation = {photo.name for photo in readers.validation_photos(store, held, sources)}
    assert validation == held
    assert not training & validation
    assert len(training) + len(validation) == 12 + 8 + 1


def test_a_second_copy_of_a_held_out_coco_photo_is_not_trained_on(store, tmp_path) -> None:
    shutil.copytree(store / 'coco_train', tmp_path / 'coco_train')
    shutil.copytree(store / 'coco_train', tmp_path / 'coco_person')
    training = readers.training_photos(
        tmp_path, {'coco_train/0003.png'}, ('coco_train', 'coco_person')
    )
    names = {photo.name for photo in training}
    assert 'coco_person/0003.png' not in names
    assert len(names) == 22


def test_the_reader_gives_pixels_in_rgb_and_skips_empty_masks(store, tmp_path) -> None:
    shutil.copytree(store / 'mushrooms', tmp_path / 'mushrooms')
    listing = tmp_path / 'mushrooms' / 'masks.jsonl'
    entry = json.loads(listing.read_text())
    entry['masks'][0]['area'] = 0
    listing.write_text(json.dumps(entry))
    [photo] = readers.read_source(tmp_path, 'mushrooms')
    assert len(photo.masks) == 2
    assert photo.pixels().shape == (120, 160, 3)
    assert photo.mask(0).shape == (120, 160)
