"""What ROS refuses is told by the real node: its own words differ from release to release."""

import os
import subprocess

import pytest
from helpers import installed

ARGUMENTS = {
    '-r __ns:=/robot-1': "namespace '/robot-1' is refused: it begins with /, and between slashes "
    "letters, digits and _ are allowed, not a digit first; try '/robot_1'",
    '-r __ns:=robot1': "namespace 'robot1' is refused: it begins with /",
    '-r __ns:=/1/2b': "try '/n1/n2b'",
    '-r __ns:=/a/': 'the namespace of the node is refused',
    '-r __node:=seg-1': "node name 'seg-1' is refused: letters, digits and _ are allowed, "
    "not a digit first; try 'seg_1'",
    f'-r __node:={"a" * 300}': 'the name of the node is refused: node name length should not '
    "exceed '255'; give another one with -r __node:=NAME",
    '-r image': "remap rule 'image' is refused: its form is FROM:=TO",
    '-r image:=/a-b/c': "remap rule 'image:=/a-b/c' is refused: between the slashes of a name",
    '-p track': "parameter 'track' is refused: the form is NAME:=VALUE",
    '-p track:=1': "expecting type 'BOOL'; write it as true or false",
    '-p roi_size:=2.5': 'write it as a whole number',
    '-p score:=1 --log-level loud': "log level 'loud' is refused: allowed are debug, info, warn",
    '--params-file': 'nothing follows --params-file; give its value after it',
    '--enclave camera': 'the enclave is refused: ',
    '--foo bar': "ROS does not know '--foo', 'bar'; after --ros-args it takes -r FROM:=TO",
}
FILES = {
    None: "' is not there; give the path of a YAML file",
    'a: [1,': "' is refused: line 2: no YAML: while parsing",
    '\0\x80': "' is refused: line 1: no text in UTF-8",
    'segmenter: {ros__parameters: {model: 2024-02-30, track: }}': "' is refused: ",
    'segmenter: {ros_parameters: {a: true}}': 'its form is NODE: {ros__parameters: {NAME: VALUE}}',
    'segmenter: {ros__parameters: {track: }}': "' is refused: ",
    'segmenter: {ros__parameters: {model: 1}}': 'in quotes within quotes, as in -p "model:=\'1\'"',
}
SETTINGS = {
    'ROS_DOMAIN_ID=abc': "ROS_DOMAIN_ID is 'abc': 0 to 232 are allowed",
    'ROS_DOMAIN_ID=300': "ROS_DOMAIN_ID is '300': 0 to 232 are allowed",
    'ROS_LOG_DIR=/proc/x': "log folder '/proc/x' cannot be made; set ROS_LOG_DIR to one",
    'ROS_STATIC_PEERS=a.invalid': "ROS_STATIC_PEERS names 'a.invalid', which has no address",
    'RMW_IMPLEMENTATION=rmw_none_cpp': "RMW_IMPLEMENTATION is 'rmw_none_cpp', which is not "
    'installed; installed here: rmw_fastrtps_cpp',
    'ROS_SECURITY_ENABLE=1': "ROS_SECURITY_ENABLE is '1': ROS takes anything but 'true' for no",
    'ROS_SECURITY_ENABLE=true': "ROS_SECURITY_ENABLE is 'true': the files of the enclave",
}


def refusal(arguments, executable='segmenter', **settings):
    """Start a node that must not start; return the last line that it wrote."""
    environment = {name: value for name, value in {**os.environ, **settings}.items() if value}
    done = subprocess.run(
        [installed.executable(executable), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert 'Traceback' not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize('arguments', ARGUMENTS)
def test_a_refused_argument_is_one_sentence(arguments):
    assert ARGUMENTS[arguments] in refusal(['--ros-args', *arguments.split()])


@pytest.mark.parametrize('content', FILES)
def test_a_refused_parameter_file_is_one_sentence(content, tmp_path):
    path = tmp_path / 'parameters.yaml'
    if content is not None:
        path.write_text(content, encoding='latin-1')
    line = refusal(['--ros-args', '--params-file', str(path)])
    assert FILES[content] in line
    assert content is None or str(path) in line or 'model' in line


def test_a_folder_is_no_parameter_file(tmp_path):
    line = refusal(['--ros-args', '--params-file', str(tmp_path)])
    assert line == f"parameter file '{tmp_path}' is a folder; give a YAML file of it"


@pytest.mark.parametrize('setting', SETTINGS)
def test_a_refused_setting_is_one_sentence(setting):
    name, _, value = setting.partition('=')
    line = refusal([], ROS_SECURITY_STRATEGY='Enforce', **{name: value})
    assert SETTINGS[setting] in line


def test_without_a_home_it_says_what_to_set():
    line = refusal([], HOME='', ROS_LOG_DIR='', ROS_HOME='')
    assert 'set HOME, or ROS_LOG_DIR to a folder that you may write to' in line


def test_a_middleware_without_security_says_so(tmp_path):
    (tmp_path / 'enclaves').mkdir()
    settings = {'ROS_SECURITY_KEYSTORE': str(tmp_path), 'ROS_SECURITY_ENABLE': 'true'}
    line = refusal([], ROS_SECURITY_STRATEGY='Enforce', **settings)
    # One that has it misses the files.
    assert 'was built without it' in line or 'ROS_SECURITY_ENABLE' in line


def test_the_demo_is_refused_alike():
    arguments = ['--attach', '--ros-args', '-r', '__ns:=/robot-1']
    assert "try '/robot_1'" in refusal(arguments, 'demo')


def test_what_is_not_known_is_passed_on_without_the_places_in_the_code():
    from picosam_ros.ros.refusals import explain

    text = 'failed to initialize rcl: the moon is full, at /src/rcl/init.c:286'
    assert explain(text, {}) == 'ROS refuses to start: the moon is full'
