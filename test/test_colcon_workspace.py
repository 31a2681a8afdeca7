"""The package in a colcon workspace, as on a robot.

It runs all tests once more, which takes as long as `make test`. With PYTEST_ADDOPTS='-k viewer' in
the environment it runs some of them.
"""

import re
import shutil
import subprocess

import pytest
from helpers import sourced_ros
from helpers.sourced_ros import PYTHON, ROOT, copy_of_the_checkout

# colcon gives all tests a limit, and each test has its own.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

TROUBLESHOOTING = (ROOT / 'docs' / 'troubleshooting.md').read_text()


@pytest.fixture(scope='module')
def shell(tmp_path_factory):
    """Return a function that runs a line in a workspace, and what the line printed if it fails.

    ROS is sourced, and a virtual environment has what ROS does not bring.
    """
    folder = tmp_path_factory.mktemp('colcon')
    variables = sourced_ros.lay_out(folder / 'ros')
    # The builds of this shell meet the wheels as they are.
    del variables['CMAKE_TOOLCHAIN_FILE']
    copy_of_the_checkout(folder / 'ws' / 'src' / 'picosam_ros')

    def run(line):
        return subprocess.run(
            ['bash', '-c', line],
            cwd=folder / 'ws',
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    pip = f'{folder}/venv/bin/pip install --quiet --disable-pip-version-check'
    made = run(
        f'{PYTHON} -m venv --system-site-packages {folder}/venv && '
        f'{pip} --no-deps -r src/picosam_ros/requirements/base.lock && '
        f'{pip} colcon-common-extensions'
    )
    assert made.returncode == 0, made.stdout
    variables['VIRTUAL_ENV'] = str(folder / 'venv')
    variables['PATH'] = f'{folder}/venv/bin:{variables["PATH"]}'
    yield run
    shutil.rmtree(folder)


def test_colcon_builds_the_package_and_all_of_its_tests_pass(shell):
    plain = 'colcon build --packages-select picosam_ros'
    [error, command] = re.search(
        rf'\| `(Imported target[^`]*)` .*`({plain} [^`]*)` \|', TROUBLESHOOTING
    ).groups()
    refused = shell(plain)
    assert refused.returncode != 0
    # CMake breaks the line at a blank.
    for part in error.split(' … '):
        assert part in ' '.join(refused.stdout.split()), refused.stdout
    built = shell(command)
    assert built.returncode == 0, built.stdout
    tested = shell(
        'colcon test --packages-select picosam_ros && colcon test-result --verbose; code=$?; '
        'tail -n 30 build/picosam_ros/Testing/Temporary/LastTest.log; exit $code'
    )
    print(tested.stdout)
    assert tested.returncode == 0, tested.stdout
