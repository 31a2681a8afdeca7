"""Launch files: their words against the nodes' own tables.

They need no launch, which the wheels of PyPI lack: recorders take its place.
"""

import os
import re
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from helpers.installed import executable
from helpers.launch_recording import Call, Recording

from picosam_ros.engines import ENGINES
from picosam_ros.nodes.companions import COMPANIONS

ROOT = Path(__file__).parents[1]


@pytest.fixture(
    params=sorted(ROOT.glob('launch/*.launch.py')), ids=lambda path: path.name.partition('.')[0]
)
def file(request):
    return Recording(request.param)


def test_every_file_makes_a_description(file):
    assert file.description.name == 'LaunchDescription'
    assert file.all('Node')


def test_every_argument_has_a_description_that_is_a_sentence(file):
    for name, argument in file.arguments.items():
        assert re.fullmatch(r'\S.+\.', argument['description']), name


def test_the_arguments_that_are_used_are_those_that_are_declared(file):
    assert {call.given[0] for call in file.all('LaunchConfiguration')} == set(file.arguments)


def test_an_argument_has_the_default_and_the_choices_of_its_parameter():
    camera = Recording(ROOT / 'launch' / 'camera.launch.py')
    assert camera.arguments['rate'] == {
        'default_value': '30.0',
        'description': 'Frame rate, in Hz.',
    }
    assert camera.arguments['track']['choices'] == ['true', 'false']
    assert camera.arguments['track']['default_value'] == 'true'
    assert camera.arguments['engine']['choices'] == list(ENGINES)
    kinds = {name: value.named['value_type'] for name, _, value in camera.parameters}
    assert (kinds['source'], kinds['rate'], kinds['roi_size'], kinds['track']) == (
        str,
        float,
        int,
        bool,
    )


@pytest.mark.parametrize('name', ['camera', 'segmenter', 'viewer', 'cloud'])
def test_every_parameter_of_a_node_is_an_argument_of_its_launch_file(name):
    table = import_module(f'picosam_ros.nodes.{name}').PARAMETERS
    arguments = Recording(ROOT / 'launch' / f'{name}.launch.py').arguments
    assert {row.name for row in table} <= set(arguments)


@pytest.mark.parametrize(('name', 'own'), [('nav2', 'cloud'), ('demo', 'viewer')])
def test_a_node_that_a_file_starts_itself_is_no_companion_of_another_one(name, own):
    argument = Recording(ROOT / 'launch' / f'{name}.launch.py').arguments['with']
    assert argument['choices'] == ['', *(COMPANIONS.keys() - {own})]


def test_what_the_nodes_need_is_looked_for_before_anything_starts(file):
    [entities] = file.description.given
    kinds = [each.name for each in entities if each.name != 'DeclareLaunchArgument']
    look = next(each for each in entities if each.name == 'OpaqueFunction')
    assert kinds[0] == 'OpaqueFunction'
    assert look.named['function'].__name__ == '_look_for'
    assert look.named['args'] == [file.all('Node')]


def test_every_node_of_ours_can_be_started_again(file):
    for node in file.nodes:
        assert node['respawn'].given == ('respawn',)
        assert node['respawn_delay'] > 0
    assert file.arguments['respawn']['default_value'] == 'false'


def test_every_node_is_an_executable_that_is_installed(file):
    for node in file.nodes:
        assert os.access(executable(node['executable']), os.X_OK), node['executable']


def test_every_word_of_a_command_line_is_one_that_the_executable_knows(file):
    for node in file.nodes:
        options = {word for word in node.get('arguments', []) if str(word).startswith('--')}
        if options:
            command = [executable(node['executable']), '--help']
            known = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
            assert options <= set(re.findall(r'--\w+', known))


def test_every_parameter_is_the_nodes_and_keeps_its_type(file):
    for name, row, value in file.parameters:
        assert row, f'no node declares {name}'
        assert value.named['value_type'] is type(row.default), name


def test_a_value_that_is_fixed_is_one_of_the_parameters(file):
    for name, row, value in file.settings:
        if not isinstance(value, Call):
            assert row, f'no node declares {name}'
            assert type(value) is type(row.default), name


def test_every_file_of_the_package_that_is_named_exists(file):
    for call in file.all('PathJoinSubstitution'):
        assert all(path.is_file() for path in file.files(call))


def test_an_included_file_gets_arguments_and_values_that_it_allows(file):
    for call in file.all('IncludeLaunchDescription'):
        [source] = call.given
        [path] = source.given
        # A path that ends with an argument is a list: the ending follows.
        for included in map(Recording, file.files(path[0] if isinstance(path, list) else path)):
            for name, value in call.named['launch_arguments']:
                # What one of several files does not declare, it does not need.
                argument = included.arguments.get(name, {})
                assert isinstance(value, Call) or value in argument.get('choices', [value])


@pytest.fixture(scope='module')
def nav2():
    return Recording(ROOT / 'launch' / 'nav2.launch.py')


def test_nav2s_manager_waits_for_no_bond_and_starts_the_masks_before_the_clouds(nav2):
    [manager] = [
        call.named for call in nav2.all('Node') if call.named['executable'] == 'lifecycle_manager'
    ]
    [parameters] = manager['parameters']
    assert manager['package'] == 'nav2_lifecycle_manager'
    assert parameters['bond_timeout'] == 0.0
    assert isinstance(parameters['bond_timeout'], float)
    [[masks], [clouds]] = parameters['node_names']
    assert masks.given == ('name',)
    assert clouds == 'cloud'


def test_what_nav2s_manager_starts_does_not_start_itself_but_in_a_new_process(nav2):
    includes = nav2.all('IncludeLaunchDescription')
    # Each in a group: its autostart would be the manager's, too.
    assert [group.given for group in nav2.all('GroupAction')] == [([each],) for each in includes]
    for include in includes:
        assert dict(include.named['launch_arguments'])['autostart'].given == ('respawn',)
    [manager] = nav2.all('Node')
    assert manager.named['condition'].name == 'UnlessCondition'
    assert manager.named['condition'].given[0].given == ('respawn',)


def test_what_nav2_includes_has_a_plain_name_so_that_its_arguments_are_shown(nav2):
    names = [call.given[0][-1] for call in nav2.all('PathJoinSubstitution')]
    assert names == ['segmenter.launch.py', 'camera.launch.py', 'cloud.launch.py']


def test_the_clouds_hear_the_masks_of_the_node_that_is_chosen(nav2):
    cloud = Recording(ROOT / 'launch' / 'cloud.launch.py')
    remappings = dict(cloud.nodes[0]['remappings'])
    for topic in ('label_mask', 'confidence'):
        [node, name] = remappings[topic]
        assert (node.given, name) == (('segmentation',), f'/{topic}')
    given = dict(nav2.all('IncludeLaunchDescription')[-1].named['launch_arguments'])
    assert given['segmentation'].given == ('name',)
