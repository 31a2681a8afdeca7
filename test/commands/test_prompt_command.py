"""The command line of `picosam prompt`; test/nodes/test_prompt_to_a_node.py has a node answer."""

import pytest

from picosam_ros.cli import main


@pytest.mark.parametrize(
    'arguments',
    [
        (),
        ('--object', '3'),
        ('--remove', '--clear'),
        ('--remove', '10,10'),
        ('--clear', '--box', '1,1,9,9'),
        ('--clear', '--negative', '1,1'),
    ],
)
def test_nothing_to_ask_for_and_what_excludes_each_other_are_usage_errors(arguments, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['prompt', *arguments])
    assert 'or --remove, or --clear, alone' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (('320',), "'320' was given; the form is X,Y"),
        (('--negative', '1,2,3'), "'1,2,3' was given; the form is X,Y"),
        (('1,2', '--object', '255'), 'allowed are integers from 1 to 254'),
        (('1,2', '--size-step', '200'), 'allowed are integers from -128 to 127'),
        (('1,2', '--timeout', '0'), 'allowed are numbers above 0'),
    ],
)
def test_a_wrong_value_is_a_usage_error_that_says_what_is_allowed(arguments, said, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['prompt', *arguments])
    assert said in capsys.readouterr().err
