"""Photos and masks as they are read from the store and from COCO's and LVIS's files."""

import json

import numpy as np
import pytest

from training.data import readers, split
from training.data.readers import Decoded
from training.data.sampling import Mixture, Sampler
from training.data.store_to_coco import to_coco


@pytest.fixture(scope='module')
def coco(store, tmp_path_factory):
    """Lay the store's photos of two sources out as COCO and LVIS are; give that folder."""
    folder = tmp_path_factory.mktemp('coco')
    (folder / 'annotations').mkdir()
    for source, name in (('coco_train', 'train2017'), ('ecssd', 'val2017')):
        (folder / name).symlink_to(store / source / 'img')
        content = to_coco(readers.read_source(store, source))
        for image in content['images']:
            image['file_name'] = image['file_name'].rsplit('/', 1)[1]
            image['coco_url'] = f'http://images.cocodataset.org/{name}/{image["file_name"]}'
        _write(folder, f'instances_{name}', content)
        for image in content['images']:
            del image['file_name']
        _write(folder, f'lvis_{name}', content)
    return folder


def _write(folder, name, content):
    (folder / 'annotations' / f'{name}.json').write_text(json.dumps(content))


@pytest.mark.parametrize('source', ['instances_train2017', 'lvis_train2017'])
def test_from_a_json_file_come_the_same_photos_and_masks_as_from_the_store(store, coco, source):
    expected = readers.read_source(store, 'coco_train')
    photos = readers.read_source(coco, source)
    assert [photo.file for photo in photos] == [photo.file for photo in expected]
    assert {photo.source for photo in photos} == {source}
    for photo, other in zip(photos, expected, strict=True):
        assert (photo.pixels() == other.pixels()).all()
        assert len(photo.masks) == len(other.masks)
        for index in range(len(photo.masks)):
            assert (photo.mask(index) == other.mask(index)).all()


def test_photos_that_another_file_has_are_left_out_on_request(coco):
    sources = ('instances_train2017', 'lvis_val2017')
    # The two have photos of the same names, as LVIS's and COCO's splits have.
    twice = {photo.file for photo in readers.read_source(coco, 'lvis_val2017')}
    all_of_them = readers.training_photos(coco, set(), sources)
    left = readers.training_photos(coco, set(), sources, without=['instances_val2017'])
    assert {photo.file for photo in all_of_them} > {photo.file for photo in left}
    assert not twice & {photo.file for photo in left}
    assert left


def test_the_configuration_tells_sources_and_what_is_left_out(coco, monkeypatch):
    config = {'weights': {'instances_train2017': 1.0}, 'without': ['instances_val2017']}
    photos = readers.configured_photos(coco, config)
    expected = readers.training_photos(coco, split.read(), config['weights'], config['without'])
    assert [photo.name for photo in photos] == [photo.name for photo in expected]
    assert photos


def test_crops_are_drawn_from_both_kinds_of_sources_alike(store, coco):
    def drawn(folder, source):
        sampler = Sampler(readers.read_source(folder, source), {source: 1.0}, Mixture(boxed=0.2), 3)
        stream = iter(sampler)
        return [next(stream) for _ in range(20)]

    pairs = zip(drawn(store, 'coco_train'), drawn(coco, 'instances_train2017'), strict=True)
    for one, other in pairs:
        assert (one.image == other.image).all()
        assert (one.mask == other.mask).all()


def test_a_source_that_is_not_there_is_refused_with_both_places(store):
    with pytest.raises(FileNotFoundError, match=r'masks\.jsonl and no annotations/nothing\.json'):
        readers.read_source(store, 'nothing')


def test_photos_that_are_not_there_are_told_and_none_at_all_is_refused(coco, tmp_path, capsys):
    folder = tmp_path / 'some'
    (folder / 'train2017').mkdir(parents=True)
    (folder / 'annotations').symlink_to(coco / 'annotations')
    with pytest.raises(FileNotFoundError, match=r'none of the photos .* as .*0000\.png'):
        readers.read_source(folder, 'instances_train2017')
    for name in ('0000.png', '0003.png'):
        (folder / 'train2017' / name).symlink_to(coco / 'train2017' / name)
    assert len(readers.read_source(folder, 'instances_train2017')) == 2
    assert '10 photos of 12 are not in' in capsys.readouterr().out


def test_only_as_many_photos_stay_decoded_as_fit(store):
    photos = readers.read_source(store, 'coco_train')
    size = photos[0].pixels().nbytes
    decoded = Decoded(photos, memory=2 * size + 1)
    first = [decoded[index] for index in range(4)]
    kept = [decoded[index] is first[index] for index in range(4)]
    assert kept == [True, True, False, False]
    assert all((decoded[index] == first[index]).all() for index in range(4))
    assert isinstance(decoded[0], np.ndarray)
