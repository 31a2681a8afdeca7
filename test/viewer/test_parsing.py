"""The messages that a page may send; anything else is refused with a reason."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picosam_ros.errors import ViewerError
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.viewer.parsing import parse
from picosam_ros.viewer.requests import (
    Acknowledge,
    Clear,
    FullImage,
    PreviewRequest,
    PromptRequest,
    Remove,
)

POINT = {'type': 'point', 'tag': 3, 'x': 12.5, 'y': 7, 'stamp': '1700000000123456789'}
BOX = {'type': 'box', 'tag': 4, 'x0': 1, 'y0': 2, 'x1': 3, 'y1': 4}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def said(message, **changes):
    return parse(json.dumps({**message, **changes}))


def test_a_point_is_a_new_object_unless_it_says_which():
    stamp = 1700000000123456789
    assert said(POINT) == PromptRequest(3, 0, (Point(12.5, 7.0),), None, False, stamp)
    refined = said(POINT, object=9, positive=False, refine=True)
    assert refined == PromptRequest(3, 9, (Point(12.5, 7.0, False),), None, True, stamp)


def test_an_object_is_set_by_all_of_its_prompt():
    points = [{'x': 1, 'y': 2}, {'x': 3, 'y': 4, 'positive': False}]
    asked = said(
        {'type': 'set', 'tag': 5, 'object': 9, 'points': points, 'step': -2, 'stamp': '17'}
    )
    points = (Point(1.0, 2.0), Point(3.0, 4.0, False))
    assert asked == PromptRequest(5, 9, points, None, False, 17, -2)
    with pytest.raises(ViewerError, match='no positive point and no box'):
        said({'type': 'set', 'tag': 5, 'object': 9})


def test_masks_of_a_list_of_prompts_are_asked_for_on_one_image():
    point, box = {'x': 1, 'y': 2}, {'x0': 1, 'y0': 2, 'x1': 3, 'y1': 4}
    prompts = [{'points': [point, {**point, 'positive': False}], 'step': -2}, {'box': box}]
    asked = said({'type': 'preview', 'tag': 5, 'prompts': prompts, 'stamp': '17'})
    points = (Point(1.0, 2.0), Point(1.0, 2.0, False))
    first = Prompt(points, object_id=1, size_step=-2)
    assert asked == PreviewRequest(5, 17, (first, Prompt(box=Box(1, 2, 3, 4), object_id=2)))


@pytest.mark.parametrize(
    ('prompts', 'error'),
    [
        (None, 'prompts None is invalid; send a list of 1 to 254'),
        ([], r'prompts \[\] is invalid'),
        ([{}] * 255, 'send a list of 1 to 254'),
        ([3], 'prompt 3 is invalid; send an object'),
        ([{}], 'no positive point and no box'),
        ([{'points': {}}], r'points \{\} is invalid; send a list of objects'),
        ([{'points': [3]}], r'points \[3\] is invalid'),
        ([{'points': [{'x': 1}]}], 'y None is invalid'),
        ([{'box': [1, 2, 3, 4]}], 'send an object or null'),
        ([{'box': {'x0': 9, 'y0': 0, 'x1': 1, 'y1': 1}}], 'is empty'),
        ([{'points': [{'x': 1, 'y': 1}], 'step': 128}], 'send an integer from -127 to 127'),
    ],
)
def test_prompts_that_are_none_are_refused_with_what_is_allowed(prompts, error):
    with pytest.raises(ViewerError, match=error):
        said({'type': 'preview', 'tag': 5, 'prompts': prompts})


def test_all_things_are_asked_for_on_one_image_within_a_time():
    everything = {'type': 'preview', 'tag': 5, 'everything': True, 'stamp': '17'}
    asked = said(everything)
    assert asked == PreviewRequest(5, 17, budget_s=2.5)
    assert asked.everything
    assert said(everything, budget=10).budget_s == 10.0


@pytest.mark.parametrize(
    ('fields', 'error'),
    [
        ({'everything': 1}, 'everything 1 is invalid; send true or false'),
        ({'budget': 0}, 'budget 0 is invalid; send seconds above 0, up to 10'),
        ({'budget': 10.5}, 'budget 10.5 is invalid'),
        ({'budget': '2'}, "budget '2' is invalid; send a finite number"),
        ({'prompts': [{'points': [{'x': 1, 'y': 2}]}]}, 'together with everything; send one'),
    ],
)
def test_a_search_that_is_none_is_refused_with_what_is_allowed(fields, error):
    with pytest.raises(ViewerError, match=error):
        said({'type': 'preview', 'tag': 5, 'everything': True}, **fields)


@pytest.mark.parametrize('step', [1, -1])
def test_a_step_is_one_from_the_mask_of_an_object(step):
    asked = said({'type': 'size', 'tag': 5, 'object': 9, 'step': step, 'stamp': '17'})
    assert asked == PromptRequest(5, 9, (), None, True, 17, step)


@pytest.mark.parametrize(
    (('changes', 'error')),
    [
        ({'step': 2}, 'step 2 is invalid; send an integer from -1 to 1'),
        ({'step': -2}, 'step -2 is invalid'),
        ({'step': 0.5}, 'step 0.5 is invalid'),
        ({'step': None}, 'step None is invalid'),
        ({'step': True}, 'step True is invalid'),
        ({'object': 0}, 'object 0 is invalid; send an integer from 1 to 254'),
    ],
)
def test_a_wrong_step_is_refused_with_what_is_allowed(changes, error):
    with pytest.raises(ViewerError, match=error):
        said({'type': 'size', 'tag': 5, 'object': 9, 'step': 1}, **changes)


def test_a_box_and_the_others():
    assert said(BOX) == PromptRequest(4, 0, (), Box(1.0, 2.0, 3.0, 4.0), False, 0)
    assert said({'type': 'remove', 'tag': 1, 'object': 254}) == Remove(1, 254)
    assert said({'type': 'clear'}) == Clear()
    assert said({'type': 'full', 'number': 17}) == FullImage(17)
    assert said({'type': 'ack', 'number': 17}) == Acknowledge(17, False)
    assert said({'type': 'ack', 'number': 17, 'held': True}) == Acknowledge(17, True)


@pytest.mark.parametrize(
    (('text', 'error')),
    [
        ('', 'is not JSON'),
        ('{', 'is not JSON'),
        ('[' * 4000, 'is not JSON'),
        ('[1]', 'message is a JSON list'),
        ('{}', 'type None is unknown; known types: ack, full, point, box, size, remove, clear'),
        ('{"type": "launch"}', "type 'launch' is unknown"),
        ('{"type": []}', r'type \[\] is unknown'),
    ],
)
def test_what_is_no_message_is_refused_with_what_was_given(text, error):
    with pytest.raises(ViewerError, match=error):
        parse(text)


@pytest.mark.parametrize(
    (('changes', 'error')),
    [
        ({'x': None}, 'x None is invalid; send a finite number'),
        ({'x': '7'}, "x '7' is invalid"),
        ({'x': True}, 'x True is invalid'),
        ({'x': float('nan')}, 'x nan is invalid'),
        ({'y': float('inf')}, 'y inf is invalid'),
        ({'y': 10**400}, 'y 1000'),
        ({'tag': -1}, 'tag -1 is invalid; send an integer from 0 to'),
        ({'tag': 1.5}, 'tag 1.5 is invalid'),
        ({'object': 255}, 'object 255 is invalid; send an integer from 0 to 254'),
        ({'object': None}, 'object None is invalid'),
        ({'positive': 1}, 'positive 1 is invalid; send true or false'),
        ({'refine': 'yes'}, "refine 'yes' is invalid"),
        ({'stamp': 5}, 'stamp 5 is invalid; send a string of up to 19 digits'),
        ({'stamp': '-1'}, "stamp '-1' is invalid"),
        ({'stamp': '²'}, 'stamp'),
        ({'stamp': '9' * 19}, 'its seconds end at'),
    ],
)
def test_a_wrong_field_is_refused_with_what_is_allowed(changes, error):
    with pytest.raises(ViewerError, match=error):
        said(POINT, **changes)


def test_object_zero_cannot_be_removed():
    with pytest.raises(ViewerError, match='object 0 is invalid; send an integer from 1 to 254'):
        said({'type': 'remove', 'tag': 1, 'object': 0})


def test_a_refusal_does_not_repeat_what_is_long():
    with pytest.raises(ViewerError) as refusal:
        said(POINT, x='a' * 3000)
    assert len(str(refusal.value)) < 200


@given(st.text(max_size=200) | anything.map(json.dumps))
def test_no_text_does_anything_but_parse_or_be_refused(text):
    with suppress(ViewerError):
        parse(text)


@given(
    kind=st.sampled_from(['ack', 'full', 'point', 'box', 'size', 'remove', 'clear']),
    fields=st.dictionaries(
        st.sampled_from(
            ['number', 'tag', 'object', 'x', 'y', 'x0', 'y0', 'x1', 'y1', 'step', 'stamp', 'held']
        ),
        anything,
    ),
)
def test_no_field_does_either(kind, fields):
    with suppress(ViewerError):
        parse(json.dumps({**fields, 'type': kind}))
