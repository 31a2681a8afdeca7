import os

import pytest
from helpers.harness import Client, Process

from picosam_ros.ros import start


@pytest.mark.parametrize(
    'section',
    ['segmenter', '/segmenter', '/**', '/**/segmenter', '/*', '*', '**'],
)
def test_a_file_with_a_section_for_the_node_is_no_cause_to_warn(section, tmp_path):
    path = tmp_path / 'shared.yaml'
    path.write_text(
        f'camera: {{ros__parameters: {{}}}}\n"{section}": {{ros__parameters: {{a: 1}}}}'
    )
    assert start.unused_file(path, '/segmenter') == ''


@pytest.mark.parametrize('section', ['robot/segmenter', '/robot/segmenter', '/*/segmenter', '/**'])
def test_sections_of_a_node_in_a_namespace_are_known_too(section, tmp_path):
    path = tmp_path / 'shared.yaml'
    path.write_text(f'"{section}": {{ros__parameters: {{a: 1}}}}')
    assert start.unused_file(path, '/robot/segmenter') == ''


def test_namespaces_may_be_nested(tmp_path):
    path = tmp_path / 'nested.yaml'
    path.write_text('robot:\n  arm:\n    segmenter:\n      ros__parameters: {a: 1}\n')
    assert start.unused_file(path, '/robot/arm/segmenter') == ''
    assert "'/robot/arm/segmenter'" in start.unused_file(path, '/segmenter')


def test_a_file_that_is_empty_is_no_cause_to_warn(tmp_path):
    path = tmp_path / 'empty.yaml'
    path.touch()
    assert start.unused_file(path, '/segmenter') == ''


@pytest.mark.parametrize(
    'value', ['2024-99-99', '=', '9' * 5000, '!ours 1', '!!bool x', '!!int ""']
)
def test_values_that_ros_takes_and_pyyaml_refuses_do_no_harm(value, tmp_path):
    path = tmp_path / 'values.yaml'
    path.write_text(f'segmenter: {{ros__parameters: {{note: {value}}}}}')
    assert start.unused_file(path, '/segmenter') == ''


def test_a_key_that_is_given_twice_is_told_with_its_line(tmp_path):
    path = tmp_path / 'twice.yaml'
    path.write_text('segmenter:\n  ros__parameters:\n    threads: 1\n    threads: 2\n')
    told = f"parameter file '{path}': line 4: the key 'threads' is given twice"
    assert start.unused_file(path, '/segmenter') == told


def test_a_pipe_that_ros_has_read_is_not_waited_for(tmp_path):
    path = tmp_path / 'pipe'
    os.mkfifo(path)
    assert start.unused_file(path, '/segmenter') == ''


def test_a_file_for_others_alone_is_told_with_the_nearest_name(tmp_path):
    path = tmp_path / 'name.yaml'
    path.write_text('camera: {ros__parameters: {}}\nsegmentor: {ros__parameters: {roi_size: 9}}')
    warning = start.unused_file(path, '/segmenter')
    assert f"'{path}' has nothing for this node, '/segmenter'" in warning
    assert "if '/segmentor' means this one, write '/segmenter', or /**/segmenter" in warning


def test_a_node_tells_of_files_and_words_that_have_no_effect(tmp_path):
    path = tmp_path / 'name.yaml'
    path.write_text('segmentor: {ros__parameters: {roi_size: 96}}')
    with Process('segmenter', {'autostart': False}, parameter_files=[path]) as process:
        client = Client(process)
        client.wait_for(lambda: f'{str(path)!r} has nothing for this node' in process.stderr)
        client.close()


def test_words_that_ros_does_not_read_are_told(node, capfd):
    start.warn_of_ignored(node, ['segmenter', '--track', '--ros-args', '-p', 'a:=1'])
    assert '--track on the command line has no effect' in capfd.readouterr().err


def test_a_middleware_is_checked_only_where_one_is_asked_for():
    start.check_middleware({})
    start.check_middleware({'RMW_IMPLEMENTATION': 'rmw_fastrtps_cpp'})
    with pytest.raises(SystemExit, match='installed here: rmw_fastrtps_cpp'):
        start.check_middleware({'RMW_IMPLEMENTATION': 'rmw_fastrtps'})
