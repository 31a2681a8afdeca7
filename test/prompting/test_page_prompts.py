"""Prompts as they are changed, without a page."""

import pytest

from picosam_ros.errors import PromptError
from picosam_ros.prompt import Box, Point
from picosam_ros.prompting.prompts import Pointed, Prompts

EMPTY = Prompts({'kitchen': 100, 'garden': 10, 'film': 0})


def pointed(object_id=0, image=3, recording='kitchen', name='cup', everywhere=False, box=None):
    points = () if box else (Point(5, 6),)
    return Pointed(recording, image, object_id, name, points, box, everywhere)


def put(prompts, *given, **options):
    for one in given or (pointed(**options),):
        before = prompts.find(one.object_id, one.recording, one.image)
        prompts = prompts.put(prompts.to_placed(one), before)
    return prompts


def told(prompts):
    return [
        (one.key.prompt.object_id, one.key.name, one.recording, one.key.image)
        for one in prompts.placed
    ]


def test_a_new_object_gets_the_lowest_id_that_is_free():
    three = put(EMPTY, pointed(), pointed(), pointed())
    assert [one[0] for one in told(three)] == [1, 2, 3]
    assert [one[0] for one in told(put(three.without(2)))] == [1, 3, 2]


def test_an_object_keeps_its_name_in_further_images_and_recordings():
    prompts = put(
        EMPTY, pointed(), pointed(1, 7, name='dog'), pointed(1, 2, recording='garden', name='dog')
    )
    assert told(prompts) == [
        (1, 'cup', 'kitchen', 3),
        (1, 'cup', 'kitchen', 7),
        (1, 'cup', 'garden', 2),
    ]


def test_a_prompt_takes_the_place_of_the_one_that_the_object_has_in_the_image():
    prompts = put(EMPTY, pointed(), pointed(), pointed(1, box=Box(1, 2, 3, 4)))
    assert told(prompts) == [(1, 'cup', 'kitchen', 3), (2, 'cup', 'kitchen', 3)]
    assert prompts.placed[0].key.prompt.box == Box(1, 2, 3, 4)
    assert prompts.placed[0].key.prompt.points == ()


def test_a_prompt_for_all_recordings_is_for_the_image_of_each():
    prompts = put(EMPTY, everywhere=True)
    assert told(prompts) == [(1, 'cup', '*', 3)]
    assert [len(prompts.at(name, 3)) for name in EMPTY.totals] == [1, 1, 1]
    again = put(prompts, pointed(1, recording='garden', everywhere=True))
    assert told(again) == [(1, 'cup', '*', 3)]


def test_a_prompt_becomes_one_of_all_recordings_and_of_one_again():
    everywhere = put(EMPTY).with_scope(1, 'kitchen', 3, 'kitchen', everywhere=True)
    assert told(everywhere) == [(1, 'cup', '*', 3)]
    assert told(everywhere.with_scope(1, '*', 3, 'garden', everywhere=False)) == [
        (1, 'cup', 'garden', 3)
    ]


def test_two_prompts_of_an_object_for_one_image_are_refused():
    prompts = put(EMPTY, pointed(), pointed(1, recording='garden'))
    with pytest.raises(PromptError, match='object 1 has another prompt in image 3 of garden'):
        prompts.with_scope(1, 'kitchen', 3, 'kitchen', everywhere=True)


def test_an_image_that_one_of_all_recordings_has_not_is_refused():
    prompts = put(EMPTY, image=50)
    with pytest.raises(PromptError, match='recording garden has images 0 to 9'):
        prompts.with_scope(1, 'kitchen', 50, 'kitchen', everywhere=True)
    with pytest.raises(PromptError, match='image 100 was given; recording kitchen has images 0'):
        put(EMPTY, image=100)
    assert put(EMPTY, image=10**6, recording='film').placed


def test_removing_and_renaming_touch_one_object_or_prompt():
    prompts = put(EMPTY, pointed(), pointed(1, 7), pointed())
    assert told(prompts.without_prompt(1, 'kitchen', 3)) == [
        (1, 'cup', 'kitchen', 7),
        (2, 'cup', 'kitchen', 3),
    ]
    assert told(prompts.without(1)) == [(2, 'cup', 'kitchen', 3)]
    assert [one[1] for one in told(prompts.renamed(1, 'dog'))] == ['dog', 'dog', 'cup']


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda prompts: prompts.without(2), 'object 2 is not there'),
        (lambda prompts: prompts.renamed(2, 'dog'), 'object 2 is not there'),
        (lambda prompts: prompts.without_prompt(1, '*', 3), r"no prompt in image 3 of '\*'"),
        (lambda prompts: put(prompts, object_id=2), 'object 2 is not there'),
        (lambda prompts: prompts.at('attic', 0), "recording 'attic' is none of those"),
        (
            lambda prompts: prompts.to_placed(Pointed('kitchen', 0, 0, 'cup', (), None)),
            'no positive point and no box',
        ),
    ],
)
def test_what_cannot_be_is_told(change, sentence):
    with pytest.raises(PromptError, match=sentence):
        change(put(EMPTY))


def test_the_last_id_is_followed_by_a_sentence():
    prompts = put(EMPTY, *[pointed() for _ in range(254)])
    with pytest.raises(PromptError, match='there are 254 objects, which is the most'):
        put(prompts)
