from pathlib import Path

import pytest
from helpers.installed import prefix

from picosam_ros.errors import CalibrationError
from picosam_ros.ros.camera.camera_info_url import is_there, path_of


@pytest.mark.parametrize(
    ('url', 'path'),
    [
        ('/etc/front.yaml', '/etc/front.yaml'),
        ('front.yaml', 'front.yaml'),
        ('~/front.yaml', str(Path.home() / 'front.yaml')),
        ('file:///etc/the%20front.yaml', '/etc/the front.yaml'),
        ('file://localhost/etc/front.yaml', '/etc/front.yaml'),
        ('/etc/${NAME}.yaml', '/etc/front.yaml'),
        ('${ROS_HOME}/camera_info/${NAME}.yaml', '/home/ros/camera_info/front.yaml'),
        ('file://${ROS_HOME}/it.yaml', '/home/ros/it.yaml'),
        ('/with 100%20/it.yaml', '/with 100%20/it.yaml'),
    ],
)
def test_paths_and_file_urls_are_understood(url, path, monkeypatch):
    monkeypatch.setenv('ROS_HOME', '/home/ros')
    assert path_of(url, 'front') == Path(path)


def test_a_package_url_is_in_its_share_folder(monkeypatch):
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(prefix()))
    path = path_of('package://picosam_ros/config/camera.yaml', 'front')
    assert path.is_file()
    missing = pytest.raises(CalibrationError, match="'nobody_has_this', which is not installed")
    with missing:
        path_of('package://nobody_has_this/camera.yaml', 'front')
    monkeypatch.delenv('AMENT_PREFIX_PATH')
    with missing:
        path_of('package://nobody_has_this/camera.yaml', 'front')


@pytest.mark.parametrize(
    'url',
    [
        'http://host/it.yaml',
        'file://host/it.yaml',
        'file://[host/it.yaml',
        '/etc/${CAMERA}.yaml',
        '~nobody_has_this/it.yaml',
    ],
)
def test_other_urls_are_refused_with_those_that_are_allowed(url):
    with pytest.raises(CalibrationError, match='allowed are a path, file:///PATH and package://'):
        path_of(url, 'front')


def test_without_a_ros_home_it_is_that_of_the_user(monkeypatch):
    monkeypatch.delenv('ROS_HOME', raising=False)
    assert path_of('${ROS_HOME}/it.yaml', 'front') == Path.home() / '.ros' / 'it.yaml'
    assert path_of('file://${ROS_HOME}/it.yaml', 'front') == Path.home() / '.ros' / 'it.yaml'


def test_a_name_that_no_file_can_have_is_refused_in_words(tmp_path):
    assert not is_there(tmp_path / 'it.yaml')
    with pytest.raises(CalibrationError, match='File name too long; give a file'):
        is_there(tmp_path / ('x' * 300))
