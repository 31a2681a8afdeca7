import json
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
from helpers.examples import CONTENTS, HEIGHT, WIDTH, examples
from pycocotools.coco import COCO

from picosam_ros.datasets.write import write_dataset
from picosam_ros.errors import OutputError


def written(out, contents=CONTENTS, made=None):
    write_dataset(out, ['coco'], contents, made or examples(), stopped=lambda: False)
    return {
        split: COCO(path)
        for split in ('train', 'val')
        if (path := out / 'coco' / 'annotations' / f'instances_{split}.json').exists()
    }


@pytest.mark.parametrize('polygons', [False, True])
def test_pycocotools_reads_every_mask_as_it_was(tmp_path, polygons):
    read = written(tmp_path, replace(CONTENTS, polygons=polygons))
    images = {
        image['file_name']: (coco, image['id'])
        for coco in read.values()
        for image in coco.dataset['images']
    }
    expected = {f'{one.name}.jpg': one.labels.seen for one in examples() if one.single}
    assert images.keys() == expected.keys()
    for name, (coco, number) in images.items():
        annotations = coco.loadAnns(coco.getAnnIds(number))
        kinds = {type(one['segmentation']) for one in annotations}
        assert kinds <= {list if polygons else dict}
        for annotation, label in zip(annotations, expected[name], strict=True):
            mask = label.to_image(WIDTH, HEIGHT)
            assert np.array_equal(coco.annToMask(annotation), mask)
            assert annotation['area'] == mask.sum()
            assert annotation['bbox'] == list(cv2.boundingRect(mask))
            assert annotation['score'] == label.score
            [category] = coco.loadCats(annotation['category_id'])
            assert category['name'] == label.name


def test_ids_count_from_one_and_tracks_are_of_one_recording(tmp_path):
    read = written(tmp_path)
    for coco in read.values():
        for kind in ('images', 'annotations', 'categories'):
            assert [one['id'] for one in coco.dataset[kind]] == [
                number for number, _ in enumerate(coco.dataset[kind], 1)
            ]
    tracks = {
        split: {one['track_id'] for one in coco.dataset['annotations']}
        for split, coco in read.items()
    }
    assert tracks == {'train': {1}, 'val': {2, 3}}


def test_images_are_beside_the_annotations(tmp_path):
    for coco in written(tmp_path).values():
        for image in coco.dataset['images']:
            pixels = cv2.imread(str(tmp_path / 'coco' / 'images' / image['file_name']))
            assert pixels.shape == (image['height'], image['width'], 3)


def test_a_split_without_images_has_no_file(tmp_path):
    assert written(tmp_path, made=examples()[:3]).keys() == {'train'}


def test_an_image_without_objects_is_an_image_all_the_same(tmp_path):
    dataset = written(tmp_path)['val'].dataset
    empty = {one['id'] for one in dataset['images']} - {
        one['image_id'] for one in dataset['annotations']
    }
    assert len(empty) == 1


def test_the_file_is_plain_json(tmp_path):
    written(tmp_path)
    text = (tmp_path / 'coco' / 'annotations' / 'instances_val.json').read_text()
    assert json.loads(text)['info'] == {'description': 'labelled by picosam'}


def test_a_missing_pycocotools_is_told_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pycocotools', None)
    with pytest.raises(OutputError, match=r'install it with: pip install "pycocotools'):
        written(tmp_path)
    assert list(tmp_path.iterdir()) == []
