"""Prompts that do not mean what was meant are found: where their images meet, or by a person."""

import numpy as np

from picosam_ros.labelling.decisions import Decision
from picosam_ros.labelling.keys import KeyPrompt
from picosam_ros.labelling.labelled import Label, LabelledImage
from picosam_ros.labelling.prompt_doubts import ASK, REFUSED, with_doubted_prompts
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


def answered(images, keys, *decisions):
    return with_doubted_prompts(images, keys, {one.image: one for one in decisions})


def doubted(images):
    """Return the numbers of the images in doubt, but for those about which one is only asked."""
    return [image.number for image in images if image.doubts and not image.doubts[0].endswith(ASK)]


def asked(images):
    return [image.number for image in images if image.doubts and image.doubts[0].endswith(ASK)]


def test_where_the_masks_meet_nothing_is_doubted_and_nobody_asked():
    images = film(10, 11, 12, 13, 14, 15)
    assert answered(images, [key(0), key(4)]) == images


def test_about_the_image_of_a_prompt_that_no_other_confirms_a_person_is_asked():
    images = answered(film(10, 11, 12), [key(1)])
    assert (asked(images), doubted(images)) == ([1], [])
    assert images[1].doubts == (f'cup 1: {ASK}',)


def test_a_prompt_whose_image_a_person_accepts_is_believed():
    images = film(10, 11, 12)
    accepted = Decision('film', 1, accepted=True, labels=images[1].labels)
    assert doubted(answered(images, [key(1)], accepted)) == []


def test_all_that_comes_from_a_prompt_whose_image_a_person_rejects_is_doubted():
    images = answered(film(10, 11, 12), [key(1)], Decision('film', 1, accepted=False))
    assert doubted(images) == [0, 1, 2]
    assert images[0].doubts == (f'cup 1: {REFUSED}',)


def test_and_so_it_is_where_a_person_corrects_that_image_to_something_else():
    something_else = Decision('film', 1, accepted=True, labels=(label(30),))
    assert doubted(answered(film(10, 11, 12), [key(1)], something_else)) == [0, 1, 2]
    gone = Decision('film', 1, accepted=True, labels=(label(0).doubted(''),))
    assert doubted(answered(film(10, 11, 12), [key(1)], gone)) == [0, 1, 2]
    a_little = Decision('film', 1, accepted=True, labels=(label(12),))
    assert doubted(answered(film(10, 11, 12), [key(1)], a_little)) == []


def test_where_two_prompts_do_not_meet_all_images_are_doubted():
    images = answered(film(10, 10, 30, 30, 30, 30), [key(0), key(4)])
    assert doubted(images) == [0, 1, 2, 3, 4, 5]
    assert images[1].doubts == (
        'cup 1: followed from image 0 and from image 4, different things arrive',
    )


def test_a_prompt_that_only_one_neighbour_refutes_is_believed_and_the_other_is_not():
    keys = [key(0), key(4), key(8)]
    images = film(10, 10, 10, 10, 10, 10, 30, 30, 30, 30)
    assert doubted(answered(images, keys)) == [6, 7, 8, 9]
    images = film(30, 30, 10, 10, 10, 10, 10, 10, 10, 10)
    assert doubted(answered(images, keys)) == [0, 1]


def test_one_that_both_neighbours_refute_is_doubted_and_so_are_they_if_nothing_confirms_them():
    keys = [key(0), key(4), key(8)]
    images = film(10, 10, 30, 30, 30, 30, 10, 10, 10, 10)
    assert doubted(answered(images, keys)) == list(range(10))


def test_two_pairs_that_confirm_each_other_are_doubted_where_they_do_not_meet():
    keys = [key(0), key(2), key(4), key(6)]
    images = film(10, 10, 10, 30, 30, 30, 30, 30)
    assert doubted(answered(images, keys)) == [1, 2, 3, 4]


def test_a_doubt_that_is_there_already_stays():
    images = film(10, 10, 30, 30)
    images[0] = images[0].with_labels([label(10, doubt='the network rates its mask 0.20')])
    assert answered(images, [key(0), key(3)])[0] == images[0]


def test_an_object_that_is_not_seen_where_they_meet_says_nothing():
    images = answered(film(10, 0, 30, 30), [key(0), key(3)])
    assert (asked(images), doubted(images)) == ([0, 3], [1])


def test_prompts_of_different_objects_need_not_meet():
    images = [image.with_labels([label(30, object_id=2)]) for image in film(10, 10, 10, 10)]
    assert doubted(answered(images, [key(0), key(3, object_id=2)])) == []


def test_an_image_that_is_missing_where_they_meet_says_nothing():
    images = [image for image in film(10, 10, 30, 30) if image.number != 2]
    assert doubted(answered(images, [key(0), key(3)])) == []
