from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers.examples import CONTENTS, HEIGHT, WIDTH, disc, examples
from PIL import Image

from picosam_ros.datasets.voc import colour_map
from picosam_ros.datasets.write import write_dataset
from picosam_ros.errors import OutputError


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp('out')
    write_dataset(out, ['voc'], CONTENTS, examples(), stopped=lambda: False)
    return out / 'voc' / 'VOCdevkit' / 'VOC2012'


def values(path):
    with Image.open(path) as picture:
        assert picture.mode == 'P'
        return np.array(picture)


def test_every_image_of_the_lists_has_all_files(folder):
    lists = {
        path.stem: path.read_text().split()
        for path in (folder / 'ImageSets' / 'Segmentation').iterdir()
    }
    assert lists['train'] == [f'one_{number:06d}' for number in range(9)]
    assert lists['val'] == ['two_000000', 'two_000004']
    assert lists['trainval'] == lists['train'] + lists['val']
    for name, suffix in (
        ('JPEGImages', '.jpg'),
        ('SegmentationClass', '.png'),
        ('SegmentationObject', '.png'),
        ('Annotations', '.xml'),
    ):
        assert {path.name for path in (folder / name).iterdir()} == {
            f'{one}{suffix}' for one in lists['trainval']
        }


def test_masks_are_values_of_classes_and_objects(folder):
    for made in examples()[:9]:
        mask = made.labels.seen[0].to_image(WIDTH, HEIGHT)
        for kind in ('SegmentationClass', 'SegmentationObject'):
            assert np.array_equal(values(folder / kind / f'{made.name}.png'), mask)


def test_where_objects_overlap_the_better_score_has_the_pixel(folder):
    front, behind = disc(80, 60, 30), disc(60, 60, 30)
    expected = np.where(front, 2, behind)
    for kind in ('SegmentationClass', 'SegmentationObject'):
        assert np.array_equal(values(folder / kind / 'two_000000.png'), expected)


def test_boxes_are_of_what_is_visible_and_count_pixels_from_one(folder):
    objects = ElementTree.parse(folder / 'Annotations' / 'two_000000.xml').findall('object')
    assert [one.findtext('name') for one in objects] == ['cup', 'spoon']
    box = [int(side.text) for side in objects[1].find('bndbox')]
    assert box == [51, 31, 111, 91]


def test_the_colours_are_those_of_voc(folder):
    with Image.open(folder / 'SegmentationClass' / 'two_000000.png') as picture:
        assert picture.getpalette()[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]
    assert colour_map()[[20, 255]].tolist() == [[0, 64, 128], [224, 224, 192]]
    assert (folder / 'labelmap.txt').read_text() == (
        'background:0,0,0::\ncup:128,0,0::\nspoon:0,128,0::\n'
    )


def test_more_classes_than_values_are_refused(tmp_path):
    many = replace(CONTENTS, names=tuple(map(str, range(255))))
    with pytest.raises(OutputError, match='255 classes were given; the format voc takes 254'):
        write_dataset(tmp_path, ['voc'], many, [], stopped=lambda: False)
