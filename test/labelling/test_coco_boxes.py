import json

import pytest

from picosam_ros.errors import PromptError
from picosam_ros.labelling.coco_boxes import read_coco_boxes
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.prompt import Box, Prompt

NAMES = ('a/000010.jpg', 'a/000020.jpg', 'b/first.png')
IMAGES = [
    {'id': 5, 'file_name': 'a/000010.jpg', 'width': 640, 'height': 480},
    {'id': 6, 'file_name': '000020.jpg'},
    {'id': 7, 'file_name': 'somewhere/else/first.png'},
]
CUP, DOG = {'id': 1, 'name': 'cup'}, {'id': 2, 'name': 'dog'}


def annotation(number=1, image=5, category=1, bbox=(10, 20, 30, 40), **more):
    known = {'id': number, 'image_id': image, 'category_id': category, 'bbox': [*bbox]}
    return {**known, **more}


def instances(*annotations, images=None):
    described = IMAGES if images is None else images
    return {'images': described, 'annotations': [*annotations], 'categories': [CUP, DOG]}


@pytest.fixture
def read(tmp_path):
    """Return a function that writes content as a JSON file and reads the prompts of its boxes."""

    def read(content, names=NAMES, **options):
        path = tmp_path / 'boxes.json'
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding='utf-8')
        return read_coco_boxes(path, names, **options)

    return read


def found(prompts):
    return [(key.image, key.prompt.object_id, key.name) for key in prompts.keys]


def test_a_box_is_a_prompt_for_the_image_of_its_name(read):
    prompts = read(instances(annotation(1, 7), annotation(2, 5, 2, [0.5, 0, 1, 1])))
    assert prompts.keys == (
        KeyPrompt(0, Prompt((), Box(0.5, 0, 0.5, 0), 1), 'dog'),
        KeyPrompt(2, Prompt((), Box(10, 20, 39, 59), 2), 'cup'),
    )
    assert prompts.notes == ()


def test_the_arrays_of_the_file_may_be_in_any_order(read):
    content = instances(annotation(1, 6))
    backwards = dict(reversed(content.items()))
    assert found(read(backwards)) == found(read(content)) == [(1, 1, 'cup')]


def test_boxes_of_one_track_are_one_object_wherever_they_are(read):
    prompts = read(
        instances(
            annotation(1, 5, track_id=9),
            annotation(2, 6, bbox=[400, 300, 9, 9], track_id=9),
            annotation(3, 6, track_id='left'),
            annotation(4, 7, track_id='left'),
        )
    )
    assert found(prompts) == [(0, 9, 'cup'), (1, 9, 'cup'), (1, 1, 'cup'), (2, 1, 'cup')]


def test_boxes_without_a_track_are_one_object_where_they_overlap_and_have_one_class(read):
    prompts = read(
        instances(
            annotation(1, 5),
            annotation(2, 6, bbox=[12, 22, 30, 40]),
            annotation(3, 6, category=2),
            annotation(4, 7, bbox=[200, 22, 30, 40]),
        )
    )
    assert found(prompts) == [(0, 1, 'cup'), (1, 1, 'cup'), (1, 2, 'dog'), (2, 3, 'cup')]


def test_fewer_prompts_can_be_asked_for(read):
    results = [{'image_id': n, 'bbox': [1, 2, 30, 40], 'track_id': 3} for n in range(25)]
    assert found(read(results, (), every=10)) == [(n, 3, 'object') for n in (0, 10, 20)]


def test_images_of_a_film_are_meant_by_the_numbers_in_their_names(read):
    images = [{'id': 5, 'file_name': '1/cam2_000042.png'}, {'id': 6, 'file_name': '7.jpg'}]
    prompts = read(instances(annotation(1, 5), annotation(2, 6), images=images), ())
    assert found(prompts) == [(7, 1, 'cup'), (42, 1, 'cup')]


def test_results_of_a_detector_are_read_without_a_description_of_the_images(read):
    results = [
        {'image_id': 20, 'category_id': 3, 'bbox': [1, 2, 30, 40], 'score': 0.5},
        {'image_id': 'first', 'category_id': 3, 'bbox': [1, 2, 30, 40], 'score': 0.9},
        {'image_id': 'a/000010.jpg', 'bbox': [1, 2, 30, 40], 'score': 0.49},
    ]
    assert found(read(results, min_score=0.5)) == [(1, 1, '3'), (2, 1, '3')]
    assert found(read(results))[0] == (0, 1, 'object')
    assert found(read(results[:1], ())) == [(20, 1, '3')]
    assert found(read([{'image_id': 'frame_3', 'bbox': [1, 2, 3, 4]}], ())) == [(3, 1, 'object')]


def test_crowds_and_boxes_of_a_low_score_are_left_out(read):
    boxes = [annotation(1, iscrowd=1), annotation(2, score=0.2), annotation(3, category=2)]
    assert found(read(instances(*boxes), min_score=0.3)) == [(0, 1, 'dog')]


def test_images_that_are_not_in_the_folder_are_counted_and_the_first_is_named(read):
    images = [*IMAGES, {'id': 8, 'file_name': 'other.jpg'}]
    prompts = read(instances(annotation(1, 5), annotation(2, 8), annotation(3, 8), images=images))
    assert found(prompts) == [(0, 1, 'cup')]
    assert prompts.notes == (
        'boxes.json: boxes of images that are not there: 2; the first: annotation 2, of image '
        "'other.jpg'",
    )


def test_a_name_that_two_images_have_needs_its_folder(read):
    images = [{'id': 5, 'file_name': '1.jpg'}, {'id': 6, 'file_name': 'b/1.jpg'}]
    boxes = [annotation(1, 5), annotation(2, 6)]
    prompts = read(instances(*boxes, images=images), ('a/1.jpg', 'b/1.jpg'))
    assert found(prompts) == [(1, 1, 'cup')]
    assert "annotation 1, of image '1.jpg'" in prompts.notes[0]


def test_a_box_without_area_is_told(read):
    prompts = read(instances(annotation(1), annotation(2, bbox=[10, 20, 0, 40])))
    assert found(prompts) == [(0, 1, 'cup')]
    assert "boxes that are none: 1; the first: annotation 2, of image 'a/0" in prompts.notes[0]


@pytest.mark.parametrize(
    ('wrong', 'reason'),
    [
        ({'bbox': None}, 'annotation 3: bbox None was given; write [x, y, width, height]'),
        ({'bbox': [1, 2, 3]}, 'annotation 3: bbox [1, 2, 3] was given'),
        ({'bbox': [1, 2, 3, 'x']}, "annotation 3: bbox [1, 2, 3, 'x'] was given"),
        ({'bbox': [1, 2, 3, float('nan')]}, 'annotation 3: bbox [1, 2, 3, nan] was given'),
        ({'bbox': [1, 2, 3, 10**400]}, 'annotation 3: bbox [1, 2, 3, 1000'),
        ({'image_id': None}, "annotation 3: it is without a whole number as 'image_id'"),
        ({'image_id': 99}, 'annotation 3: image_id 99 was given, but "images" describes no'),
        ({'category_id': 'cup'}, "annotation 3: it is without a whole number as 'category_id'"),
        ({'category_id': 9}, 'category_id 9 was given; the file has 1 (cup), 2 (dog)'),
        ({'id': None, 'bbox': 5}, 'annotation at byte'),
    ],
)
def test_a_wrong_annotation_is_named(read, wrong, reason):
    with pytest.raises(PromptError) as refused:
        read(instances(annotation(1), annotation(3) | wrong))
    assert 'boxes.json' in str(refused.value)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('{"images": [5]}', 'image 1 of the file: it is 5 and not an object'),
        ('[{"image_id": 1; }]', 'annotation 1 of the file: the file is no JSON from byte'),
        ('[{"image_id": 1, "bbox": []}]', 'annotation 1 of the file: bbox [] was given'),
        ('{"categories": [{"name": "x"}]}', 'category 1 of the file: it is without a whole'),
        ('{"annotations": [{"image_id": 1, "bbox": [1, 2, 3, 4]}', 'the file was cut off'),
        ('[]', 'it holds no box; give COCO'),
        ('hello', 'it holds no box; give COCO'),
        ('', 'are an empty file'),
    ],
)
def test_what_is_no_such_file_is_refused(read, text, reason):
    with pytest.raises(PromptError) as refused:
        read(text)
    assert 'boxes.json' in str(refused.value)
    assert reason in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PromptError, match=r'none\.json cannot be read: no such file'):
        read_coco_boxes(tmp_path / 'none.json', NAMES)
    with pytest.raises(PromptError, match=r'are a folder or a device'):
        read_coco_boxes(tmp_path, NAMES)


def test_a_file_about_other_images_is_refused(read):
    with pytest.raises(PromptError) as refused:
        read(instances(annotation()), ('x.jpg', 'y.jpg', 'z.jpg', 'zz.jpg'))
    assert "annotation 1, of image 'a/000010.jpg'" in str(refused.value)
    assert 'no image of the file is in the folder, which has x.jpg, y.jpg, z.jpg, …' in str(
        refused.value
    )


def test_a_film_needs_numbers(read):
    with pytest.raises(PromptError, match=r"annotation 1: the image '.*first.png' has no number"):
        read(instances(annotation(1, 7)), ())
    with pytest.raises(PromptError, match=r'image -1 was given; the numbers of images begin'):
        read([{'image_id': -1, 'bbox': [1, 2, 3, 4]}], ())


def test_a_score_that_nothing_reaches_is_told(read):
    with pytest.raises(PromptError, match=r'it holds no box of a score of at least 0\.9'):
        read(instances(annotation(score=0.5)), min_score=0.9)


def test_more_objects_than_ids_are_refused(read):
    results = [{'image_id': n, 'bbox': [1, 2, 3, 4], 'track_id': f't{n}'} for n in range(255)]
    with pytest.raises(PromptError, match=r"annotation 255 .*'254' would begin one more object"):
        read(results, ())
