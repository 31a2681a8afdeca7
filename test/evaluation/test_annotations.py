import json
import os

import cv2
import numpy as np
import pytest
from helpers.labelled import compress, rectangle, run_lengths

from picosam_ros.errors import DatasetError
from picosam_ros.evaluation.annotations import Annotations
from picosam_ros.wire.value_range import ValueScale

WHERE = (30, 20, 70, 50)


def masks(annotations):
    return [
        annotations.read(where).mask()
        for image in annotations.images.values()
        for where in annotations.objects(image)
    ]


def test_polygons_and_both_kinds_of_run_lengths_give_the_same_mask(dataset):
    image = dataset.picture()
    expected = np.zeros((120, 160), np.uint8)
    expected[20:50, 30:70] = 1
    for segmentation in (rectangle(*WHERE), run_lengths(expected), compress(expected)):
        dataset.label(image, segmentation)
    with Annotations(dataset.write()) as annotations:
        found = masks(annotations)
    assert len(found) == 3
    for mask in found:
        np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize('keys', ['as COCO has them', 'in the other order'])
def test_objects_are_gathered_by_image_whatever_the_order_of_the_file(dataset, keys):
    first, second = dataset.picture('a.png'), dataset.picture('b.png')
    dataset.label(second, rectangle(0, 0, 9, 9), category_id=7, area=5.5)
    dataset.label(first, rectangle(0, 0, 9, 9))
    dataset.label(second, rectangle(0, 0, 9, 9))
    if keys == 'in the other order':
        dataset.content = dict(reversed(dataset.content.items()))
    with Annotations(dataset.write(indent=1)) as annotations:
        assert annotations.count == 3
        assert list(annotations.images) == [second, first]
        assert [len(image.objects) // 2 for image in annotations.images.values()] == [2, 1]
        image = annotations.images[second]
        labelled = annotations.read(next(annotations.objects(image)))
    assert (labelled.category, labelled.area) == ('strip', 5.5)
    assert labelled.image is image


def test_crowds_and_objects_without_a_mask_are_skipped_and_counted(dataset):
    image = dataset.picture()
    dataset.label(image, rectangle(*WHERE))
    dataset.label(image, run_lengths(np.ones((120, 160), np.uint8)), iscrowd=1)
    dataset.label(image, [])
    with Annotations(dataset.write()) as annotations:
        assert annotations.count == 1
        assert annotations.skipped == {'crowd': 1, 'no mask': 1}


@pytest.mark.parametrize(
    ('lies_at', 'fields'),
    [
        ('0001.png', {}),
        ('0001.png', {'file_name': 'val2017/0001.png'}),
        ('val2017/0001.png', {'file_name': 'val2017/0001.png'}),
        # LVIS has only the address of the picture, which is one of either half of COCO.
        ('0001.png', {'file_name': None, 'coco_url': 'http://host/val2017/0001.png'}),
        ('train2017/0001.png', {'file_name': None, 'coco_url': 'http://host/train2017/0001.png'}),
    ],
)
def test_a_picture_is_found_where_coco_and_lvis_have_it(dataset, lies_at, fields):
    image = dataset.picture(lies_at, **fields)
    dataset.label(image, rectangle(*WHERE))
    with Annotations(dataset.write()) as annotations:
        assert annotations.images[image].find(dataset.folder) == dataset.folder / lies_at


def test_a_picture_that_is_not_there_is_none(dataset, tmp_path):
    image = dataset.picture()
    dataset.label(image, rectangle(*WHERE))
    with Annotations(dataset.write()) as annotations:
        assert annotations.images[image].find(tmp_path / 'elsewhere') is None


def test_a_picture_is_read_as_it_is_stored_and_not_turned_upright(dataset):
    path = dataset.folder / 'turned.jpg'
    _, encoded = cv2.imencode('.jpg', np.zeros((40, 80, 3), np.uint8))
    # One EXIF entry, little-endian: Orientation (0x0112) is 6, a quarter turn.
    entry = bytes.fromhex('0100 1201 0300 01000000 06000000 00000000')
    exif = b'Exif\0\0II*\0\x08\0\0\0' + entry
    segment = b'\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif
    image = dataset.picture(size=(40, 80), file_name='turned.jpg')
    path.write_bytes(encoded[:2].tobytes() + segment + encoded[2:].tobytes())
    dataset.label(image, rectangle(1, 1, 9, 9))
    with Annotations(dataset.write()) as annotations:
        assert annotations.images[image].read(path).shape == (40, 80, 3)


def test_a_picture_of_another_size_is_refused(dataset):
    image = dataset.picture(width=320, height=240)
    dataset.label(image, rectangle(*WHERE))
    with (
        Annotations(dataset.write()) as annotations,
        pytest.raises(DatasetError, match=r'has 160×120 pixels, but its annotations are for 320×2'),
    ):
        annotations.images[image].read(dataset.folder / '0001.png')


def test_a_file_that_is_no_picture_is_refused(dataset):
    image = dataset.picture()
    dataset.label(image, rectangle(*WHERE))
    (dataset.folder / '0001.png').write_text('text')
    with (
        Annotations(dataset.write()) as annotations,
        pytest.raises(DatasetError, match=r'0001.png cannot be read: OpenCV cannot'),
    ):
        annotations.images[image].read(dataset.folder / '0001.png')


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('', 'are an empty file'),
        ('not JSON', 'has no labelled object'),
        ('{"images": [], "annotations": []}', 'has no labelled object'),
        ('{"annotations": [{"image_id": 1, "segmentation": [[1, 2', 'the file was cut off'),
        ('{"annotations": [{"image_id": 1; }]}', 'is no JSON from byte 17 on'),
        ('{"annotations": [{"segmentation": [[1, 2]]}]}', "without a whole number as 'image_id'"),
        ('{"annotations": [{"image_id": 1, "segmentation": [[1, 2]]}]}', 'of image 1, but no im'),
        ('{"images": [{"id": 1, "width": 9, "height": 9}]}', 'image 1: it names no file'),
    ],
)
def test_a_file_without_what_is_needed_is_refused_in_a_sentence(dataset, text, said):
    dataset.path.write_text(text)
    with pytest.raises(DatasetError, match=said):
        Annotations(dataset.path)


@pytest.mark.parametrize(
    ('fields', 'reason'),
    [
        ({'image_id': 'a'}, "it is without a whole number as 'image_id'"),
        ({'image_id': True}, "it is without a whole number as 'image_id'"),
        ({'image_id': 10**30}, "it is without a whole number as 'image_id'"),
        ({'image_id': 5}, 'it is of image 5, but no image of that id is described'),
        ({'area': float('nan')}, "its area is 'nan', not a number of pixels"),
        ({'area': -3}, "its area is '-3', not a number of pixels"),
        ({'area': 'large'}, "its area is 'large', not a number of pixels"),
        ({'segmentation': 'everything'}, 'its segmentation is neither polygons nor run lengths'),
        ({'id': 1}, 'its id is given twice'),
    ],
)
def test_a_damaged_annotation_is_left_out_with_its_id_and_the_reason(dataset, fields, reason):
    image = dataset.picture()
    dataset.label(image, rectangle(*WHERE))
    dataset.label(image, **{'segmentation': rectangle(*WHERE), **fields})
    with Annotations(dataset.write()) as annotations:
        assert annotations.count == len(masks(annotations)) == 1
        assert sum(annotations.skipped.values()) == 1
        [named] = annotations.skipped.named
    assert (named.what, named.reason) == (f'annotation {fields.get("id", 2)}', reason)


@pytest.mark.parametrize(
    'entry',
    ['{"id": 2; }', '[1, 2]', f'{{"id": {"9" * 5000}}}', '{"a": ' + '[' * 9**5 + ']' * 9**5 + '}'],
    ids=['no JSON', 'a list', 'digits', 'nested'],
)
def test_an_entry_that_cannot_be_parsed_is_left_out_with_its_place(dataset, entry):
    dataset.label(dataset.picture(), rectangle(*WHERE))
    text = dataset.write().read_text()
    place = text.index('"annotations": [') + len('"annotations": [')
    dataset.path.write_text(f'{text[:place]}{entry}, {text[place:]}')
    with Annotations(dataset.path) as annotations:
        assert annotations.count == 1
        assert annotations.skipped == {'damaged annotation': 1}
        assert annotations.skipped.named[0].what == f'annotation at byte {place}'


@pytest.mark.parametrize(
    ('fields', 'reason'),
    [
        ({'width': 10**6, 'height': 10**6}, '1000000×1000000: more than 1073741824 pixels'),
        ({'width': 0}, 'its size is 0×120; allowed are 1 to'),
        ({'width': '160'}, "without a whole number as 'width'"),
        ({'id': 100}, 'its id is given twice; the first one is used'),
        ({'file_name': None}, 'it names no file'),
    ],
)
def test_a_damaged_image_is_named_and_its_objects_are_left_out(dataset, fields, reason):
    dataset.label(dataset.picture('a.png'), rectangle(*WHERE))
    other = dataset.picture('b.png', **fields)
    dataset.label(other, rectangle(*WHERE))
    with Annotations(dataset.write()) as annotations:
        assert annotations.skipped.named[0].what == f'image {fields.get("id", 101)}'
        assert reason in annotations.skipped.named[0].reason
        assert annotations.images[100].names == ('a.png',)
        assert annotations.count == 1
        assert annotations.skipped['no such image'] == 1


@pytest.mark.parametrize('name', ['a\0/b', 'x' * 300, '../' * 2000])
def test_a_name_that_no_file_can_have_is_a_missing_image(dataset, name):
    image = dataset.picture()
    dataset.content['images'][0]['file_name'] = name
    dataset.content['images'][0]['coco_url'] = 'http://[/0002.png'
    dataset.label(image, rectangle(*WHERE))
    dataset.write()
    with Annotations(dataset.path) as annotations:
        assert annotations.images[image].find(dataset.folder) is None


@pytest.mark.parametrize('text', ['{"images": ]]}', '{"annotations": [{}]}]'])
def test_a_bracket_that_is_not_open_is_reported(dataset, text):
    dataset.path.write_text(text)
    with pytest.raises(DatasetError, match='closes a bracket at byte'):
        Annotations(dataset.path)


def test_what_never_ends_is_not_read(tmp_path):
    os.mkfifo(tmp_path / 'pipe.json')
    for path in (tmp_path / 'pipe.json', tmp_path):
        with pytest.raises(DatasetError, match='are a folder or a device, not a file'):
            Annotations(path)


def test_a_file_that_is_not_there_is_reported(tmp_path):
    with pytest.raises(DatasetError, match=r'gone\.json cannot be read: no such file'):
        Annotations(tmp_path / 'gone.json')


def test_the_index_holds_a_fraction_of_the_file(dataset):
    import tracemalloc

    image = dataset.picture()
    outline = np.random.default_rng(0).uniform(0, 100, 400).round(2).tolist()
    for _ in range(2000):
        dataset.label(image, [outline])
    size = len(json.dumps(dataset.content))
    dataset.write()
    tracemalloc.start()
    try:
        with Annotations(dataset.path) as annotations:
            assert annotations.count == 2000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size / 10


def test_an_image_of_sixteen_bits_is_scaled_by_its_own_range_or_a_given_one(dataset):
    image = dataset.picture()
    dataset.label(image, rectangle(*WHERE))
    path = dataset.folder / '0001.png'
    eight = cv2.imread(str(path))
    eight[0, 0], eight[0, 1] = 0, 255
    cv2.imwrite(str(path), eight.astype(np.uint16) << 2)
    with Annotations(dataset.write()) as annotations:
        read = annotations.images[image].read
        assert np.array_equal(read(path), eight[..., ::-1])
        assert np.array_equal(read(path, ValueScale('0,4095')), eight[..., ::-1] >> 2)
