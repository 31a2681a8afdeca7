from configparser import ConfigParser
from dataclasses import replace

import numpy as np
from helpers.examples import CONTENTS, HEIGHT, WIDTH, disc, example, examples, label
from pycocotools import mask as coco

from picosam_ros.datasets.write import write_dataset


def written(out, made, contents=CONTENTS):
    write_dataset(out, ['mots'], contents, made, stopped=lambda: False)
    return out / 'mots'


def read(folder):
    """Return masks by frame and track, and the class of each track."""
    masks, classes = {}, {}
    for line in (folder / 'gt' / 'gt.txt').read_text().splitlines():
        frame, track, number, height, width, counts = line.split(' ')
        rle = {'size': [int(height), int(width)], 'counts': counts.encode()}
        masks[int(frame), int(track)] = coco.decode(rle)
        classes[int(track)] = int(number)
    return masks, classes


def test_masks_are_read_as_they_were(tmp_path):
    masks, classes = read(written(tmp_path, examples()) / 'train' / 'one')
    assert classes == {1001: 1}
    for made in examples()[:9]:
        mask = made.labels.seen[0].to_image(WIDTH, HEIGHT)
        assert np.array_equal(masks[made.image.number + 1, 1001], mask)


def test_all_images_are_there_a_pixel_is_of_one_object_and_what_is_unanswered_is_ignored(tmp_path):
    folder = written(tmp_path, examples()) / 'val' / 'two'
    images = sorted(path.name for path in (folder / 'img1').iterdir())
    assert images == ['000001.jpg', '000002.jpg', '000003.jpg', '000005.jpg']
    masks, classes = read(folder)
    assert classes == {1001: 1, 2002: 2, 10000: 10}
    assert masks.keys() == {(1, 1001), (1, 2002), (2, 1001), (2, 2002), (3, 10000)}
    assert np.array_equal(masks[1, 2002], disc(80, 60, 30))
    assert np.array_equal(masks[1, 1001], disc(60, 60, 30) & ~disc(80, 60, 30))
    assert masks[3, 10000].all()


def test_seqinfo_tells_rate_length_and_size(tmp_path):
    parser = ConfigParser()
    parser.optionxform = str
    parser.read(written(tmp_path, examples()) / 'val' / 'two' / 'seqinfo.ini')
    assert dict(parser['Sequence']) == {
        'name': 'two',
        'imDir': 'img1',
        'frameRate': '20',
        'seqLength': '5',
        'imWidth': '160',
        'imHeight': '120',
        'imExt': '.jpg',
    }


def test_no_class_has_the_number_of_what_is_ignored(tmp_path):
    names = tuple(f'thing {number}' for number in range(1, 12))
    made = [example(0, [label(disc(50, 50, 20), 7, 'thing 10')])]
    folder = written(tmp_path, made, replace(CONTENTS, names=names))
    assert read(folder / 'train' / 'one')[1] == {11007: 11}
    lines = (folder / 'classes.txt').read_text().splitlines()
    assert lines[8:] == ['9 thing 9', '11 thing 10', '12 thing 11']
