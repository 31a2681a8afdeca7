"""Where a ROS 2 is sourced: `make` uses it, and what it brings for pytest does no harm."""

import os
import subprocess
import sys

import pytest
from helpers import sourced_ros
from helpers.sourced_ros import PYTHON, ROOT, copy_of_the_checkout

MINUTES = 600
PYTEST = int(pytest.__version__.partition('.')[0])
# Files, nodes as processes, messages: some of each, and quick.
SOME = 'test/test_package.py test/nodes/test_demo.py test/ros/test_process.py'


def pytest_with(plugins, *options):
    paths = [str(plugins), os.environ.get('PYTHONPATH', '')]
    return subprocess.run(
        [sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', *options, 'test/test_frame.py'],
        cwd=ROOT,
        env={
            **os.environ,
            'PYTHONPATH': os.pathsep.join(filter(None, paths)),
            'PYTEST_ADDOPTS': '',
        },
        capture_output=True,
        text=True,
    )


@pytest.fixture
def plugins(tmp_path):
    """Return a folder of packages with the plugins that a ROS brings."""
    sourced_ros.add_old_plugins(tmp_path)
    return tmp_path


def test_the_old_plugins_of_a_sourced_ros_are_switched_off(plugins):
    done = pytest_with(plugins)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(PYTEST < 9, reason='an older pytest gives them what they take')
def test_the_old_plugins_end_a_new_pytest_that_takes_them(plugins):
    done = pytest_with(plugins, '-o', 'addopts=')
    assert done.returncode != 0
    assert 'pytest_pycollect_makemodule' in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(2 * MINUTES)
def test_make_uses_the_ros_that_is_sourced(tmp_path):
    shell = sourced_ros.lay_out(tmp_path / 'ros')
    checkout = copy_of_the_checkout(tmp_path / 'picosam_ros')

    def make(*arguments):
        done = subprocess.run(
            ['make', f'PYTHON={PYTHON}', *arguments],
            cwd=checkout,
            env=shell,
            capture_output=True,
            text=True,
            timeout=MINUTES,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    told = make('setup')
    assert f'Installing what ROS 2 {shell["ROS_DISTRO"]} does not bring into .venv' in told
    told = make('test', f'ARGS=--no-cov {SOME}')
    assert ' passed' in told
