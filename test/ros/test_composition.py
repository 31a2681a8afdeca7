import pytest

from picosam_ros.ros import composition
from picosam_ros.ros.composition import Companion, Wiring, arguments_of, take_names
from picosam_ros.ros.start import StartError

KNOWN = {name: Companion(dict, (), lambda first: Wiring(), '') for name in ('cloud', 'viewer')}
WIRING = Wiring({'segmentation': 'front'}, {'image': '/bot/image_raw'})


@pytest.mark.parametrize(
    ('words', 'names'),
    [
        ([], []),
        (['--with', 'cloud'], ['cloud']),
        (['--with=viewer,cloud'], ['viewer', 'cloud']),
        (['--with', 'cloud', '--with', 'viewer'], ['cloud', 'viewer']),
        (['--with', 'cloud, viewer'], ['cloud', 'viewer']),
        # Of a launch file whose argument is empty.
        (['--with='], []),
        (['--with', ''], []),
        (['--ros-args', '-p', 'a:=1', '--', '--with', 'cloud'], ['cloud']),
    ],
)
def test_the_names_are_taken_from_the_command_line(words, names):
    others = ['--ros-args', '-p', 'a:=--with'] if '--ros-args' not in words else []
    taken, left = take_names(['camera', *words, *others], KNOWN)
    assert taken == names
    assert not any(word.startswith('--with') for word in left)
    assert left[0] == 'camera'


@pytest.mark.parametrize(
    ('words', 'given'),
    [
        (['--with', 'cluod'], "'cluod'"),
        (['--with', 'cloud,camera'], "'camera'"),
        (['--with', 'cloud,viewer,cloud'], "'cloud' twice"),
        (['--with=cloud', '--with=cloud'], "'cloud' twice"),
        (['--with'], 'no node'),
        (['--with', '--ros-args'], 'no node'),
    ],
)
def test_names_that_are_not_possible_are_refused_with_those_that_are(words, given):
    with pytest.raises(StartError) as refused:
        take_names(['camera', *words], KNOWN)
    assert str(refused.value) == (
        f'--with names {given}; allowed are cloud, viewer, each once and separated by commas, '
        'as in --with cloud,viewer'
    )


def test_an_executable_without_companions_reads_no_such_option():
    assert take_names(['cloud', '--with', 'x'], {}) == ([], ['cloud', '--with', 'x'])


def test_what_renames_the_first_node_does_not_rename_a_companion_but_its_own_name_may():
    given = ['-r', '__node:=front', '--remap', '__name:=front', '-r', 'viewer:__node:=page']
    words = ['camera', '--ros-args', '-r', '__ns:=/bot', *given]
    assert arguments_of('viewer', Wiring(), words) == [
        *('--ros-args', '-r', '__ns:=/bot', '-r', 'viewer:__node:=page')
    ]


def test_what_the_user_gives_comes_after_default_parameters_and_before_default_remaps():
    given = ['-p', 'viewer:port:=0', '-p', 'max_age:=2.0', '-r', 'image:=other']
    words = ['camera', '--ros-args', *given, '--log-level', 'debug', '--disable-rosout-logs']
    assert arguments_of('viewer', WIRING, words) == [
        '--ros-args',
        *('-p', 'segmentation:=front', '-p', 'max_age:=2.0', '-r', 'image:=other'),
        *('--log-level', 'debug', '--disable-rosout-logs'),
        *('-p', 'port:=0', '-r', 'image:=/bot/image_raw'),
    ]


def test_what_a_companion_needs_and_is_not_installed_is_told(monkeypatch):
    def make(**options):
        raise ModuleNotFoundError("No module named 'aiohttp'")

    class First:
        class parameters:  # noqa: N801
            names = frozenset({'rate'})

    chosen = {'viewer': Companion(make, (), lambda first: Wiring(), '')}
    nodes = composition.make_nodes(lambda **options: First(), chosen, [])
    assert isinstance(next(nodes), First)
    with pytest.raises(StartError, match=r'the node viewer cannot start: No module .*picosam doc'):
        next(nodes)
