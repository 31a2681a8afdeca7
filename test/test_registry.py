import sys

import pytest

from picosam_ros.errors import CameraError
from picosam_ros.registry import Entry, Registry, nearest

TOOLS: Registry[object] = Registry(
    'tool',
    CameraError,
    {
        'fraction': Entry('fractions', 'Fraction', ('numerator', 'denominator')),
        'day': Entry('calendar', 'weekday', ('year', 'month', 'day')),
        'absent': Entry('a_package_that_is_not_there', 'Tool'),
    },
)


def test_it_iterates_over_its_names_and_knows_their_options():
    assert list(TOOLS) == ['fraction', 'day', 'absent']
    assert TOOLS.options_of('day') == ('year', 'month', 'day')
    assert TOOLS.options_of('absent') == ()


def test_options_reach_the_factory():
    assert TOOLS.make('day', {'year': 2026, 'month': 11, 'day': 27}) == 4


def test_a_module_is_imported_at_use_and_not_before():
    sys.modules.pop('calendar', None)
    assert 'day' in TOOLS
    assert 'calendar' not in sys.modules
    TOOLS.factory('day')
    assert 'calendar' in sys.modules
    with pytest.raises(ModuleNotFoundError):
        TOOLS.factory('absent')


@pytest.mark.parametrize(
    ('name', 'sentence'),
    [
        ('saw', "tool 'saw' was given; allowed are fraction, day, absent"),
        (
            'fractoin',
            "tool 'fractoin' was given (did you mean 'fraction'?); "
            'allowed are fraction, day, absent',
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones_and_the_nearest(name, sentence):
    for use in (TOOLS.options_of, TOOLS.factory, lambda name: TOOLS.make(name, {})):
        with pytest.raises(CameraError) as refusal:
            use(name)
        assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ('name', 'option', 'sentence'),
    [
        ('day', 'hour', "tool 'day' has no option hour; it takes year, month, day"),
        (
            'day',
            'moonth',
            "tool 'day' has no option moonth (did you mean 'month'?); it takes year, month, day",
        ),
        (
            'fraction',
            'year',
            "tool 'fraction' has no option year (of day); it takes numerator, denominator",
        ),
        ('absent', 'hour', "tool 'absent' has no option hour; it takes none"),
    ],
)
def test_a_foreign_option_is_refused_with_those_it_takes_before_anything_is_imported(
    name, option, sentence
):
    with pytest.raises(CameraError) as refusal:
        TOOLS.make(name, {option: 1})
    assert str(refusal.value) == sentence


def test_what_is_like_no_known_name_has_no_nearest_one():
    assert nearest('imx5000', ['imx500', 'v4l2']) == " (did you mean 'imx500'?)"
    assert nearest('webcam', ['imx500', 'v4l2']) == ''
