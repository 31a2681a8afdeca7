from dataclasses import replace

import cv2
import numpy as np
import pytest
import yaml
from helpers.examples import CONTENTS, HEIGHT, WIDTH, disc, example, examples, label, masks

from picosam_ros.datasets.write import write_dataset


def written(out, made, contents=CONTENTS):
    write_dataset(out, ['yolo'], contents, made, stopped=lambda: False)
    return out / 'yolo'


def read(path):
    """Return class and mask of each line, as loaders draw them."""
    found = []
    for line in path.read_text().splitlines():
        number, *values = line.split()
        points = np.array(values, float).reshape(-1, 2) * (WIDTH, HEIGHT)
        mask = cv2.fillPoly(np.zeros((HEIGHT, WIDTH), np.uint8), [points.astype(np.int32)], 1)
        found.append((int(number), mask))
    return found


def iou(one, other):
    return (one & other).sum() / (one | other).sum()


# What joins the parts of an object is drawn, too: with discs of 5 to 25 pixels at 60 pixels from
# each other, and two corners of the image, it is a few hundredths.
@pytest.mark.parametrize('name', masks())
def test_masks_are_read_as_they_were(tmp_path, name):
    mask = masks()[name]
    folder = written(tmp_path, [example(0, [label(mask, name='spoon')])])
    [(number, drawn)] = read(folder / 'labels' / 'train' / 'one_000000.txt')
    assert number == 1
    assert iou(drawn, mask) >= (0.9 if name in ('parts', 'at the border') else 0.98)


def test_every_image_has_a_label_file_and_it_is_empty_where_there_is_no_object(tmp_path):
    folder = written(tmp_path, examples())
    for split in ('train', 'val'):
        images = {path.stem for path in (folder / 'images' / split).iterdir()}
        assert images == {path.stem for path in (folder / 'labels' / split).iterdir()}
    assert images == {'two_000000', 'two_000004'}
    assert (folder / 'labels' / 'val' / 'two_000004.txt').read_text() == ''


def test_coordinates_are_shares_of_the_image_and_make_a_box_with_an_area(tmp_path):
    folder = written(tmp_path, examples())
    for path in (folder / 'labels').rglob('*.txt'):
        for line in path.read_text().splitlines():
            points = np.array(line.split()[1:], float).reshape(-1, 2)
            assert len(points) >= 3
            assert points.min() >= 0
            assert points.max() <= 1
            assert np.ptp(points, axis=0).min() > 0


def test_data_yaml_names_folders_and_classes(tmp_path):
    contents = replace(CONTENTS, names=('Tässchen', '3'))
    folder = written(tmp_path, [], contents)
    content = yaml.safe_load((folder / 'data.yaml').read_text(encoding='utf-8'))
    assert content['names'] == {0: 'Tässchen', 1: '3'}
    # With a path of '.' a known loader looks where it runs.
    assert 'path' not in content


@pytest.mark.parametrize('split', ['train', 'val'])
def test_a_split_without_images_is_the_other_one(tmp_path, split):
    made = [example(0, [label(disc(50, 50, 20))], split=split)]
    folder = written(tmp_path, made)
    content = yaml.safe_load((folder / 'data.yaml').read_text())
    assert content['train'] == content['val'] == f'images/{split}'
    assert (folder / content['val'] / 'one_000000.jpg').is_file()
