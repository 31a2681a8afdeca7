"""Prompts of one object that mean different things are found where their images meet."""

import numpy as np

from picosam_ros.labelling.borders import with_doubted_borders
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.mask import encode_rle
from picosam_ros.prompt import Prompt

WIDTH, HEIGHT = 40, 30


def key(image, object_id=1):
    return KeyPrompt(image, Prompt.from_point(5, 5, object_id=object_id))


def label(columns, object_id=1, doubt=''):
    """Make the label of an object that covers the first columns; none if it is not seen."""
    if not columns:
        return Label(object_id, 'cup', doubt='not seen: gone')
    inside = np.zeros((HEIGHT, WIDTH), np.bool_)
    inside[:, :columns] = True
    return Label(object_id, 'cup', encode_rle(inside)['counts'], 0.9, doubt)


def film(*columns):
    return [
        LabelledImage(number, number, WIDTH, HEIGHT, (label(one),))
        for number, one in enumerate(columns)
    ]


def doubted(images):
    return [image.number for image in images if image.doubts]


def test_where_the_masks_meet_nothing_is_doubted():
    images = film(10, 11, 12, 13, 14, 15)
    assert with_doubted_borders(images, [key(0), key(4)]) == images


def test_where_two_prompts_do_not_meet_all_images_are_doubted():
    images = with_doubted_borders(film(10, 10, 30, 30, 30, 30), [key(0), key(4)])
    assert doubted(images) == [0, 1, 2, 3, 4, 5]
    assert images[1].doubts == (
        'cup 1: followed from image 0 and from image 4, different things arrive',
    )


def test_a_prompt_that_only_one_neighbour_refutes_is_believed_and_the_other_is_not():
    keys = [key(0), key(4), key(8)]
    images = film(10, 10, 10, 10, 10, 10, 30, 30, 30, 30)
    assert doubted(with_doubted_borders(images, keys)) == [6, 7, 8, 9]
    images = film(30, 30, 10, 10, 10, 10, 10, 10, 10, 10)
    assert doubted(with_doubted_borders(images, keys)) == [0, 1]


def test_one_that_both_neighbours_refute_is_doubted_and_so_are_they_if_nothing_confirms_them():
    keys = [key(0), key(4), key(8)]
    images = film(10, 10, 30, 30, 30, 30, 10, 10, 10, 10)
    assert doubted(with_doubted_borders(images, keys)) == list(range(10))


def test_two_pairs_that_confirm_each_other_are_doubted_where_they_do_not_meet():
    keys = [key(0), key(2), key(4), key(6)]
    images = film(10, 10, 10, 30, 30, 30, 30, 30)
    assert doubted(with_doubted_borders(images, keys)) == [1, 2, 3, 4]


def test_a_doubt_that_is_there_already_stays():
    images = film(10, 10, 30, 30)
    images[0] = images[0].with_labels([label(10, doubt='the network rates its mask 0.20')])
    assert with_doubted_borders(images, [key(0), key(3)])[0] == images[0]


def test_an_object_that_is_not_seen_where_they_meet_says_nothing():
    images = film(10, 0, 30, 30)
    assert with_doubted_borders(images, [key(0), key(3)]) == images


def test_prompts_of_different_objects_need_not_meet():
    images = [image.with_labels([label(30, object_id=2)]) for image in film(10, 10, 10, 10)]
    assert with_doubted_borders(images, [key(0), key(3, object_id=2)]) == images


def test_an_image_that_is_missing_where_they_meet_says_nothing():
    images = [image for image in film(10, 10, 30, 30) if image.number != 2]
    assert with_doubted_borders(images, [key(0), key(3)]) == images
